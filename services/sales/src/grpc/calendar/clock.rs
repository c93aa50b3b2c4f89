//! Reminders, when they are due.
//!
//! Finding what is due, telling of it and noting until when that was done is one transaction: killed
//! in between, nothing was told, and the next round does it.

use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::{Actor, Context};
use rapport_platform::outbox::{self, NewEvent};
use rapport_platform::server::Worker;
use rapport_platform::time::{Clock, Timestamp};
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::read::words;
use crate::domain::calendar::CalendarResponse;
use crate::domain::calendar::reminder::{self, Reminder};
use crate::error::Error;
use crate::events::calendar as events;
use crate::grpc::convert::calendar::{self as convert, Said};
use crate::grpc::task::clock as tasks;
use crate::resource::{self, CALENDAR_EVENT};
use crate::store::calendar::{self, Record};

/// How often it looks: by so much a reminder may be late.
const INTERVAL: Duration = Duration::from_secs(20);
/// Events that are looked at in one go.
const BATCH: u64 = 100;
/// Who it is, in events.
const ACTOR: &str = "systems/sales-calendar";

/// The worker that reminds, in one process at a time.
pub(crate) fn worker(db: &Database, clock: &Clock) -> Worker {
    let (db, clock) = (db.clone(), clock.clone());
    Worker::new("sales.reminders", move |stop| {
        let (db, clock) = (db.clone(), clock.clone());
        async move {
            let round = || remind(&db, &clock);
            db.in_rounds("calendar_reminders", INTERVAL, &stop, round)
                .await;
        }
    })
}

/// Reminds of events and tasks.
pub(crate) async fn remind(db: &Database, clock: &Clock) -> Result<(), Error> {
    let now = clock.now();
    let actor = Actor::parse(ACTOR)
        .map_err(|error| PlatformError::internal("naming the clock of calendars", error))?;
    of_events(db, &actor, now).await?;
    tasks::remind(db, &actor, now).await
}

/// Reminds of whatever is due. An event for which that fails is left to the next round and holds up
/// no other. Harmless where another process does the same.
async fn of_events(db: &Database, actor: &Actor, now: Timestamp) -> Result<(), Error> {
    let mut rows = calendar::due(db.read(), now, None, BATCH).await?;
    while let Some(last) = rows.last() {
        for row in &rows {
            let ctx = Context::new(row.tenant_id, actor.clone(), now);
            if let Err(error) = Box::pin(settle(db, &ctx, row.event_id)).await {
                tracing::warn!(%error, event = %row.event_id, "nobody was reminded");
            }
        }
        rows = calendar::due(db.read(), now, Some(last), BATCH).await?;
    }
    Ok(())
}

async fn settle(db: &Database, ctx: &Context, id: Uuid) -> Result<(), Error> {
    db.write_txn(|txn| async move {
        let record = calendar::get(ctx, &*txn, id).await?;
        if record.row.next_reminder_time.is_none_or(|it| it > ctx.now) {
            // Somebody was faster.
            return Ok(());
        }
        let said = convert::said(&record.row.document)?;
        let minutes = &said.document.reminder_minutes;
        let due = reminder::due(&said.series, minutes, record.row.reminded_time, ctx.now);
        let facts: Vec<NewEvent> = due.iter().map(|it| fact(&record, &said, it)).collect();
        outbox::append(&txn, ctx, &facts).await?;
        let next = reminder::next(&said.series, minutes, ctx.now);
        calendar::reminded(ctx, &txn, id, (ctx.now, next)).await
    })
    .await
}

fn fact(record: &Record, said: &Said, reminder: &Reminder) -> NewEvent {
    let declined = CalendarResponse::Declined.code();
    let attendees = record.attendees.iter().filter(|it| it.response != declined);
    let fact = proto::CalendarReminderDue {
        calendar_event: CALENDAR_EVENT.format(&[record.row.event_id]),
        title: words(said, reminder.instance.original).title,
        original_start_time: Some(reminder.instance.original.into()),
        start_time: Some(reminder.instance.stretch.start.into()),
        minutes_before: reminder.minutes,
        sellers: attendees
            .filter_map(|it| it.seller_id.map(resource::seller))
            .collect(),
    };
    events::reminder_due(&fact, reminder.time.as_micros())
}
