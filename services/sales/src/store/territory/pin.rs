//! Customers whose territory somebody decided.

use std::collections::HashMap;

use rapport_platform::identity::Context;
use sea_orm::sea_query::{Expr, ExprTrait as _, Query, SelectStatement};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use uuid::Uuid;

use crate::error::Error;
use crate::store::entity::territory;
use crate::store::entity::territory_pin::{Column, Entity, Model};
use crate::store::rows::replace_all;

/// Pins a customer, in place of an earlier pin.
pub(crate) async fn put(txn: &DatabaseTransaction, row: Model) -> Result<(), Error> {
    replace_all::<Entity>(txn, vec![row], None).await
}

/// Leaves a customer to the rules. Says whether he was pinned.
pub(crate) async fn remove(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer: Uuid,
) -> Result<bool, Error> {
    let done = Entity::delete_many()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.eq(customer))
        .filter(Column::DormantBy.is_null())
        .exec(txn)
        .await?;
    Ok(done.rows_affected > 0)
}

/// Codes of the territories to which customers are pinned.
pub(super) async fn codes(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, String>, Error> {
    let pins: Vec<(Uuid, String)> = awake(ctx)
        .select_only()
        .column(Column::CustomerId)
        .column(Column::Code)
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(pins.into_iter().collect())
}

fn awake(ctx: &Context) -> Select<Entity> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::DormantBy.is_null())
}

/// Codes that a model has.
fn codes_of(ctx: &Context, model: Uuid) -> SelectStatement {
    Query::select()
        .column(territory::Column::Code)
        .from(territory::Entity)
        .and_where(territory::Column::TenantId.eq(ctx.tenant))
        .and_where(territory::Column::ModelId.eq(model))
        .to_owned()
}

/// Pins that lead to a territory that the model does not have.
fn lost(ctx: &Context, model: Uuid) -> Condition {
    let missing = Expr::col(Column::Code).in_subquery(codes_of(ctx, model));
    Condition::all().add(missing.not())
}

/// How many pins the model has no territory for.
pub(crate) async fn count_lost(
    ctx: &Context,
    db: &impl ConnectionTrait,
    model: Uuid,
) -> Result<i64, Error> {
    let count = awake(ctx).filter(lost(ctx, model)).count(db).await?;
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Pins that fit the filter from behind `after` on, by customer; only those that are lost in a
/// model, if one is given.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    (filter, lost_in): (Condition, Option<Uuid>),
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(awake(ctx)
        .filter(filter)
        .filter(Condition::all().add_option(lost_in.map(|model| lost(ctx, model))))
        .filter(Condition::all().add_option(after.map(|it| Column::CustomerId.gt(it))))
        .order_by_asc(Column::CustomerId)
        .limit(limit)
        .all(db)
        .await?)
}

/// The pin of a customer who was merged into another sleeps from now on; the other has a copy of
/// it, unless he is pinned himself.
pub(crate) async fn follow(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: Uuid,
    (merged, survivor): (Uuid, Uuid),
) -> Result<(), Error> {
    let pins = awake(ctx)
        .filter(Column::CustomerId.is_in([merged, survivor]))
        .all(txn)
        .await?;
    let Some(pin) = pins.iter().find(|it| it.customer_id == merged).cloned() else {
        return Ok(());
    };
    let asleep = Model {
        dormant_by: Some(merge),
        ..pin.clone()
    };
    let copy = Model {
        customer_id: survivor,
        copied_by: Some(merge),
        ..pin
    };
    let wanted = pins.len() == 1;
    let rows = std::iter::once(asleep).chain(wanted.then_some(copy));
    replace_all::<Entity>(txn, rows.collect(), None).await
}

/// The pin that a merge put to sleep wakes, and its copy goes.
pub(crate) async fn give_back(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: Uuid,
) -> Result<(), Error> {
    Entity::delete_many()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CopiedBy.eq(merge))
        .exec(txn)
        .await?;
    Entity::update_many()
        .col_expr(Column::DormantBy, Expr::value(None::<Uuid>))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::DormantBy.eq(merge))
        .exec(txn)
        .await?;
    Ok(())
}

/// Forgets the pins of customers.
pub(crate) async fn forget(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
) -> Result<(), Error> {
    Entity::delete_many()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .exec(txn)
        .await?;
    Ok(())
}
