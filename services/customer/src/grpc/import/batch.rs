//! Applies a batch: one transaction for its rows, what they did, and how far the run is.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use rapport_platform::identity::Context;
use rapport_platform::problem::FieldViolation;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::known::Known;
use super::plan::{Plan, Refused, Target};
use super::write::write;
use crate::domain::external_id::ExternalId;
use crate::domain::import::{BatchRefused, Mode, RowOutcome};
use crate::error::Error;
use crate::grpc::Shared;
use crate::resource::IMPORT_RUN;
use crate::store::entity::{import_error, import_run};
use crate::store::import::{self, statistics};
use crate::store::interaction;

/// Most faults that are kept of one row: enough to mend it, and a bound for an answer.
const FAULTS_PER_ROW: usize = 10;
/// Longest name of a field that is kept, in characters.
const FIELD_LENGTH: usize = 200;

/// The run after a batch, and the batch's rows that failed.
pub(super) struct Applied {
    pub(super) run: import_run::Model,
    pub(super) errors: Vec<import_error::Model>,
}

/// A row that was not in yet: its line, what became of it, and its place in the plan.
type Outcome = (i64, RowOutcome, Option<usize>);

/// Applies the rows that are not in yet.
pub(super) async fn apply(
    shared: &Shared,
    ctx: &Context,
    id: Uuid,
    rows: &[proto::ImportRow],
) -> Result<Applied, Error> {
    let applied = shared
        .db
        .write_txn(|txn| async move { apply_in(shared, ctx, &txn, id, rows).await })
        .await?;
    let done = applied.run.created_count + applied.run.updated_count;
    statistics::refresh(&shared.db, done, rows.len()).await?;
    Ok(applied)
}

async fn apply_in(
    shared: &Shared,
    ctx: &Context,
    txn: &Arc<DatabaseTransaction>,
    id: Uuid,
    rows: &[proto::ImportRow],
) -> Result<Applied, Error> {
    let stored = import::claim(ctx, txn, id).await?;
    let mut run = import::from_row(&stored)?;
    let lines: Vec<i64> = rows.iter().map(|row| row.line).collect();
    let already_in = run
        .already_in(&lines)
        .map_err(|refused| refusal(id, refused))?;
    let rows = rows.get(already_in..).unwrap_or_default();

    let known = Known::look_up(shared, ctx, txn, run.mode(), rows).await?;
    let mut plan = Plan::new(ctx, &known)?;
    let (outcomes, errors) = plan_rows(ctx, id, &mut plan, rows)?;
    let appended = match run.mode() {
        Mode::Write => write(ctx, txn, &shared.address_key, id, &plan.targets).await?,
        Mode::DryRun => would_append(ctx, txn, &plan.targets).await?,
    };
    // A customer's new interactions are counted with the first of its rows.
    let mut appended: HashMap<usize, usize> = appended.into_iter().enumerate().collect();
    for (line, outcome, target) in outcomes {
        let interactions = target
            .and_then(|target| appended.remove(&target))
            .unwrap_or_default();
        run.note(line, outcome, interactions as u64);
    }
    import::keep_errors(txn, &errors).await?;
    Ok(Applied {
        run: import::save(ctx, txn, stored, &run).await?,
        errors,
    })
}

fn plan_rows(
    ctx: &Context,
    id: Uuid,
    plan: &mut Plan<'_>,
    rows: &[proto::ImportRow],
) -> Result<(Vec<Outcome>, Vec<import_error::Model>), Error> {
    let mut errors = Vec::new();
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        match plan.add(row) {
            Ok(planned) => outcomes.push((row.line, planned.outcome, Some(planned.target))),
            Err(Refused::Row(faults)) => {
                errors.extend(error_rows(ctx, id, row.line, faults));
                outcomes.push((row.line, RowOutcome::Failed, None));
            }
            Err(Refused::Batch(error)) => return Err(error),
        }
    }
    Ok((outcomes, errors))
}

/// How many interactions would be new, by target.
async fn would_append(
    ctx: &Context,
    txn: &DatabaseTransaction,
    targets: &[Target],
) -> Result<Vec<usize>, Error> {
    let ids = targets.iter().flat_map(ids_of);
    let mut known: HashSet<_> = interaction::known_among(ctx, txn, ids).await?;
    let mut is_new = |id: &ExternalId| known.insert((id.system().to_owned(), id.id().to_owned()));
    let new = targets
        .iter()
        .map(|target| ids_of(target).filter(|id| is_new(id)).count());
    Ok(new.collect())
}

fn ids_of(target: &Target) -> impl Iterator<Item = &ExternalId> {
    target
        .interactions
        .iter()
        .filter_map(|(_, interaction)| interaction.external_id())
}

/// The faults of a row as they are kept.
pub(super) fn error_rows(
    ctx: &Context,
    run: Uuid,
    line: i64,
    faults: Vec<FieldViolation>,
) -> Vec<import_error::Model> {
    let rows = faults.into_iter().take(FAULTS_PER_ROW).zip(0..);
    let rows = rows.map(|(fault, ordinal)| import_error::Model {
        tenant_id: ctx.tenant,
        import_run_id: run,
        line,
        ordinal,
        field: printable(&fault.field),
        description: fault.description,
    });
    rows.collect()
}

/// A field as it can be stored: keys of maps in it are the caller's, who may send anything.
fn printable(field: &str) -> String {
    let printable = |it: char| {
        if it.is_control() {
            char::REPLACEMENT_CHARACTER
        } else {
            it
        }
    };
    field.chars().take(FIELD_LENGTH).map(printable).collect()
}

fn refusal(id: Uuid, refused: BatchRefused) -> Error {
    match refused {
        BatchRefused::Run(refused) => super::refused(&IMPORT_RUN.format(&[id]), refused),
        BatchRefused::Lines(faults) => faults.at("batch").into(),
    }
}
