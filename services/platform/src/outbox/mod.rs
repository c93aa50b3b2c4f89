//! Facts that travel from the service where they became true to those that act on them.
//!
//! [`append`] writes events in the transaction that makes them true, so neither exists
//! without the other. After the commit the [`Relay`] hands them to a [`Bus`], in order of
//! version for each aggregate, and marks them published once the bus has them: a crash in
//! between means that an event is delivered again, never that it is lost. Each [`Consumer`]
//! therefore runs in a transaction of its own database that also notes the event in the
//! inbox; a second delivery finds the note and has no second effect.

mod backlog;
mod bus;
mod consumer;
mod event;
mod housekeeping;
mod metrics;
mod relay;
mod subscription;
mod turn;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use sea_orm::ActiveValue::Set;
use sea_orm::{DatabaseTransaction, EntityTrait};

pub use bus::{Bus, BusError, LocalBus};
pub use consumer::{Consumer, HandleError};
pub use event::{Event, NewEvent};
pub use housekeeping::{Housekeeping, HousekeepingConfig};
pub use relay::{Relay, RelayConfig};

use crate::db::Database;
use crate::db::table::outbox::{ActiveModel, Entity};
use crate::error::PlatformError;
use crate::identity::Context;
use crate::server::Worker;
use crate::time::Clock;

/// Rows of one INSERT: both engines limit the values of a statement, SQLite to 32,766.
const ROWS_PER_INSERT: usize = 1_000;

/// What publishes a service's events, and clears away what was published and handled.
pub fn workers(
    db: &Database,
    clock: &Clock,
    bus: &LocalBus,
    (relay, housekeeping): (RelayConfig, HousekeepingConfig),
) -> Vec<Worker> {
    let service = db.service();
    let relaying = {
        let (db, clock, bus) = (db.clone(), clock.clone(), Arc::new(bus.clone()));
        move |stop| Relay::new(&db, bus.clone(), clock.clone(), relay.clone()).run(stop)
    };
    let cleaning = {
        let (db, clock) = (db.clone(), clock.clone());
        move |stop| Housekeeping::new(&db, clock.clone(), housekeeping.clone()).run(stop)
    };
    vec![
        Worker::new(format!("{service}.relay"), relaying),
        Worker::new(format!("{service}.housekeeping"), cleaning),
    ]
}

/// Writes `events` in `txn`, to be published once it has committed.
pub async fn append(
    txn: &DatabaseTransaction,
    ctx: &Context,
    events: &[NewEvent],
) -> Result<(), PlatformError> {
    for chunk in events.chunks(ROWS_PER_INSERT) {
        let rows = chunk.iter().map(|event| row(Event::new(ctx, event)));
        Entity::insert_many(rows)
            .exec_without_returning(txn)
            .await?;
    }
    Ok(())
}

fn row(event: Event) -> ActiveModel {
    ActiveModel {
        payload: Set(event.encode()),
        tenant_id: Set(event.tenant),
        event_id: Set(event.id),
        kind: Set(event.kind),
        aggregate: Set(event.aggregate),
        version: Set(event.version),
        trace_parent: Set(event.trace_parent),
        create_time: Set(event.time),
        publish_time: Set(None),
        attempts: Set(0),
    }
}
