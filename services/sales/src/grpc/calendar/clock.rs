//! Reminders, when they are due.
//!
//! Finding what is due, telling of it and noting until when that was done is one transaction: killed
//! in between, nothing was told, and the next round does it.

use std::collections::HashMap;
use std::time::Duration;

use futures::future::BoxFuture;
use rapport_platform::db::Database;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::{Actor, Context, TenantId};
use rapport_platform::outbox::{self, NewEvent};
use rapport_platform::server::Worker;
use rapport_platform::time::{Clock, Timestamp};
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::read::words;
use crate::domain::calendar::reminder::{self, Reminder};
use crate::error::Error;
use crate::events::calendar as events;
use crate::grpc::convert::calendar::{self as convert, Said};
use crate::grpc::task::clock as tasks;
use crate::resource::{self, CALENDAR_EVENT};
use crate::store::calendar;
use crate::store::entity::calendar_attendee as attendee;
use crate::store::entity::calendar_event::Model;

/// How often it looks: by so much a reminder may be late.
const INTERVAL: Duration = Duration::from_secs(20);
/// What is looked at in one go, and told of in one transaction.
pub(in crate::grpc) const BATCH: u64 = 100;
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

/// Tells of what is due of these of a tenant, in one transaction.
pub(in crate::grpc) type Settle =
    for<'a> fn(&'a Database, &'a Context, &'a [Uuid]) -> BoxFuture<'a, Result<(), Error>>;

/// Settles what is due, of each tenant at once. What fails so is settled one by one: whatever fails
/// then too is left to the next round and holds up no other.
pub(in crate::grpc) async fn settle_all(
    db: &Database,
    (actor, now): (&Actor, Timestamp),
    due: impl Iterator<Item = (TenantId, Uuid)>,
    settle: Settle,
) {
    let mut tenants: HashMap<TenantId, Vec<Uuid>> = HashMap::new();
    for (tenant, id) in due {
        tenants.entry(tenant).or_default().push(id);
    }
    for (tenant, ids) in tenants {
        let ctx = &Context::new(tenant, actor.clone(), now);
        if settle(db, ctx, &ids).await.is_ok() {
            continue;
        }
        for id in ids {
            if let Err(error) = settle(db, ctx, &[id]).await {
                tracing::warn!(%error, %id, "nobody was reminded");
            }
        }
    }
}

/// Reminds of whatever is due of events. Harmless where another process does the same.
async fn of_events(db: &Database, actor: &Actor, now: Timestamp) -> Result<(), Error> {
    let mut rows = calendar::due(db.read(), now, None, BATCH).await?;
    while let Some(last) = rows.last() {
        let due = rows.iter().map(|it| (it.tenant_id, it.event_id));
        settle_all(db, (actor, now), due, settle).await;
        rows = calendar::due(db.read(), now, Some(last), BATCH).await?;
    }
    Ok(())
}

fn settle<'a>(
    db: &'a Database,
    ctx: &'a Context,
    ids: &'a [Uuid],
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(db.write_txn(move |txn| async move {
        let mut rows = calendar::rows(ctx, &*txn, ids.iter().copied()).await?;
        // Of the others somebody told who was faster.
        rows.retain(|it| it.next_reminder_time.is_some_and(|it| it <= ctx.now));
        let ids = rows.iter().map(|it| it.event_id);
        let attendees = calendar::attendees(ctx, &*txn, ids).await?;
        let (mut facts, mut next) = (Vec::new(), Vec::new());
        for row in &rows {
            let due = Due::of(row, &attendees, ctx.now)?;
            facts.extend(due.facts);
            next.push((row.event_id, due.next));
        }
        outbox::append(&txn, ctx, &facts).await?;
        calendar::reminded(ctx, &txn, &next).await
    }))
}

/// What is due of an event, and when to look at it again.
pub(super) struct Due {
    /// The reminders.
    pub(super) facts: Vec<NewEvent>,
    next: Option<Timestamp>,
}

impl Due {
    /// What is due of an event with those of the attendees that are its own.
    pub(super) fn of(
        row: &Model,
        attendees: &[attendee::Model],
        now: Timestamp,
    ) -> Result<Self, Error> {
        let said = convert::said(&row.document)?;
        let minutes = &said.document.reminder_minutes;
        let due = reminder::due(&said.series, minutes, row.reminded_time, now);
        let facts = due.iter().map(|it| fact(row, attendees, &said, it));
        Ok(Self {
            facts: facts.collect::<Result<_, _>>()?,
            next: reminder::next(&said.series, minutes, now),
        })
    }
}

fn fact(
    row: &Model,
    attendees: &[attendee::Model],
    said: &Said,
    reminder: &Reminder,
) -> Result<NewEvent, Error> {
    let original = reminder.instance.original;
    let mut sellers = Vec::new();
    for it in attendees.iter().filter(|it| it.event_id == row.event_id) {
        let attends = convert::answers(it)?.attends(original);
        sellers.extend(it.seller_id.filter(|_| attends).map(resource::seller));
    }
    let title = match convert::is_private(&said.document) {
        true => String::new(),
        false => words(said, original).title,
    };
    let fact = proto::CalendarReminderDue {
        calendar_event: CALENDAR_EVENT.format(&[row.event_id]),
        title,
        original_start_time: Some(original.into()),
        start_time: Some(reminder.instance.stretch.start.into()),
        minutes_before: reminder.minutes,
        sellers,
    };
    Ok(events::reminder_due(&fact, reminder.time.as_micros()))
}
