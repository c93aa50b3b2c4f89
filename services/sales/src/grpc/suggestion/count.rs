//! Counts what customers own after it changed.

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
/// Who it is.
const ACTOR: &str = "systems/sales-counter";

/// The worker that does it, in one process at a time.
pub(crate) fn worker(db: &Database, clock: &Clock) -> Worker {
    let (db, clock) = (db.clone(), clock.clone());
    Worker::new("sales.ownership", move |stop| {
        let (db, clock) = (db.clone(), clock.clone());
        async move {
            let round = || async { count_all(&db, &clock).await.map(drop) };
            db.in_rounds("ownership_counts", INTERVAL, &stop, round)
                .await;
        }
    })
}

/// Counts every change that there is, some of each tenant in turn. Where it can't, the tenant's are
/// left to the next round. Harmless where another process does the same.
pub(crate) async fn count_all(db: &Database, clock: &Clock) -> Result<u64, Error> {
    let (mut after, mut done, mut earlier) = (None, 0, 0);
    loop {
        match ownership::marks(db.read(), after, BATCH).await? {
            Some((tenant, marks)) => {
                after = Some(tenant);
                match Box::pin(count(db, clock, (tenant, &marks))).await {
                    Ok(()) => done += marks.len() as u64,
                    Err(error) => tracing::warn!(%error, "changes of ownership not counted"),
                }
            }
            None if done > earlier => (after, earlier) = (None, done),
            None => return Ok(done),
        }
    }
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
