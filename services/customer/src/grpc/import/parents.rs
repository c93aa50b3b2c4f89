//! Parents are given when all rows are in: they may have come later than their subsidiaries.

use std::collections::HashMap;

use rapport_platform::identity::Context;
use rapport_platform::problem::FieldViolation;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::batch::error_rows;
use crate::domain::external_id::ExternalId;
use crate::domain::import::ImportRun;
use crate::error::Error;
use crate::store::customer::{self, Change, Record};
use crate::store::entity::{import_error, pending_parent};
use crate::store::import::{self, Done};

/// Customers of one step.
const CUSTOMERS_PER_STEP: u64 = 200;

/// Gives customers the parents they wait for, some at a time, and notes in `run` who gets none.
/// Answers what is wrong with those, or none when nobody waits any more.
pub(super) async fn settle(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
    run: &mut ImportRun,
) -> Result<Option<Vec<import_error::Model>>, Error> {
    let waiting = import::take_waiting(ctx, txn, id, CUSTOMERS_PER_STEP).await?;
    if waiting.is_empty() {
        return Ok(None);
    }
    let known = known_parents(ctx, txn, &waiting).await?;
    let children: Vec<Uuid> = waiting.iter().map(|row| row.customer_id).collect();
    let mut children = customer::claim_records(ctx, txn, &children).await?;

    let (mut errors, mut done) = (Vec::new(), Vec::new());
    for row in waiting {
        // Who is deleted or merged meanwhile needs no parent any more.
        let child = children.remove(&row.customer_id);
        let Some(child) =
            child.filter(|it| it.row.delete_time.is_none() && it.row.merged_into.is_none())
        else {
            continue;
        };
        match adopt(ctx, txn, child, parent_of(&row, &known)).await? {
            Ok(adopted) => done.extend(adopted),
            Err(fault) => {
                run.note_without_parent(1);
                errors.extend(error_rows(ctx, id, row.line, vec![fault]));
            }
        }
    }
    import::note(ctx, txn, id, done).await?;
    import::keep_errors(txn, &errors).await?;
    Ok(Some(errors))
}

/// The customers that parents are known as.
async fn known_parents(
    ctx: &Context,
    txn: &DatabaseTransaction,
    waiting: &[pending_parent::Model],
) -> Result<HashMap<ExternalId, Uuid>, Error> {
    let ids: Vec<ExternalId> = waiting.iter().filter_map(known_as).collect();
    customer::holders(ctx, txn, &ids).await
}

fn known_as(row: &pending_parent::Model) -> Option<ExternalId> {
    let (system, id) = row.system.as_deref().zip(row.external_id.as_deref())?;
    ExternalId::parse(system, id).ok()
}

/// The parent that a customer waits for, if there is one, and the field that names it.
fn parent_of(
    row: &pending_parent::Model,
    known: &HashMap<ExternalId, Uuid>,
) -> (Option<Uuid>, &'static str) {
    match row.parent_id {
        Some(id) => (Some(id), "customer.parent"),
        None => (
            known_as(row).and_then(|id| known.get(&id).copied()),
            "parent_external_id",
        ),
    }
}

/// Makes a customer belong to `parent`. Checked and written one after the other: what is
/// written may stand above what comes next.
async fn adopt(
    ctx: &Context,
    txn: &DatabaseTransaction,
    child: Record,
    (parent, field): (Option<Uuid>, &str),
) -> Result<Result<Option<Done>, FieldViolation>, Error> {
    let Some(parent) = parent else {
        return Ok(Err(FieldViolation::new(
            field,
            "is no customer's: import the parent, too",
        )));
    };
    if child.row.parent_id == Some(parent) {
        return Ok(Ok(None));
    }
    let member = customer::member(&child.row)?;
    let parent = match customer::check_parent(ctx, txn, member, parent, false).await? {
        Ok(parent) => parent,
        Err(fault) => return Ok(Err(fault.at(field))),
    };
    if child.row.parent_id == Some(parent) {
        return Ok(Ok(None));
    }
    let mut after = child.clone();
    after.row.parent_id = Some(parent);
    after.row.version += 1;
    after.row.update_time = ctx.now;
    let done = Done::changed(child.clone(), after.row.version);
    customer::overwrite(
        ctx,
        txn,
        &[Change {
            before: child,
            after,
        }],
    )
    .await?;
    Ok(Ok(Some(done)))
}
