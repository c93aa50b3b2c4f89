//! Who works territories.

use std::collections::HashMap;

use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::domain::date;
use crate::error::{Error, superseded};
use crate::resource::TERRITORY_SELLER;
use crate::store::entity::territory_seller::{Column, Entity, Model};
use crate::store::rows::insert_all;

/// One of those who work a territory.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    [model, territory, id]: [Uuid; 3],
) -> Result<Model, Error> {
    let found = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    let found = found.filter(|row| row.territory_id == territory);
    found.ok_or_else(|| Error::not_found(TERRITORY_SELLER.format(&[model, territory, id])))
}

/// Those who work a territory, or did or will, from behind `after` on.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    territory: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::TerritoryId.eq(territory))
        .filter(Condition::all().add_option(after.map(|it| Column::SeatId.gt(it))))
        .order_by_asc(Column::SeatId)
        .limit(limit)
        .all(db)
        .await?)
}

/// Those who work territories on a day.
pub(crate) async fn on_day(
    ctx: &Context,
    db: &impl ConnectionTrait,
    territories: &[Uuid],
    day: i32,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::TerritoryId.is_in(territories.iter().copied()))
        .filter(Column::StartDate.lte(day))
        .filter(still(day))
        .order_by_asc(Column::TerritoryId)
        .order_by_asc(Column::SeatId)
        .all(db)
        .await?)
}

/// Whether somebody works a territory on a day or later.
fn still(day: i32) -> Condition {
    Condition::any()
        .add(Column::EndDate.is_null())
        .add(Column::EndDate.gt(day))
}

/// Notes who works a territory. The caller claims the territory's model: no other notes the same
/// beside this.
///
/// # Errors
/// `AlreadyExists` when he does in the same role on some of these days.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    model: Uuid,
    row: Model,
) -> Result<Model, Error> {
    let begins_before = row.end_date.map(|end| Column::StartDate.lt(end));
    let same = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::TerritoryId.eq(row.territory_id))
        .filter(Column::SellerId.eq(row.seller_id))
        .filter(Column::Role.eq(row.role.as_str()))
        .filter(still(row.start_date))
        .filter(Condition::all().add_option(begins_before))
        .one(txn)
        .await?;
    if let Some(same) = same {
        let name = TERRITORY_SELLER.format(&[model, same.territory_id, same.seat_id]);
        return Err(PlatformError::AlreadyExists(name).into());
    }
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// Writes from which day on somebody no longer works a territory.
pub(crate) async fn end(
    txn: &DatabaseTransaction,
    before: Model,
    day: i32,
) -> Result<Model, Error> {
    let version = before.version;
    let row = Model {
        end_date: Some(day),
        version: version + 1,
        ..before
    };
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// Removes those who were to work a territory.
pub(super) async fn delete_all(
    ctx: &Context,
    txn: &DatabaseTransaction,
    territory: Uuid,
) -> Result<(), Error> {
    Entity::delete_many()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::TerritoryId.eq(territory))
        .exec(txn)
        .await?;
    Ok(())
}

/// Those who work territories today or later work their copies, too.
pub(super) async fn copy(
    ctx: &Context,
    txn: &DatabaseTransaction,
    copies: &HashMap<Uuid, Uuid>,
) -> Result<(), Error> {
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::TerritoryId.is_in(copies.keys().copied()))
        .filter(still(date::number(date::of(ctx.now))))
        .order_by_asc(Column::SeatId)
        .all(txn)
        .await?;
    let copied = rows.into_iter().filter_map(|row| {
        Some(Model {
            seat_id: new_id(),
            territory_id: *copies.get(&row.territory_id)?,
            version: 1,
            create_time: ctx.now,
            ..row
        })
    });
    insert_all::<Entity>(txn, copied.collect()).await
}
