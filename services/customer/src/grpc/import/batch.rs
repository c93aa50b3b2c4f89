//! Applies a batch: one transaction for its rows, what they did, and how far the run is.

use std::collections::HashMap;
use std::sync::Arc;

use rapport_platform::identity::Context;
use rapport_platform::problem::FieldViolation;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::plan::{Known, Plan, Target};
use super::row::external_ids;
use crate::domain::attributes::AttributeSchema;
use crate::domain::external_id::ExternalId;
use crate::domain::import::{BatchRefused, Mode, RowOutcome};
use crate::error::{Error, faults_of};
use crate::grpc::Shared;
use crate::resource::IMPORT_RUN;
use crate::store::customer::Change;
use crate::store::entity::{import_error, import_run, pending_parent};
use crate::store::import::{self, Done};
use crate::store::{attribute_definition, contact_point, customer, interaction, preference};

/// The run after a batch, and the batch's rows that failed.
pub(super) struct Applied {
    pub(super) run: import_run::Model,
    pub(super) errors: Vec<import_error::Model>,
}

/// Applies the rows that are not in yet.
pub(super) async fn apply(
    shared: &Shared,
    ctx: &Context,
    id: Uuid,
    rows: &[proto::ImportRow],
) -> Result<Applied, Error> {
    shared.db.write_txn(|txn| async move { apply_in(shared, ctx, &txn, id, rows).await }).await
}

async fn apply_in(
    shared: &Shared,
    ctx: &Context,
    txn: &Arc<DatabaseTransaction>,
    id: Uuid,
    rows: &[proto::ImportRow],
) -> Result<Applied, Error> {
    let stored = import::get(ctx, &**txn, id).await?;
    let mut run = import::from_row(&stored)?;
    let lines: Vec<i64> = rows.iter().map(|row| row.line).collect();
    let already_in = run.already_in(&lines).map_err(|refused| refusal(id, refused))?;
    let rows = rows.get(already_in..).unwrap_or_default();

    let known = known(shared, ctx, txn, rows).await?;
    let mut plan = Plan::new(ctx, &known)?;
    let mut errors = Vec::new();
    let mut outcomes = Vec::with_capacity(rows.len());
    for row in rows {
        match plan.add(row)? {
            Ok(planned) => outcomes.push((row.line, planned.outcome, Some(planned.target))),
            Err(faults) => {
                errors.extend(error_rows(ctx, id, row.line, faults));
                outcomes.push((row.line, RowOutcome::Failed, None));
            }
        }
    }
    let appended = match run.mode() {
        Mode::Write => write(ctx, txn, id, plan.targets).await?,
        Mode::DryRun => plan.targets.iter().map(|target| target.interactions.len()).collect(),
    };
    // A customer's new interactions are counted with the first of its rows.
    let mut appended: HashMap<usize, usize> = appended.into_iter().enumerate().collect();
    for (line, outcome, target) in outcomes {
        let interactions = target.and_then(|target| appended.remove(&target)).unwrap_or_default();
        run.note(line, outcome, interactions as u64);
    }
    import::keep_errors(txn, &errors).await?;
    Ok(Applied { run: import::save(ctx, txn, stored, &run).await?, errors })
}

/// Looks up, in a few queries, everything that the rows are about.
async fn known(
    shared: &Shared,
    ctx: &Context,
    txn: &DatabaseTransaction,
    rows: &[proto::ImportRow],
) -> Result<Known, Error> {
    let customers = || rows.iter().filter_map(|row| row.customer.as_ref());
    let ids: Vec<ExternalId> =
        customers().filter_map(|it| external_ids(it).ok()).flatten().collect();
    let holders = customer::holders(ctx, txn, &ids).await?;
    let mut known: Vec<Uuid> = holders.values().copied().collect();
    known.sort_unstable();
    known.dedup();
    let records = customer::claim_records(ctx, txn, &known).await?;
    let schema = match customers().any(|customer| !customer.attributes.is_empty()) {
        true => attribute_definition::schema(ctx, txn).await?,
        false => AttributeSchema::default(),
    };
    Ok(Known { holders, records, schema, default_region: shared.default_region })
}

/// Writes the plan; how many interactions were new, by target.
async fn write(
    ctx: &Context,
    txn: &DatabaseTransaction,
    run: Uuid,
    targets: Vec<Target>,
) -> Result<Vec<usize>, Error> {
    let ids = write_customers(ctx, txn, &targets).await?;
    let mut done: Vec<Done> = targets
        .iter()
        .zip(&ids)
        .map(|(target, &customer)| Done {
            customer,
            before: target.before.clone(),
            version: version_after(target),
            contact_points: Vec::new(),
            interactions: Vec::new(),
        })
        .collect();
    let position: HashMap<Uuid, usize> = ids.iter().enumerate().map(|(at, &id)| (id, at)).collect();
    let at = |customer: &Uuid| position.get(customer).copied();

    let points: Vec<_> = targets
        .iter()
        .zip(&ids)
        .flat_map(|(target, &id)| target.contact_points.iter().map(move |it| (id, it.clone())))
        .collect();
    for added in contact_point::add(ctx, txn, &points).await? {
        if let Some(done) = at(&added.customer_id).and_then(|at| done.get_mut(at)) {
            done.contact_points.push(added.contact_point_id);
        }
    }
    let contacts: Vec<_> = targets
        .iter()
        .zip(&ids)
        .flat_map(|(target, &id)| {
            target.interactions.iter().map(move |it| interaction::new_row(ctx, id, it))
        })
        .collect();
    let new = interaction::append(ctx, txn, &contacts).await?;
    for row in contacts.iter().filter(|row| new.contains(&row.interaction_id)) {
        if let Some(done) = at(&row.customer_id).and_then(|at| done.get_mut(at)) {
            done.interactions.push(row.interaction_id);
        }
    }
    write_preferences(ctx, txn, &targets, &ids).await?;
    import::await_parents(txn, &waiting(ctx, run, &targets, &ids)).await?;
    let appended = done.iter().map(|done| done.interactions.len()).collect();
    done.retain(|done| done.before.as_ref().is_none_or(|before| touched(before, done)));
    import::note(ctx, txn, run, done).await?;
    Ok(appended)
}

/// Creates and changes customers; their ids, by target.
async fn write_customers(
    ctx: &Context,
    txn: &DatabaseTransaction,
    targets: &[Target],
) -> Result<Vec<Uuid>, Error> {
    let mut contents = Vec::new();
    let mut changes = Vec::new();
    for target in targets {
        match (&target.before, &target.content) {
            (None, Some(content)) => contents.push(content.clone()),
            (Some(before), Some(content)) => changes.push(Change::to(ctx, before.clone(), content)?),
            (_, None) => {}
        }
    }
    customer::overwrite(ctx, txn, &changes).await?;
    let mut created = customer::insert(ctx, txn, &contents).await?.into_iter();
    let id_of = |target: &Target| match &target.before {
        Some(before) => Some(before.row.customer_id),
        None => created.next().map(|record| record.row.customer_id),
    };
    let ids: Option<Vec<Uuid>> = targets.iter().map(id_of).collect();
    ids.ok_or_else(|| Error::missing("batch.rows"))
}

/// Applies what customers chose. Rare, and each customer's preferences are locked by
/// themselves.
async fn write_preferences(
    ctx: &Context,
    txn: &DatabaseTransaction,
    targets: &[Target],
    ids: &[Uuid],
) -> Result<(), Error> {
    for (target, &id) in targets.iter().zip(ids).filter(|(it, _)| !it.preferences.is_empty()) {
        let locked = preference::lock(ctx, txn, id).await?;
        let before = preference::all(ctx, txn, id).await?;
        let mut after = before.clone();
        // What several rows say of one channel: the last word counts.
        for change in &target.preferences {
            after
                .apply(std::slice::from_ref(change), ctx.actor.as_str(), ctx.now)
                .map_err(faults_of("preferences"))?;
        }
        if after != before {
            preference::replace(ctx, txn, locked, &after).await?;
        }
    }
    Ok(())
}

fn version_after(target: &Target) -> i64 {
    match &target.before {
        Some(before) => before.row.version + i64::from(target.content.is_some()),
        None => 1,
    }
}

/// Whether there is anything to take back.
fn touched(before: &customer::Record, done: &Done) -> bool {
    before.row.version != done.version
        || !done.contact_points.is_empty()
        || !done.interactions.is_empty()
}

fn waiting(
    ctx: &Context,
    run: Uuid,
    targets: &[Target],
    ids: &[Uuid],
) -> Vec<pending_parent::Model> {
    let parents = targets.iter().zip(ids).filter_map(|(target, id)| {
        let (line, parent) = target.parent.as_ref()?;
        Some(pending_parent::Model {
            tenant_id: ctx.tenant,
            import_run_id: run,
            customer_id: *id,
            line: *line,
            system: parent.system().to_owned(),
            external_id: parent.id().to_owned(),
        })
    });
    parents.collect()
}

/// The faults of a row as they are kept.
pub(super) fn error_rows(
    ctx: &Context,
    run: Uuid,
    line: i64,
    faults: Vec<FieldViolation>,
) -> Vec<import_error::Model> {
    let rows = faults.into_iter().zip(0..).map(|(fault, ordinal)| import_error::Model {
        tenant_id: ctx.tenant,
        import_run_id: run,
        line,
        ordinal,
        field: fault.field,
        description: fault.description,
    });
    rows.collect()
}

fn refusal(id: Uuid, refused: BatchRefused) -> Error {
    match refused {
        BatchRefused::Run(refused) => super::refused(&IMPORT_RUN.format(&[id]), refused),
        BatchRefused::Lines(faults) => faults.at("batch").into(),
    }
}
