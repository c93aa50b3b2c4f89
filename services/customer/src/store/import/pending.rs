//! Customers of a run that wait for their parents.

use rapport_platform::identity::Context;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::error::Error;
use crate::store::entity::pending_parent::{Column, Entity, Model};

/// Rows of one INSERT: SQLite binds at most 32,766 values.
const ROWS_PER_INSERT: usize = 4_000;

/// Remembers the parents that customers wait for; the last word on a customer counts.
pub(crate) async fn await_parents(
    txn: &DatabaseTransaction,
    waiting: &[Model],
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
    for chunk in waiting.chunks(ROWS_PER_INSERT) {
        Entity::insert_many(chunk.iter().cloned().map(Model::into_active_model))
            .on_conflict(last_word.clone())
            .exec_without_returning(txn)
            .await?;
    }
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
