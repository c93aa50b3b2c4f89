//! The territories of a model.

use rapport_platform::db::retry_if_taken;
use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::invalid::Invalid;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::seat;
use crate::domain::territory::{MOST_TERRITORIES, Node, Territory, check_parent};
use crate::error::{Error, superseded};
use crate::resource::{TERRITORY, TERRITORY_MODEL};
use crate::store::entity::territory::{Column, Entity, Model};
use crate::store::rows::insert_all;

/// One territory of a model.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    [model, id]: [Uuid; 2],
) -> Result<Model, Error> {
    let found = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    let found = found.filter(|row| row.model_id == model);
    found.ok_or_else(|| Error::not_found(TERRITORY.format(&[model, id])))
}

/// Territories of a model by code, from behind `after` on.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    model: Uuid,
    after: Option<String>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ModelId.eq(model))
        .filter(Condition::all().add_option(after.map(|it| Column::Code.gt(it))))
        .order_by_asc(Column::Code)
        .limit(limit)
        .all(db)
        .await?)
}

/// All territories of a model, as many as there may be.
pub(crate) async fn all(
    ctx: &Context,
    db: &impl ConnectionTrait,
    model: Uuid,
) -> Result<Vec<Model>, Error> {
    list(ctx, db, model, None, MOST_TERRITORIES).await
}

/// The territory as a part of its tree.
pub(crate) fn node(row: Model) -> Node {
    Node {
        id: row.territory_id,
        parent: row.parent_id,
        code: row.code,
        priority: row.priority,
        rule: row.rule,
    }
}

/// The tree of a model.
pub(crate) async fn nodes(
    ctx: &Context,
    db: &impl ConnectionTrait,
    model: Uuid,
) -> Result<Vec<Node>, Error> {
    let rows = all(ctx, db, model).await?;
    Ok(rows.into_iter().map(node).collect())
}

/// Whether a model that holds or is being planned has a territory of this code.
pub(crate) async fn has_code(
    ctx: &Context,
    db: &impl ConnectionTrait,
    code: &str,
) -> Result<bool, Error> {
    use crate::domain::territory::ModelState;
    use crate::store::entity::territory_model as model;
    use sea_orm::sea_query::Query;
    let current = Query::select()
        .column(model::Column::ModelId)
        .from(model::Entity)
        .and_where(model::Column::TenantId.eq(ctx.tenant))
        .and_where(model::Column::State.ne(ModelState::Archived.code()))
        .to_owned();
    let count = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::Code.eq(code))
        .filter(Column::ModelId.in_subquery(current))
        .count(db)
        .await?;
    Ok(count > 0)
}

/// Adds a territory to a model, whose row the caller writes.
///
/// # Errors
/// `AlreadyExists` for its code, `Invalid` for its parent, `InvalidState` when there are too many.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    model: Uuid,
    territory: &Territory,
) -> Result<Model, Error> {
    let nodes = nodes(ctx, txn, model).await?;
    if let Some(taken) = nodes.iter().find(|it| it.code == territory.code) {
        let taken = TERRITORY.format(&[model, taken.id]);
        return Err(PlatformError::AlreadyExists(taken).into());
    }
    if nodes.len() as u64 >= MOST_TERRITORIES {
        return Err(Error::InvalidState {
            resource: TERRITORY_MODEL.format(&[model]),
            state: "TOO_MANY",
            why: "has 1,000 territories, which is the most.",
        });
    }
    let id = new_id();
    check(&nodes, id, territory.parent)?;
    let row = Model {
        tenant_id: ctx.tenant,
        territory_id: id,
        model_id: model,
        code: territory.code.clone(),
        display_name: territory.display_name.clone(),
        parent_id: territory.parent,
        rule: territory.rule.clone(),
        priority: territory.priority,
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
    };
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await
        .map_err(retry_if_taken)?;
    Ok(row)
}

fn check(nodes: &[Node], id: Uuid, parent: Option<Uuid>) -> Result<(), Error> {
    check_parent(nodes, id, parent)
        .map_err(|fault| Invalid::from(fault).at("territory.parent_territory").into())
}

/// Writes a territory over the row it was read from; its code stays.
///
/// # Errors
/// `Invalid` for its parent.
pub(crate) async fn update(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    territory: &Territory,
) -> Result<Model, Error> {
    if before.parent_id != territory.parent {
        let nodes = nodes(ctx, txn, before.model_id).await?;
        check(&nodes, before.territory_id, territory.parent)?;
    }
    let version = before.version;
    let row = Model {
        display_name: territory.display_name.clone(),
        parent_id: territory.parent,
        rule: territory.rule.clone(),
        priority: territory.priority,
        version: version + 1,
        update_time: ctx.now,
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

/// Removes a territory and who was to work it.
///
/// # Errors
/// `InUse` when others are part of it.
pub(crate) async fn delete(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &Model,
) -> Result<(), Error> {
    let parts = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ModelId.eq(row.model_id))
        .filter(Column::ParentId.eq(row.territory_id));
    let dependents = parts.count(txn).await?;
    if dependents > 0 {
        return Err(Error::InUse {
            resource: TERRITORY.format(&[row.model_id, row.territory_id]),
            dependents,
        });
    }
    seat::delete_all(ctx, txn, row.territory_id).await?;
    Entity::delete_by_id((ctx.tenant, row.territory_id))
        .exec(txn)
        .await?;
    Ok(())
}

/// Gives a model the territories of another one, with those who work them from today on.
pub(crate) async fn copy(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (from, to): (Uuid, Uuid),
) -> Result<(), Error> {
    let rows = all(ctx, txn, from).await?;
    let ids: std::collections::HashMap<Uuid, Uuid> =
        rows.iter().map(|it| (it.territory_id, new_id())).collect();
    let new = |id: &Uuid| ids.get(id).copied();
    let copies = rows.into_iter().filter_map(|row| {
        Some(Model {
            territory_id: new(&row.territory_id)?,
            model_id: to,
            parent_id: row.parent_id.as_ref().and_then(new),
            version: 1,
            create_time: ctx.now,
            update_time: ctx.now,
            ..row
        })
    });
    insert_all::<Entity>(txn, copies.collect()).await?;
    seat::copy(ctx, txn, &ids).await
}
