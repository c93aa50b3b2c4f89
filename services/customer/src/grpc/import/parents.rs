//! Parents named by external ids are looked up when all rows are in: they may have come
//! later than their subsidiaries.

use std::sync::Arc;

use rapport_platform::identity::Context;
use rapport_platform::problem::FieldViolation;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::batch::error_rows;
use crate::domain::external_id::ExternalId;
use crate::error::Error;
use crate::grpc::Shared;
use crate::store::customer::{self, Change, Record};
use crate::store::entity::{import_error, pending_parent};
use crate::store::import::{self, Done};

/// Customers of one step.
const CUSTOMERS_PER_STEP: u64 = 200;

/// Gives customers the parents they wait for, some at a time. Answers what is wrong with
/// those that can't be given, or none when nobody waits any more.
pub(super) async fn settle(
    shared: &Shared,
    ctx: &Context,
    run: Uuid,
) -> Result<Option<Vec<import_error::Model>>, Error> {
    shared.db.write_txn(|txn| async move { settle_some(ctx, &txn, run).await }).await
}

async fn settle_some(
    ctx: &Context,
    txn: &Arc<DatabaseTransaction>,
    run: Uuid,
) -> Result<Option<Vec<import_error::Model>>, Error> {
    let waiting = import::take_waiting(ctx, txn, run, CUSTOMERS_PER_STEP).await?;
    if waiting.is_empty() {
        return Ok(None);
    }
    let ids: Vec<ExternalId> = waiting
        .iter()
        .filter_map(|it| ExternalId::parse(&it.system, &it.external_id).ok())
        .collect();
    let holders = customer::holders(ctx, &**txn, &ids).await?;
    let children: Vec<Uuid> = waiting.iter().map(|row| row.customer_id).collect();
    let mut children = customer::claim_records(ctx, txn, &children).await?;

    let (mut errors, mut done) = (Vec::new(), Vec::new());
    for pending_parent::Model { customer_id, line, system, external_id, .. } in waiting {
        let Some(child) = children.remove(&customer_id) else { continue };
        let parent = ExternalId::parse(&system, &external_id).ok();
        let parent = parent.and_then(|id| holders.get(&id).copied());
        match adopt(ctx, txn, child, parent).await? {
            Ok(adopted) => done.extend(adopted),
            Err(fault) => errors.extend(error_rows(ctx, run, line, vec![fault])),
        }
    }
    import::note(ctx, txn, run, done).await?;
    import::keep_errors(txn, &errors).await?;
    Ok(Some(errors))
}

/// Makes a customer belong to `parent`, checked against what is written so far: each may
/// stand above the next.
async fn adopt(
    ctx: &Context,
    txn: &DatabaseTransaction,
    child: Record,
    parent: Option<Uuid>,
) -> Result<Result<Option<Done>, FieldViolation>, Error> {
    const FIELD: &str = "parent_external_id";
    let Some(parent) = parent else {
        return Ok(Err(FieldViolation::new(FIELD, "is no customer's: import the parent, too")));
    };
    if child.row.parent_id == Some(parent) {
        return Ok(Ok(None));
    }
    let member = customer::member(&child.row)?;
    if let Err(fault) = customer::check_parent(ctx, txn, member, parent, false).await? {
        return Ok(Err(fault.at(FIELD)));
    }
    let mut after = child.clone();
    after.row.parent_id = Some(parent);
    after.row.version += 1;
    after.row.update_time = ctx.now;
    let done = Done {
        customer: child.row.customer_id,
        version: after.row.version,
        before: Some(child.clone()),
        contact_points: Vec::new(),
        interactions: Vec::new(),
    };
    customer::overwrite(ctx, txn, &[Change { before: child, after }]).await?;
    Ok(Ok(Some(done)))
}
