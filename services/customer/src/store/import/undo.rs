//! Takes a run back, some customers at a time.

use rapport_platform::identity::Context;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::pending::forget_waiting;
use super::restore::{Restored, restore};
use super::{attached, journal};
use crate::domain::import::{ImportRun, Undo};
use crate::error::Error;
use crate::store::customer::{self, Record};

/// Customers of one step: one transaction, short enough not to hold others up.
const CUSTOMERS_PER_STEP: u64 = 500;

/// Takes back what the run did to some customers and notes it in `run`; when nothing is left,
/// the run is undone.
pub(crate) async fn undo_step(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
    run: &mut ImportRun,
) -> Result<(), Error> {
    let entries = journal::next(ctx, txn, id, CUSTOMERS_PER_STEP).await?;
    if entries.is_empty() {
        forget_waiting(ctx, txn, id).await?;
        run.finish_undo();
        return Ok(());
    }
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.customer).collect();
    let mut records = customer::claim_records(ctx, txn, &ids).await?;
    let in_use = attached::by_others(ctx, txn, &entries).await?;

    let (mut gone, mut restored) = (Vec::new(), Vec::new());
    for entry in entries {
        let now = records.remove(&entry.customer);
        let version = now.as_ref().map(|record| record.row.version);
        let undo = match entry.change.clone().undo(version) {
            _ if in_use.contains(&entry.customer) => Undo::Keep,
            undo => undo,
        };
        run.note_undo(&undo);
        match (undo, now) {
            (Undo::Delete, Some(_)) => gone.push(entry.customer),
            (Undo::Restore(before), Some(now)) => restored.push(Restored { now, before, entry }),
            _ => {}
        }
    }
    customer::remove(ctx, txn, &gone).await?;
    for _ in 0..restore(ctx, txn, restored).await? {
        run.note_undo(&Undo::<Record>::Keep);
    }
    journal::forget(ctx, txn, id, &ids).await
}
