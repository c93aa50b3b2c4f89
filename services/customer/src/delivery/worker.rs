//! Sends what waits for one connector, for all tenants in turn.

use std::error::Error as _;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use rapport_platform::db::Database;
use rapport_platform::identity::{Actor, Context, TenantId};
use rapport_platform::server::Worker;
use rapport_platform::time::Clock;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Outbound;
use super::config::DeliveryConfig;
use super::dispatch::{self, Outgoing};
use super::fault::{self, guarded};
use super::report::Report;
use crate::domain::delivery::{AttemptResult, Connector, FailureClass};
use crate::error::Error;
use crate::store::delivery::{Claimed, Lane, claim, tenants_waiting};

/// Tenants served in one round.
const TENANTS_PER_ROUND: u64 = 16;
/// Rest after a round that failed.
const AFTER_FAILURE: Duration = Duration::from_secs(5);

/// Carries messages out.
pub(crate) trait Connect: Send + Sync + 'static {
    /// Which connector it is.
    const CONNECTOR: Connector;

    /// Hands a message over, and tells what became of it.
    fn deliver(&self, outgoing: &Outgoing) -> impl Future<Output = Report> + Send;
}

/// Sends what waits for one connector. Clones share it.
pub(crate) struct DeliveryWorker<C> {
    connector: Arc<C>,
    outbound: Outbound,
    config: DeliveryConfig,
    db: Database,
    clock: Clock,
    actor: Option<Actor>,
}

impl<C> Clone for DeliveryWorker<C> {
    fn clone(&self) -> Self {
        Self {
            connector: self.connector.clone(),
            outbound: self.outbound.clone(),
            config: self.config.clone(),
            db: self.db.clone(),
            clock: self.clock.clone(),
            actor: self.actor.clone(),
        }
    }
}

impl<C: Connect> DeliveryWorker<C> {
    /// A worker of `connector`.
    pub(crate) fn new(
        connector: C,
        config: &DeliveryConfig,
        outbound: &Outbound,
        (db, clock): (&Database, &Clock),
    ) -> Self {
        Self {
            connector: Arc::new(connector),
            outbound: outbound.clone(),
            config: config.clone(),
            db: db.clone(),
            clock: clock.clone(),
            actor: Actor::parse("systems/rapport-delivery").ok(),
        }
    }

    /// The worker as the service runs it.
    pub(crate) fn named(self, name: &'static str) -> Worker {
        Worker::new(name, move |stop| self.clone().run(stop))
    }

    /// Sends until `stop`; what is under way then is brought to its end.
    async fn run(self, stop: CancellationToken) {
        let mut commits = self.db.commits();
        let mut served = None;
        while !stop.is_cancelled() {
            commits.mark_unchanged();
            let pause = match self.round(&mut served, &stop).await {
                Ok(0) if served.is_none() => self.config.poll_interval,
                Ok(_) => Duration::ZERO,
                Err(error) => {
                    tracing::warn!(
                        connector = C::CONNECTOR.label(),
                        error = %error,
                        cause = error.source().map(ToString::to_string),
                        "deliveries not claimed"
                    );
                    AFTER_FAILURE
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = sleep(pause) => {}
                _ = commits.changed(), if !pause.is_zero() && pause != AFTER_FAILURE => {}
            }
        }
    }

    /// Sends a batch for the tenants behind the last one served; tells how many deliveries it
    /// took. `served` is none when all tenants had their turn.
    pub(crate) async fn round(
        &self,
        served: &mut Option<TenantId>,
        stop: &CancellationToken,
    ) -> Result<usize, Error> {
        let claimed = self.claim(served).await?;
        let count = claimed.len();
        stream::iter(claimed)
            .for_each_concurrent(self.config.concurrency.max(1), |row| {
                self.deliver(row, stop)
            })
            .await;
        Ok(count)
    }

    /// Claims a batch for the tenants whose turn it is.
    pub(crate) async fn claim(&self, served: &mut Option<TenantId>) -> Result<Vec<Claimed>, Error> {
        let (db, now) = (self.db.read(), self.clock.now());
        let tenants = tenants_waiting(db, C::CONNECTOR, *served, (now, TENANTS_PER_ROUND)).await?;
        let share = self
            .config
            .batch_size
            .div_ceil(Ord::max(tenants.len(), 1) as u64);
        let lanes: Vec<_> = tenants
            .iter()
            .map(|&tenant| Lane {
                tenant,
                connector: C::CONNECTOR,
                channel: None,
                limit: share.max(1),
            })
            .collect();
        let all_served = (tenants.len() as u64) < TENANTS_PER_ROUND;
        *served = tenants.last().copied().filter(|_| !all_served);
        if lanes.is_empty() {
            return Ok(Vec::new());
        }
        let (lanes, lease) = ((lanes.as_slice(), u64::MAX), self.config.lease);
        self.db
            .write_txn(|txn| async move { Ok(claim(&txn, lanes, now, lease).await?) })
            .await
    }

    async fn deliver(&self, row: Claimed, stop: &CancellationToken) {
        let id = row.delivery_id;
        if let Err(error) = self.try_deliver(&row, stop).await {
            // Its lease runs out, and it is taken up again.
            tracing::warn!(
                delivery = %id,
                error = %error,
                cause = error.source().map(ToString::to_string),
                "delivery not recorded"
            );
        }
    }

    async fn try_deliver(&self, row: &Claimed, stop: &CancellationToken) -> Result<(), Error> {
        if stop.is_cancelled() {
            return self.give_back(row).await;
        }
        let outgoing = match guarded(self.start(row)).await {
            Ok(Some(outgoing)) => outgoing,
            Ok(None) => return Ok(()),
            Err(error) => return self.set_aside(row, error).await,
        };
        let report = self.hand_over(&outgoing).await;
        match guarded(self.finish(&outgoing, &report)).await {
            Err(error) => self.close(row, &report, error).await,
            Ok(()) => Ok(()),
        }
    }

    /// Begins the attempt: from here on the message may have been sent.
    pub(crate) async fn start(&self, row: &Claimed) -> Result<Option<Outgoing>, Error> {
        let Some(ctx) = self.context(row.tenant_id) else {
            return Ok(None);
        };
        let (ctx, key, hold) = (&ctx, row.key(), self.config.lease);
        self.db
            .write_txn(
                |txn| async move { dispatch::start(&self.outbound, ctx, &txn, key, hold).await },
            )
            .await
    }

    /// Hands the message over. A connector that takes too long is not believed to have failed.
    pub(crate) async fn hand_over(&self, outgoing: &Outgoing) -> Report {
        let longest = self.config.lease / 2;
        let delivering = async { Ok(self.connector.deliver(outgoing).await) };
        match timeout(longest, guarded(delivering)).await {
            Ok(Ok(report)) => report,
            // How far it came before it panicked, nobody knows.
            Ok(Err(_)) => fault::report(AttemptResult::Unknown),
            Err(_) => Report::failed(AttemptResult::Unknown, FailureClass::known("TIMEOUT")),
        }
    }

    /// Records what the connector said.
    pub(crate) async fn finish(&self, outgoing: &Outgoing, report: &Report) -> Result<(), Error> {
        let Some(ctx) = self.context(outgoing.delivery.tenant_id) else {
            return Ok(());
        };
        let (ctx, key) = (&ctx, (outgoing.delivery.delivery_id, outgoing.lease));
        let recorded = self
            .db
            .write_txn(|txn| async move {
                dispatch::finish(&self.outbound, ctx, &txn, key, report).await
            })
            .await;
        match recorded {
            Err(Error::LeaseLost(_)) => {
                self.db
                    .write_txn(|txn| async move {
                        dispatch::finish_late(ctx, &txn, outgoing, report).await
                    })
                    .await
            }
            recorded => recorded.map(|_| ()),
        }
    }

    async fn set_aside(&self, row: &Claimed, error: Error) -> Result<(), Error> {
        match self.context(row.tenant_id) {
            Some(ctx) => fault::set_aside(&self.outbound, &self.db, &ctx, row.key(), error).await,
            None => Ok(()),
        }
    }

    async fn close(&self, row: &Claimed, report: &Report, error: Error) -> Result<(), Error> {
        let Some(ctx) = self.context(row.tenant_id) else {
            return Ok(());
        };
        fault::close(&self.outbound, &self.db, &ctx, row.key(), (report, error)).await
    }

    async fn give_back(&self, row: &Claimed) -> Result<(), Error> {
        let Some(ctx) = self.context(row.tenant_id) else {
            return Ok(());
        };
        let (ctx, key) = (&ctx, row.key());
        self.db
            .write_txn(|txn| async move { dispatch::give_back(ctx, &txn, key).await })
            .await
    }

    fn context(&self, tenant: TenantId) -> Option<Context> {
        let actor = self.actor.clone()?;
        Some(Context::new(tenant, actor, self.clock.now()))
    }
}
