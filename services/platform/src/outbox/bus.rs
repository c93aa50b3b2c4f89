//! Carries events from a service to those that subscribed.

use std::sync::Arc;

use arc_swap::ArcSwap;
use futures::future::join_all;

use super::subscription::Subscription;
use super::{Consumer, Event};
use crate::db::Database;
use crate::error::PlatformError;
use crate::time::Clock;

/// Takes events over from a relay.
#[tonic::async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Resolves once the event can't be lost any more. The relay calls it for one event of
    /// an aggregate at a time, in order, and for several aggregates at once; it repeats
    /// events of which it does not know whether they were taken.
    async fn publish(&self, event: &Event) -> Result<(), BusError>;
}

/// The bus did not take an event. The relay waits and tries again.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// A subscriber's database does not answer.
    #[error("consumer {consumer} can't work")]
    Subscriber {
        /// Name of the consumer.
        consumer: &'static str,
        /// What it met.
        #[source]
        cause: PlatformError,
    },
    /// The outbox holds something else than an event.
    #[error("the outbox holds an unreadable event")]
    Unreadable(#[source] PlatformError),
}

/// Delivers within the process: an event is published when every subscriber is done
/// with it. Clones share the subscribers.
#[derive(Clone)]
pub struct LocalBus {
    clock: Clock,
    subscriptions: Arc<ArcSwap<Vec<Arc<Subscription>>>>,
}

impl LocalBus {
    /// A bus without subscribers.
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            subscriptions: Arc::default(),
        }
    }

    /// Delivers to `consumer` from now on, whose effects are in `db`.
    ///
    /// # Errors
    /// `Internal` when its service has a consumer of that name already: they would take
    /// each other's events as handled.
    pub fn subscribe(&self, db: &Database, consumer: impl Consumer) -> Result<(), PlatformError> {
        let new = Arc::new(Subscription::new(db, consumer, self.clock.clone())?);
        let taken = |other: &Arc<Subscription>| other.is_same_consumer(&new);
        if self.subscriptions.load().iter().any(taken) {
            return Err(PlatformError::internal(
                "subscribing",
                "two consumers have one name",
            ));
        }
        self.subscriptions.rcu(|subscriptions| {
            let mut subscriptions = Vec::clone(subscriptions);
            subscriptions.push(new.clone());
            subscriptions
        });
        Ok(())
    }
}

#[tonic::async_trait]
impl Bus for LocalBus {
    async fn publish(&self, event: &Event) -> Result<(), BusError> {
        let subscriptions = self.subscriptions.load_full();
        let mut deliveries = Vec::new();
        for subscription in subscriptions.iter() {
            if subscription.wants(&event.kind) {
                deliveries.push(subscription.deliver(event));
            }
        }
        // All to the end: one that can't work must not interrupt the others.
        join_all(deliveries).await.into_iter().collect()
    }
}
