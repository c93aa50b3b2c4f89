//! What sellers spent for the company, and what may be spent for.

pub(crate) mod line;
pub(crate) mod rate;

use rapport_platform::identity::Context;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _, Select,
};
use uuid::Uuid;

use super::entity::expense_line;
use super::entity::expense_report::{Column, Entity, Model};
use super::rows::{insert_all, latest_first};
use crate::domain::expense::{ExpenseState, Step};
use crate::error::{Error, superseded, unreadable};
use crate::resource::EXPENSE_REPORT;

/// A report with what was spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its row.
    pub(crate) row: Model,
    /// Its lines, in their order.
    pub(crate) lines: Vec<expense_line::Model>,
}

/// One report.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Record, Error> {
    let row = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    let row = row.ok_or_else(|| Error::not_found(EXPENSE_REPORT.format(&[id])))?;
    let lines = line::of_report(ctx, db, id).await?;
    Ok(Record { row, lines })
}

/// Reports that fit the filter from behind `after` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(page(ctx, filter, after, limit).all(db).await?)
}

/// The statement of [`list`].
pub(crate) fn page(
    ctx: &Context,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Select<Entity> {
    latest_first(
        ctx,
        [Column::TenantId, Column::ReportId],
        filter,
        after,
        limit,
    )
}

/// Records a report.
pub(crate) async fn insert(txn: &DatabaseTransaction, record: &Record) -> Result<(), Error> {
    insert_all::<Entity>(txn, vec![record.row.clone()]).await?;
    insert_all::<expense_line::Entity>(txn, record.lines.clone()).await
}

/// Writes a report over the version that it was read with. Not as an upsert, which would bring back
/// a report that was removed meanwhile.
pub(crate) async fn write(
    ctx: &Context,
    txn: &DatabaseTransaction,
    changed: Model,
) -> Result<Model, Error> {
    let before = changed.version;
    let row = Model {
        version: before + 1,
        update_time: ctx.now,
        ..changed
    };
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(before))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// Removes a report, over the version that it was read with, and its lines.
pub(crate) async fn delete(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
) -> Result<(), Error> {
    let id = row.report_id;
    // Claims the row: nobody takes another step beside this.
    write(ctx, txn, row).await?;
    line::replace(ctx, txn, id, Vec::new()).await?;
    Entity::delete_by_id((ctx.tenant, id)).exec(txn).await?;
    Ok(())
}

/// Checks that the report in a row can take a step.
///
/// # Errors
/// `InvalidState`.
pub(crate) fn allow(row: &Model, step: Step) -> Result<(), Error> {
    let state = ExpenseState::try_from(i32::from(row.state));
    let state = state.map_err(unreadable("reading a stored expense report"))?;
    state.allows(step).map_err(|why| Error::InvalidState {
        resource: EXPENSE_REPORT.format(&[row.report_id]),
        state: state.label(),
        why,
    })
}
