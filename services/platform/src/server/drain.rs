//! An orderly end: nothing that was accepted is lost.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::sleep;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// How long the end of a process may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrainConfig {
    /// Time between reporting NOT_SERVING and refusing new calls, in which load balancers
    /// learn that we are leaving. Zero where there are none.
    #[serde(with = "crate::config::duration")]
    pub announce: Duration,
    /// Time that open calls then have to end. With `announce` it must stay below the
    /// `terminationGracePeriodSeconds` of Kubernetes (30 s by default).
    #[serde(with = "crate::config::duration")]
    pub timeout: Duration,
}

impl Default for DrainConfig {
    fn default() -> Self {
        Self {
            announce: Duration::ZERO,
            timeout: Duration::from_secs(20),
        }
    }
}

/// The phases of a process' end, watched by everything that runs in it.
///
/// 1. *begun*: health says NOT_SERVING, calls are still taken;
/// 2. *closing*: no new connections or calls, workers stop, open calls go on;
/// 3. *aborted*: what is still open is dropped.
#[derive(Clone, Debug)]
pub struct Drain {
    phases: Arc<Phases>,
}

#[derive(Debug)]
struct Phases {
    config: DrainConfig,
    begun: CancellationToken,
    closing: CancellationToken,
    aborted: CancellationToken,
}

impl Drain {
    /// A drain that begins when [`Drain::begin`] is called.
    pub fn new(config: DrainConfig) -> Self {
        let (begun, closing, aborted) = Default::default();
        Self {
            phases: Arc::new(Phases {
                config,
                begun,
                closing,
                aborted,
            }),
        }
    }

    /// Also begins it on SIGTERM or SIGINT; a second signal aborts.
    ///
    /// # Errors
    /// When the operating system refuses the signal handlers.
    pub fn listen_for_signals(&self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let drain = self.clone();
        tokio::spawn(async move {
            while !drain.phases.aborted.is_cancelled() {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                drain.begin();
            }
        });
        Ok(())
    }

    /// Begins to drain; the second call aborts. Must run inside the Tokio runtime.
    pub fn begin(&self) {
        if self.is_draining() {
            tracing::warn!("asked again to end: dropping what is open");
            self.phases.aborted.cancel();
            return;
        }
        tracing::info!("draining");
        self.phases.begun.cancel();
        let phases = Arc::clone(&self.phases);
        tokio::spawn(async move {
            tokio::select! {
                () = sleep(phases.config.announce) => {}
                () = phases.aborted.cancelled() => {}
            }
            phases.closing.cancel();
            tokio::select! {
                () = sleep(phases.config.timeout) => {}
                () = phases.aborted.cancelled() => {}
            }
            phases.aborted.cancel();
        });
    }

    /// Whether the end has begun.
    pub fn is_draining(&self) -> bool {
        self.phases.begun.is_cancelled()
    }

    /// Completes when the end begins.
    pub async fn begun(&self) {
        self.phases.begun.cancelled().await;
    }

    /// Completes when nothing new may be accepted.
    pub async fn closing(&self) {
        self.phases.closing.cancelled().await;
    }

    /// Completes when what is still open must be dropped.
    pub async fn aborted(&self) {
        self.phases.aborted.cancelled().await;
    }

    /// As [`Drain::aborted`], for what outlives the borrow.
    pub(super) fn aborted_owned(&self) -> WaitForCancellationFutureOwned {
        self.phases.aborted.clone().cancelled_owned()
    }

    /// Cancelled when workers should finish what they are at and return.
    pub fn stop_token(&self) -> CancellationToken {
        self.phases.closing.child_token()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, timeout};

    use super::*;

    fn seconds(announce: u64, timeout: u64) -> Drain {
        Drain::new(DrainConfig {
            announce: Duration::from_secs(announce),
            timeout: Duration::from_secs(timeout),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn the_phases_follow_each_other_by_the_configured_times() {
        let drain = seconds(3, 10);
        let start = Instant::now();
        drain.begin();

        drain.begun().await;
        assert_eq!(start.elapsed().as_secs(), 0);
        drain.closing().await;
        assert_eq!(start.elapsed().as_secs(), 3);
        assert!(drain.stop_token().is_cancelled());
        drain.aborted().await;
        assert_eq!(start.elapsed().as_secs(), 13);
    }

    #[tokio::test(start_paused = true)]
    async fn the_second_request_aborts_at_once() {
        let drain = seconds(60, 60);
        drain.begin();
        drain.begin();
        let at_once = Duration::from_millis(1);
        timeout(at_once, drain.closing()).await.unwrap();
        timeout(at_once, drain.aborted()).await.unwrap();
    }

    #[tokio::test]
    async fn a_signal_begins_the_drain_and_the_next_one_aborts_it() {
        let drain = seconds(60, 60);
        drain.listen_for_signals().unwrap();
        let pid = std::process::id().to_string();
        let send = |signal: &str| {
            let mut kill = std::process::Command::new("kill");
            assert!(kill.args([signal, &pid]).status().unwrap().success());
        };
        let soon = Duration::from_secs(5);

        send("-TERM");
        timeout(soon, drain.begun()).await.unwrap();
        send("-INT");
        timeout(soon, drain.aborted()).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_ends_before_it_begins() {
        let drain = seconds(0, 0);
        let long = Duration::from_secs(3600);
        assert!(timeout(long, drain.begun()).await.is_err());
        assert!(!drain.is_draining() && !drain.stop_token().is_cancelled());
    }
}
