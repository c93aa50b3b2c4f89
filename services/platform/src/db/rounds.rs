//! Work that is done again and again, by one process at a time.

use std::error::Error;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Database, Lease};
use crate::error::PlatformError;

impl Database {
    /// Does a `round` of the job `name` at once and then at intervals, until `stop`.
    ///
    /// Of all processes of the service one does, by a lease. A round that fails is logged and done
    /// again with the next; one in the midst of which it is stopped is broken off.
    pub async fn in_rounds<Round>(
        &self,
        name: &'static str,
        interval: Duration,
        stop: &CancellationToken,
        round: impl Fn() -> Round,
    ) where
        Round: Future<Output = Result<(), PlatformError>>,
    {
        // Outlasts the pause, so that the same process goes on.
        let lease = Lease::new(self, name, interval * 2);
        let complain = |what, error: PlatformError| {
            let (service, error) = (self.service(), &error as &dyn Error);
            tracing::warn!(service, job = name, error, "{what}");
        };
        let rounds = async {
            loop {
                let done = match lease.acquire().await {
                    Ok(true) => round().await,
                    Ok(false) => Ok(()),
                    Err(error) => Err(error),
                };
                if let Err(error) = done {
                    complain("round failed", error);
                }
                sleep(interval).await;
            }
        };
        let _ = stop.run_until_cancelled(rounds).await;
        if let Err(error) = lease.release().await {
            complain("lease not released", error);
        }
    }
}
