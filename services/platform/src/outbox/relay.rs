//! Takes events from the outbox to the bus, after their transaction has committed.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use futures::{StreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::backlog::{self, Queue};
use super::metrics::RelayMetrics;
use super::{Bus, BusError, Event};
use crate::config::duration;
use crate::db::{Database, Lease};
use crate::error::PlatformError;
use crate::telemetry;
use crate::time::Clock;

/// Waits between attempts when the bus or the database does not work.
const FIRST_DELAY: Duration = Duration::from_millis(100);
const LONGEST_DELAY: Duration = Duration::from_secs(10);

/// How events are published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RelayConfig {
    /// How often to look for events of other processes; those of this one are seen at once.
    #[serde(with = "duration")]
    pub poll_interval: Duration,
    /// Events read and marked with one statement each.
    pub batch_size: u64,
    /// Aggregates whose events are on their way at the same time.
    pub concurrency: usize,
    /// How long other processes wait before they take over from one that was killed.
    #[serde(with = "duration")]
    pub lease: Duration,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            poll_interval: Duration::from_millis(500),
            batch_size: 200,
            concurrency: 32,
            lease: Duration::from_secs(15),
        }
    }
}

/// Publishes a service's events. Of all processes of the service one does, by a lease.
pub struct Relay {
    db: Database,
    bus: Arc<dyn Bus>,
    clock: Clock,
    config: RelayConfig,
    lease: Lease,
    renewed: Option<Instant>,
    metrics: RelayMetrics,
}

/// What a round over the outbox found.
enum Round {
    /// Another process publishes.
    Standby,
    /// There may be more.
    Full,
    /// There was nothing more.
    Drained,
    /// The bus did not take everything.
    Refused { error: BusError, progress: bool },
}

/// What became of some events.
#[derive(Default)]
struct Outcome {
    taken: Vec<Uuid>,
    refused: Vec<Uuid>,
    error: Option<BusError>,
}

impl Relay {
    /// A relay from `db` to `bus`; [`Relay::run`] starts it.
    pub fn new(db: &Database, bus: Arc<dyn Bus>, clock: Clock, config: RelayConfig) -> Self {
        Self {
            db: db.clone(),
            bus,
            clock,
            lease: Lease::new(db, "relay", config.lease),
            renewed: None,
            metrics: RelayMetrics::new(&telemetry::meter(), db.service()),
            config,
        }
    }

    /// Publishes until `stop`; events that are on their way by then arrive first.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut commits = self.db.commits();
        let mut delays = delays();
        while !stop.is_cancelled() {
            commits.mark_unchanged();
            let round = self.round(&stop).await;
            let drained = matches!(round, Ok(Round::Drained));
            let pause = self.pause_after(round, &mut delays);
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(pause) => {}
                _ = commits.changed(), if drained => {}
            }
        }
        self.retire().await;
    }

    /// How long to wait for the next round. Failures in a row make it longer.
    fn pause_after(
        &self,
        round: Result<Round, PlatformError>,
        delays: &mut ExponentialBackoff,
    ) -> Duration {
        let service = self.db.service();
        if matches!(
            round,
            Ok(Round::Full | Round::Drained | Round::Refused { progress: true, .. })
        ) {
            *delays = self::delays();
        }
        match round {
            Ok(Round::Full) => return Duration::ZERO,
            Ok(Round::Drained) => return self.config.poll_interval,
            Ok(Round::Standby) => return self.renewal_interval(),
            Ok(Round::Refused { error, .. }) => {
                tracing::warn!(service, error = &error as &dyn Error, "event refused");
            }
            Err(error) => tracing::warn!(service, error = &error as &dyn Error, "relay failed"),
        }
        delays.next().unwrap_or(LONGEST_DELAY)
    }

    async fn round(&mut self, stop: &CancellationToken) -> Result<Round, PlatformError> {
        if !self.lead().await? {
            return Ok(Round::Standby);
        }
        let queues = backlog::next(&self.db, self.config.batch_size).await?;
        let events = queues.iter().map(Vec::len).sum::<usize>() as u64;
        let Some(outcome) = self.while_leading(self.publish(queues, stop)).await else {
            self.renewed = None;
            return Ok(Round::Standby);
        };
        let Outcome {
            taken,
            refused,
            error,
        } = outcome;
        if !(taken.is_empty() && refused.is_empty()) {
            backlog::mark(&self.db, &taken, &refused, self.clock.now()).await?;
        }
        Ok(match error {
            Some(error) => Round::Refused {
                error,
                progress: !taken.is_empty(),
            },
            None if events >= self.config.batch_size => Round::Full,
            None => Round::Drained,
        })
    }

    /// Publishes each queue in order, up to its first event that is refused.
    async fn publish(&self, queues: Vec<Queue>, stop: &CancellationToken) -> Outcome {
        stream::iter(queues)
            .map(|queue| self.publish_queue(queue, stop))
            .buffer_unordered(self.config.concurrency.max(1))
            .fold(Outcome::default(), async |mut all, one| {
                all.taken.extend(one.taken);
                all.refused.extend(one.refused);
                all.error = one.error.or(all.error);
                all
            })
            .await
    }

    async fn publish_queue(&self, queue: Queue, stop: &CancellationToken) -> Outcome {
        let mut outcome = Outcome::default();
        for row in queue {
            if stop.is_cancelled() {
                break;
            }
            match self.publish_event(&row.payload).await {
                Ok(()) => outcome.taken.push(row.event_id),
                Err(error) => {
                    self.metrics.refused();
                    outcome.refused.push(row.event_id);
                    outcome.error = Some(error);
                    break;
                }
            }
        }
        outcome
    }

    async fn publish_event(&self, payload: &[u8]) -> Result<(), BusError> {
        let event = Event::decode(payload).map_err(BusError::Unreadable)?;
        self.bus.publish(&event).await?;
        self.metrics.published(self.clock.now().since(event.time));
        Ok(())
    }

    /// True when this relay is the one that publishes, for some time from now.
    async fn lead(&mut self) -> Result<bool, PlatformError> {
        let fresh = self
            .renewed
            .is_some_and(|at| at.elapsed() < self.renewal_interval());
        if !fresh {
            let asked = Instant::now();
            self.renewed = self.lease.acquire().await?.then_some(asked);
        }
        Ok(self.renewed.is_some())
    }

    /// Runs `work` and keeps the lease meanwhile. None, and the work dropped, if it is lost.
    async fn while_leading<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let lost = async {
            loop {
                sleep(self.renewal_interval()).await;
                match self.lease.acquire().await {
                    Ok(true) => {}
                    Ok(false) => return,
                    Err(error) => tracing::warn!(error = &error as &dyn Error, "lease not renewed"),
                }
            }
        };
        tokio::select! {
            done = work => Some(done),
            () = lost => None,
        }
    }

    fn renewal_interval(&self) -> Duration {
        self.lease.lasts() / 3
    }

    async fn retire(&self) {
        if let Err(error) = self.lease.release().await {
            tracing::warn!(error = &error as &dyn Error, "lease not released");
        }
    }
}

fn delays() -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(FIRST_DELAY)
        .with_max_delay(LONGEST_DELAY)
        .without_max_times()
        .with_jitter()
        .build()
}
