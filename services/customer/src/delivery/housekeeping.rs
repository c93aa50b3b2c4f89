//! Forgets the attempts of long ago.

use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::error::PlatformError;
use rapport_platform::server::Worker;
use rapport_platform::time::Clock;

use super::config::DeliveryConfig;
use crate::store::delivery::attempt;

/// Attempts removed in one transaction, which others have to wait for.
const ROWS_PER_DELETE: u64 = 1_000;
const INTERVAL: Duration = Duration::from_secs(10 * 60);

/// The worker that does it, in one process at a time.
pub(super) fn worker(db: &Database, clock: &Clock, config: &DeliveryConfig) -> Worker {
    let (db, clock, keep) = (db.clone(), clock.clone(), config.keep_attempts);
    Worker::new("customer.delivery.housekeeping", move |stop| {
        let (db, clock) = (db.clone(), clock.clone());
        async move {
            let round = || clear(&db, &clock, keep);
            db.in_rounds("delivery_housekeeping", INTERVAL, &stop, round)
                .await;
        }
    })
}

/// Removes what ended longer than `keep` ago.
pub(crate) async fn clear(
    db: &Database,
    clock: &Clock,
    keep: Duration,
) -> Result<(), PlatformError> {
    let before = clock.now().saturating_sub(keep);
    let step = || {
        db.write_txn(|txn| async move {
            Ok::<_, PlatformError>(attempt::clear(&txn, before, ROWS_PER_DELETE).await?)
        })
    };
    while step().await? == ROWS_PER_DELETE {}
    Ok(())
}
