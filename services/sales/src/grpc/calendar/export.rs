//! Calendars as other programs read them.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::ConnectionTrait;
use uuid::Uuid;

use super::Calendars;
use super::access::{self, View};
use super::read::{aside, words};
use crate::domain::calendar::answers::Answers;
use crate::domain::calendar::ical::{self, Change, Entry, Guest, Words};
use crate::domain::calendar::slot::{Slot, Stretch};
use crate::error::Error;
use crate::grpc::convert::calendar::{self as convert, Said, Who};
use crate::resource::SELLER;
use crate::store::calendar;
use crate::store::calendar::window::{self, Which};
use crate::store::entity::{calendar_attendee, calendar_event};
use crate::store::seller;

/// How long what is over is still told.
const BEHIND: Duration = Duration::from_secs(31 * 86_400);
/// Most events of a calendar that are written.
const MOST_EVENTS: usize = 1_000;
/// Most bytes that are.
const MOST_BYTES: usize = 2 * 1024 * 1024;

impl Calendars {
    pub(super) async fn export(
        &self,
        ctx: Context,
        request: proto::ExportCalendarRequest,
    ) -> Result<proto::CalendarExport, Error> {
        let [id] = SELLER.parse("seller", &request.seller)?;
        let db = self.0.db.read();
        let caller = access::reader(&ctx, db, id).await?;
        written(&ctx, db, (id, caller)).await
    }
}

/// A seller's calendar, for another or himself.
pub(super) async fn written(
    ctx: &Context,
    db: &impl ConnectionTrait,
    (id, reader): (Uuid, Option<Uuid>),
) -> Result<proto::CalendarExport, Error> {
    let window = Stretch {
        start: ctx.now.saturating_sub(BEHIND),
        end: Timestamp::MAX,
    };
    let limit = MOST_EVENTS as u64 + 1;
    let mut found = window::find(ctx, db, &[id], (window, Which::All), limit).await?;
    let more = found.len() > MOST_EVENTS;
    found.truncate(MOST_EVENTS);
    let ids: Vec<Uuid> = found.iter().map(|it| it.event_id).collect();
    let mut guests: HashMap<Uuid, Vec<calendar_attendee::Model>> = HashMap::new();
    for guest in calendar::attendees(ctx, db, ids.iter().copied()).await? {
        guests.entry(guest.event_id).or_default().push(guest);
    }
    let rows = calendar::rows(ctx, db, ids).await?;
    let sellers = guests.values().flatten().filter_map(|it| it.seller_id);
    let sellers: HashSet<Uuid> = sellers.collect();
    let names = seller::names(ctx, db, sellers).await?;
    let now = ctx.now;
    aside(move || {
        let mut entries = Vec::with_capacity(rows.len());
        for row in &rows {
            let guests = guests.remove(&row.event_id).unwrap_or_default();
            entries.push(entry(row, &guests, (&names, reader))?);
        }
        entries.sort_by_cached_key(|it| (it.series.bounds().end, it.uid.clone()));
        let (content, count) = ical::calendar(&entries, now, MOST_BYTES);
        Ok(proto::CalendarExport {
            content,
            event_count: i32::try_from(count).unwrap_or(i32::MAX),
            truncated: more || count < entries.len(),
        })
    })
    .await
}

/// An event as it is written for a reader.
fn entry(
    row: &calendar_event::Model,
    guests: &[calendar_attendee::Model],
    (names, reader): (&HashMap<Uuid, String>, Option<Uuid>),
) -> Result<Entry, Error> {
    let said = convert::said(&row.document)?;
    let private = convert::is_private(&said.document);
    let takes_part = reader.is_some() && guests.iter().any(|it| it.seller_id == reader);
    let view = View::of(takes_part, private);
    let name = |id: Uuid| names.get(&id).cloned().unwrap_or_default();
    let full = view == View::Full;
    let mut invited = Vec::new();
    for guest in guests.iter().filter(|it| full && it.position > 0) {
        let name = guest.seller_id.map(name).unwrap_or_default();
        invited.extend(written_guest(guest, name)?);
    }
    Ok(Entry {
        uid: format!("{}@rapport", row.event_id),
        words: of(&said.document, full),
        changes: changes(&said, &invited, full),
        zone: said.document.time_zone.clone(),
        stamp: row.update_time,
        sequence: row.sequence,
        private,
        free: said.document.free,
        organizer: (urn(row.organizer_id), name(row.organizer_id)),
        attendees: invited.into_iter().map(|(guest, _)| guest).collect(),
        reminders: said
            .document
            .reminder_minutes
            .iter()
            .copied()
            .filter(|_| full)
            .collect(),
        series: said.series,
    })
}

fn of(event: &proto::CalendarEvent, full: bool) -> Words {
    match full {
        true => Words {
            title: event.title.clone(),
            description: event.description.clone(),
            location: event.location.clone(),
        },
        false => Words {
            title: "Busy".to_owned(),
            ..Words::default()
        },
    }
}

/// The instances that differ, or to which somebody answered by itself.
fn changes(said: &Said, invited: &[(Guest, Answers)], full: bool) -> Vec<Change> {
    let series = &said.series;
    let changed = said.document.changes.iter();
    let changed = changed.filter_map(|it| {
        let original = Timestamp::try_from(it.original_start_time?).ok()?;
        Some((
            original,
            it.slot.as_ref().and_then(|it| convert::slot(it).ok()),
        ))
    });
    let changed: BTreeMap<Timestamp, Option<Slot>> = changed.collect();
    let answered = invited
        .iter()
        .flat_map(|(_, answers)| answers.single().keys());
    let originals: BTreeSet<Timestamp> = changed.keys().chain(answered).copied().collect();
    let times = series.times_of(&originals);
    let changes = originals.into_iter().filter_map(|original| {
        let own = || Some(series.slot().at(*times.get(&original)?, series.zone()));
        Some(Change {
            original,
            slot: changed.get(&original).copied().flatten().or_else(own)?,
            words: of(&words(said, original), full),
            attendees: invited.iter().map(|it| at(it, original)).collect(),
        })
    });
    changes.collect()
}

/// Somebody with what was answered to an instance.
fn at((guest, answers): &(Guest, Answers), original: Timestamp) -> Guest {
    Guest {
        response: answers.to(original),
        ..guest.clone()
    }
}

fn written_guest(
    row: &calendar_attendee::Model,
    name: String,
) -> Result<Option<(Guest, Answers)>, Error> {
    let address = convert::of_row(row).map(|who| match who {
        Who::Seller(id) | Who::Customer(id) => urn(id),
        Who::Email(email) => format!("mailto:{email}"),
    });
    let answers = convert::answers(row)?;
    let response = answers.whole();
    let optional = row.optional;
    let guest = address.map(|address| Guest {
        address,
        name,
        response,
        optional,
    });
    Ok(guest.map(|guest| (guest, answers)))
}

fn urn(id: Uuid) -> String {
    format!("urn:uuid:{id}")
}
