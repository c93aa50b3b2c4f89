//! Work that is done again and again, by one process at a time.

use std::error::Error;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::{Database, Lease};

impl Database {
    /// Does a `round` of the job `name` at once and then at intervals, until `stop`.
    ///
    /// Of all processes of the service one does, by a lease. A round that fails is logged and done
    /// again with the next; one in the midst of which it is stopped is broken off.
    pub async fn in_rounds<Round, E>(
        &self,
        name: &'static str,
        interval: Duration,
        stop: &CancellationToken,
        round: impl Fn() -> Round,
    ) where
        Round: Future<Output = Result<(), E>>,
        E: Error + 'static,
    {
        // Outlasts the pause, so that the same process goes on.
        let lease = Lease::new(self, name, interval * 2);
        let complain = |what, error: &(dyn Error + 'static)| {
            tracing::warn!(service = self.service(), job = name, error, "{what}");
        };
        let rounds = async {
            loop {
                match lease.acquire().await {
                    Ok(true) => {
                        if let Err(error) = round().await {
                            complain("round failed", &error);
                        }
                    }
                    Ok(false) => {}
                    Err(error) => complain("lease not taken", &error),
                }
                sleep(interval).await;
            }
        };
        let _ = stop.run_until_cancelled(rounds).await;
        if let Err(error) = lease.release().await {
            complain("lease not released", &error);
        }
    }
}
