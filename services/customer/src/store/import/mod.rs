//! Import runs: how far each is, what it did, what it refused.

mod attached;
mod entry;
mod journal;
mod pending;
mod restore;
pub(crate) mod statistics;
mod trace;
mod undo;

use rapport_platform::db::bulk;
use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

pub(crate) use entry::{Chosen, Done};
pub(crate) use journal::note;
pub(crate) use pending::{await_parents, take_waiting};
pub(crate) use trace::{Trace, traces};
pub(crate) use undo::undo_step;

use super::entity::import_error;
use super::entity::import_run::{Column, Entity, Model};
use crate::domain::import::{ImportCounts, ImportRun, ImportState, Mode};
use crate::error::{Error, superseded, unreadable};
use crate::resource::IMPORT_RUN;

/// Opens a run.
pub(crate) async fn open(
    ctx: &Context,
    txn: &DatabaseTransaction,
    run: &ImportRun,
) -> Result<Model, Error> {
    let row = write(
        run,
        Model {
            tenant_id: ctx.tenant,
            import_run_id: new_id(),
            source: run.source().to_owned(),
            dry_run: run.mode() == Mode::DryRun,
            state: 0,
            last_line: 0,
            created_count: 0,
            updated_count: 0,
            unchanged_count: 0,
            failed_count: 0,
            interaction_count: 0,
            kept_count: 0,
            actor: ctx.actor.as_str().to_owned(),
            version: 1,
            create_time: ctx.now,
            update_time: ctx.now,
            complete_time: None,
        },
    );
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// One run.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    Entity::find_by_id((ctx.tenant, id))
        .one(db)
        .await?
        .ok_or_else(|| Error::not_found(IMPORT_RUN.format(&[id])))
}

/// As [`get`], and no other transaction works on the run beside this one: it waits here, before
/// it does anything, and on PostgreSQL it is run again then.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn claim(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
) -> Result<Model, Error> {
    let claimed = Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ImportRunId.eq(id))
        .exec_with_returning(txn)
        .await?;
    let claimed = claimed.into_iter().next();
    claimed.ok_or_else(|| Error::not_found(IMPORT_RUN.format(&[id])))
}

/// Runs from before `before` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Condition::all().add_option(before.map(|id| Column::ImportRunId.lt(id))))
        .order_by_desc(Column::ImportRunId)
        .limit(limit)
        .all(db)
        .await?)
}

/// Writes how far a run is that the transaction has claimed.
pub(crate) async fn save(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    run: &ImportRun,
) -> Result<Model, Error> {
    let version = before.version;
    let complete_time = match run.state() {
        ImportState::Completed => before.complete_time.or(Some(ctx.now)),
        _ => before.complete_time,
    };
    let goes_on = Model {
        version: version + 1,
        update_time: ctx.now,
        complete_time,
        ..before
    };
    let row = write(run, goes_on);
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

fn write(run: &ImportRun, row: Model) -> Model {
    let ImportCounts {
        created,
        updated,
        unchanged,
        failed,
        interactions,
        kept,
    } = run.counts();
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    Model {
        state: run.state().code(),
        last_line: run.checkpoint(),
        created_count: count(created),
        updated_count: count(updated),
        unchanged_count: count(unchanged),
        failed_count: count(failed),
        interaction_count: count(interactions),
        kept_count: count(kept),
        ..row
    }
}

/// The run in a row.
pub(crate) fn from_row(row: &Model) -> Result<ImportRun, Error> {
    let state = ImportState::try_from(i32::from(row.state))
        .map_err(unreadable("reading a stored import run"))?;
    let counts = ImportCounts {
        created: row.created_count.unsigned_abs(),
        updated: row.updated_count.unsigned_abs(),
        unchanged: row.unchanged_count.unsigned_abs(),
        failed: row.failed_count.unsigned_abs(),
        interactions: row.interaction_count.unsigned_abs(),
        kept: row.kept_count.unsigned_abs(),
    };
    let mode = if row.dry_run {
        Mode::DryRun
    } else {
        Mode::Write
    };
    Ok(ImportRun::stored(
        row.source.clone(),
        mode,
        state,
        row.last_line,
        counts,
    ))
}

/// Keeps what is wrong with rows.
pub(crate) async fn keep_errors(
    txn: &DatabaseTransaction,
    errors: &[import_error::Model],
) -> Result<(), Error> {
    bulk::insert::<import_error::Entity>(txn, errors.to_vec(), bulk::keep()).await?;
    Ok(())
}

/// The faults of a run's rows from behind `after` on, by line.
pub(crate) async fn errors(
    ctx: &Context,
    db: &impl ConnectionTrait,
    run: Uuid,
    after: Option<(i64, i16)>,
    limit: u64,
) -> Result<Vec<import_error::Model>, Error> {
    use import_error::{Column, Entity};
    let behind = |(line, ordinal)| {
        let same_line = Condition::all()
            .add(Column::Line.eq(line))
            .add(Column::Ordinal.gt(ordinal));
        Condition::any().add(Column::Line.gt(line)).add(same_line)
    };
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ImportRunId.eq(run))
        .filter(Condition::all().add_option(after.map(behind)))
        .order_by_asc(Column::Line)
        .order_by_asc(Column::Ordinal)
        .limit(limit)
        .all(db)
        .await?)
}

/// Failures of reading what this module wrote.
fn unreadable_journal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    PlatformError::internal("reading an import journal", cause).into()
}
