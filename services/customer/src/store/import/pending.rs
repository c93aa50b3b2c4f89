//! Customers of a run that wait for their parents.

use rapport_platform::db::bulk;
use rapport_platform::identity::Context;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::error::Error;
use crate::store::entity::pending_parent::{Column, Entity, Model};

/// Remembers the parents that customers wait for; the last word on a customer counts.
pub(crate) async fn await_parents(
    txn: &DatabaseTransaction,
    waiting: Vec<Model>,
) -> Result<(), Error> {
    let last_word =
        OnConflict::columns([Column::TenantId, Column::ImportRunId, Column::CustomerId])
            .update_columns([
                Column::Line,
                Column::ParentId,
                Column::System,
                Column::ExternalId,
            ])
            .to_owned();
    bulk::insert::<Entity>(txn, waiting, Some(last_word)).await?;
    Ok(())
}

/// Takes some of the customers that wait for their parent off the list.
pub(crate) async fn take_waiting(
    ctx: &Context,
    txn: &DatabaseTransaction,
    run: Uuid,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let taken = Entity::find()
        .filter(of_run(ctx, run))
        .order_by_asc(Column::CustomerId)
        .limit(limit)
        .all(txn)
        .await?;
    let ids = taken.iter().map(|row| row.customer_id);
    let ids = Column::CustomerId.is_in(ids);
    Entity::delete_many()
        .filter(of_run(ctx, run))
        .filter(ids)
        .exec(txn)
        .await?;
    Ok(taken)
}

/// Nobody waits any more: the run is taken back.
pub(super) async fn forget_waiting(
    ctx: &Context,
    txn: &DatabaseTransaction,
    run: Uuid,
) -> Result<(), Error> {
    Entity::delete_many()
        .filter(of_run(ctx, run))
        .exec(txn)
        .await?;
    Ok(())
}

fn of_run(ctx: &Context, run: Uuid) -> Condition {
    Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::ImportRunId.eq(run))
}
