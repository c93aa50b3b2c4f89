//! Forgets the attempts of long ago.

use std::error::Error as _;
use std::time::Duration;

use rapport_platform::db::{Database, Lease};
use rapport_platform::error::PlatformError;
use rapport_platform::server::Worker;
use rapport_platform::time::Clock;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::config::DeliveryConfig;
use crate::store::delivery::attempt;

/// Attempts removed in one transaction, which others have to wait for.
const ROWS_PER_DELETE: u64 = 1_000;
const INTERVAL: Duration = Duration::from_secs(10 * 60);

/// The worker that does it, in one process at a time.
pub(super) fn worker(db: &Database, clock: &Clock, config: &DeliveryConfig) -> Worker {
    let (db, clock, keep) = (db.clone(), clock.clone(), config.keep_attempts);
    Worker::new("customer.delivery.housekeeping", move |stop| {
        run(db.clone(), clock.clone(), keep, stop)
    })
}

async fn run(db: Database, clock: Clock, keep: Duration, stop: CancellationToken) {
    let lease = Lease::new(&db, "delivery_housekeeping", INTERVAL * 2);
    let rounds = async {
        loop {
            if let Err(error) = round(&db, &clock, keep, &lease).await {
                let error = error
                    .source()
                    .map_or_else(|| error.to_string(), ToString::to_string);
                tracing::warn!(error, "attempts not cleared");
            }
            sleep(INTERVAL).await;
        }
    };
    let _ = stop.run_until_cancelled(rounds).await;
    if let Err(error) = lease.release().await {
        tracing::warn!(error = %error, "lease not released");
    }
}

async fn round(
    db: &Database,
    clock: &Clock,
    keep: Duration,
    lease: &Lease,
) -> Result<(), PlatformError> {
    if lease.acquire().await? {
        clear(db, clock, keep).await?;
    }
    Ok(())
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
