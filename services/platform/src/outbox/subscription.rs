//! Delivers events to one consumer: each has its effect once, and none stops the others.

use std::collections::HashSet;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::FutureExt;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbErr, EntityTrait, QueryResult, QueryTrait as _,
};
use tracing::{Instrument, Span};
use uuid::Uuid;

use super::metrics::ConsumerMetrics;
use super::turn::Turn;
use super::{BusError, Consumer, Event, HandleError};
use crate::db::Database;
use crate::db::table::{dead_letter, inbox};
use crate::error::{Answer, DatabaseFault, PlatformError};
use crate::identity::{Actor, Context, TenantId};
use crate::telemetry;
use crate::time::Clock;

/// An event that fails is tried again after this long, then after twice as long.
const FIRST_DELAY: Duration = Duration::from_millis(50);
const MOST_RETRIES: usize = 4;

/// Dead-letter class of an event whose handler panicked.
const PANICKED: &str = "HANDLER_PANICKED";

/// One consumer and where its effects are.
pub(super) struct Subscription {
    db: Database,
    consumer: Arc<dyn Consumer>,
    kinds: Vec<String>,
    actor: Actor,
    clock: Clock,
    metrics: ConsumerMetrics,
    turn: Turn,
}

/// What an attempt that failed means for the event.
pub(super) enum Verdict {
    /// Not the event's fault: the bus keeps it until the consumer can work again.
    Wait(PlatformError),
    /// Perhaps next time; if not, a dead letter of this class.
    Retry(&'static str),
    /// A dead letter of this class.
    GiveUp(&'static str),
}

impl Subscription {
    pub(super) fn new(
        db: &Database,
        consumer: impl Consumer,
        clock: Clock,
    ) -> Result<Self, PlatformError> {
        let actor = Actor::parse(&format!("systems/{}", consumer.name()))
            .map_err(|error| PlatformError::internal("naming a consumer", error))?;
        Ok(Self {
            db: db.clone(),
            kinds: consumer.kinds(),
            metrics: ConsumerMetrics::new(&telemetry::meter(), consumer.name()),
            consumer: Arc::new(consumer),
            actor,
            clock,
            turn: Turn::default(),
        })
    }

    pub(super) fn wants(&self, kind: &str) -> bool {
        self.kinds.iter().any(|wanted| wanted == kind)
    }

    pub(super) fn is_same_consumer(&self, other: &Self) -> bool {
        self.db.service() == other.db.service() && self.consumer.name() == other.consumer.name()
    }

    /// Resolves when the event was handled, now or before, or is a dead letter.
    pub(super) async fn deliver(&self, event: &Event) -> Result<(), BusError> {
        let consumer = self.consumer.name();
        let span = tracing::info_span!(
            "handle event",
            otel.kind = "consumer",
            consumer,
            kind = event.kind,
            event = %event.id,
        );
        if let Some(trace_parent) = &event.trace_parent {
            telemetry::set_parent(&span, trace_parent);
        }
        let settled = async {
            let first = self.turn.first_attempt(self, event).await;
            self.settle(event, first).await
        };
        settled
            .instrument(span)
            .await
            .map_err(|cause| BusError::Subscriber { consumer, cause })
    }

    /// Tries until the event is handled or a dead letter. `first` is what came of the first attempt,
    /// if it was made.
    async fn settle(
        &self,
        event: &Event,
        mut first: Option<Result<(), Verdict>>,
    ) -> Result<(), PlatformError> {
        let mut delays = ExponentialBuilder::new()
            .with_min_delay(FIRST_DELAY)
            .with_max_times(MOST_RETRIES)
            .with_jitter()
            .build();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let outcome = match first.take() {
                Some(outcome) => outcome,
                None => self.attempt(&[(event, Span::current())]).await,
            };
            let class = match outcome {
                Ok(()) => {
                    self.metrics.handled();
                    return Ok(());
                }
                Err(Verdict::Wait(cause)) => return Err(cause),
                Err(Verdict::GiveUp(class)) => class,
                Err(Verdict::Retry(class)) => match delays.next() {
                    Some(delay) => {
                        tokio::time::sleep(delay).await;
                        continue;
                    }
                    None => class,
                },
            };
            self.bury(event, class, attempts).await?;
            self.metrics.dead_lettered();
            return Ok(());
        }
    }

    /// Handles the events in one transaction, each in its span: all of them or none.
    pub(super) async fn attempt(&self, events: &[(&Event, Span)]) -> Result<(), Verdict> {
        // A handler that panics would take the relay, and with it every event, along.
        match AssertUnwindSafe(self.handle(events)).catch_unwind().await {
            Ok(outcome) => outcome.map_err(Verdict::of),
            Err(_) => Err(Verdict::Retry(PANICKED)),
        }
    }

    async fn handle(&self, events: &[(&Event, Span)]) -> Result<(), HandleError> {
        self.db
            .write_txn(|txn| async move {
                let mut new = self
                    .note(&txn, events.iter().map(|(event, _)| *event))
                    .await?;
                for (event, span) in events {
                    // Once, also when it is there twice.
                    if new.remove(&(event.tenant, event.id)) {
                        let ctx = self.context(event);
                        let handled = self.consumer.handle(&txn, &ctx, event);
                        handled.instrument(span.clone()).await?;
                    }
                }
                Ok(())
            })
            .await
    }

    fn context(&self, event: &Event) -> Context {
        Context {
            tenant: event.tenant,
            actor: self.actor.clone(),
            call_id: event.id,
            now: self.clock.now(),
            trace_parent: event.trace_parent.clone(),
            permit: None,
        }
    }

    /// Notes that the events are handled. Tells those that were not before.
    async fn note(
        &self,
        txn: &DatabaseTransaction,
        events: impl Iterator<Item = &Event>,
    ) -> Result<HashSet<(TenantId, Uuid)>, DbErr> {
        use inbox::{ActiveModel, Column, Entity};
        let now = self.clock.now();
        let rows = events.map(|event| ActiveModel {
            tenant_id: Set(event.tenant),
            consumer: Set(self.consumer.name().to_owned()),
            event_id: Set(event.id),
            handle_time: Set(now),
        });
        let mut insert = Entity::insert_many(rows)
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .into_query();
        insert.returning(Query::returning().columns([Column::TenantId, Column::EventId]));
        let noted = txn.query_all(&insert).await?;
        let key = |row: QueryResult| Ok((row.try_get_by_index(0)?, row.try_get_by_index(1)?));
        noted.into_iter().map(key).collect()
    }

    /// Keeps the event for a person to look at, and notes it as handled.
    async fn bury(
        &self,
        event: &Event,
        class: &'static str,
        attempts: i32,
    ) -> Result<(), PlatformError> {
        tracing::error!(class, attempts, "event not handled: see table dead_letter");
        let letter = &dead_letter::ActiveModel {
            tenant_id: Set(event.tenant),
            consumer: Set(self.consumer.name().to_owned()),
            event_id: Set(event.id),
            kind: Set(event.kind.clone()),
            payload: Set(event.encode()),
            error_class: Set(class.to_owned()),
            attempts: Set(attempts),
            create_time: Set(self.clock.now()),
        };
        self.db
            .write_txn(|txn| async move {
                if !self.note(&txn, std::iter::once(event)).await?.is_empty() {
                    let insert = dead_letter::Entity::insert(letter.clone());
                    insert.exec_without_returning(&*txn).await?;
                }
                Ok(())
            })
            .await
    }
}

impl Verdict {
    fn of(error: HandleError) -> Self {
        let error = match error {
            HandleError::Rejected(class) => return Self::GiveUp(class),
            HandleError::Failed(error) => error,
        };
        match &error {
            PlatformError::Unavailable(_) | PlatformError::DeadlineExceeded => Self::Wait(error),
            PlatformError::Database(fault)
                if DatabaseFault::of(fault) == DatabaseFault::Unavailable =>
            {
                Self::Wait(error)
            }
            _ => Self::Retry(error.problem().reason_name()),
        }
    }
}
