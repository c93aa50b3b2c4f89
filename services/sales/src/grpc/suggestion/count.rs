//! Counts what customers own after it changed.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::{Actor, Context, TenantId};
use rapport_platform::server::Worker;
use rapport_platform::time::Clock;

use crate::error::Error;
use crate::store::entity::ownership_change::Model;
use crate::store::ownership;

/// How often it looks.
const INTERVAL: Duration = Duration::from_secs(15);
/// Changes that are counted in one transaction.
const BATCH: u64 = 20;
/// Such transactions of one round: it ends before its lease does.
const STEPS: usize = 200;
/// Who it is.
const ACTOR: &str = "systems/sales-counter";

/// The worker that does it, in one process at a time.
pub(crate) fn worker(db: &Database, clock: &Clock) -> Worker {
    let (db, clock) = (db.clone(), clock.clone());
    Worker::new("sales.ownership", move |stop| {
        let (db, clock) = (db.clone(), clock.clone());
        async move {
            let place = Mutex::new(None);
            let round = || async { count_some(&db, &clock, &place, STEPS).await.map(drop) };
            db.in_rounds("ownership_counts", INTERVAL, &stop, round)
                .await;
        }
    })
}

/// Counts changes in so many steps, some of each tenant in turn, from behind the one where the
/// last round ended. Where it can't, the tenant's are left to the next round. Harmless where another
/// process does the same. Answers how many it counted.
pub(crate) async fn count_some(
    db: &Database,
    clock: &Clock,
    place: &Mutex<Option<TenantId>>,
    steps: usize,
) -> Result<u64, Error> {
    let place = || place.lock().unwrap_or_else(PoisonError::into_inner);
    let mut after = *place();
    let mut done = 0;
    // What was done when it last began with the first tenant.
    let mut earlier = after.is_none().then_some(done);
    for _ in 0..steps {
        match ownership::marks(db.read(), after, BATCH).await? {
            Some((tenant, marks)) => {
                after = Some(tenant);
                match Box::pin(count(db, clock, (tenant, &marks))).await {
                    Ok(()) => done += marks.len() as u64,
                    Err(error) => {
                        tracing::warn!(%error, %tenant, "changes of ownership not counted");
                    }
                }
            }
            None if earlier == Some(done) => break,
            None => (after, earlier) = (None, Some(done)),
        }
    }
    *place() = after;
    Ok(done)
}

/// Counts every change that there is.
#[cfg(test)]
pub(crate) async fn count_all(db: &Database, clock: &Clock) -> Result<u64, Error> {
    count_some(db, clock, &Mutex::new(None), usize::MAX).await
}

async fn count(
    db: &Database,
    clock: &Clock,
    (tenant, marks): (TenantId, &[Model]),
) -> Result<(), Error> {
    let actor = Actor::parse(ACTOR)
        .map_err(|error| PlatformError::internal("naming who counts ownership", error))?;
    let ctx = &Context::new(tenant, actor, clock.now());
    db.write_txn(|txn| async move { ownership::count(ctx, &txn, marks).await })
        .await
}
