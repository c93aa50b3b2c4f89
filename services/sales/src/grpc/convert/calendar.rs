//! What takes people's time.

mod attendee;

use std::collections::HashSet;

use prost::Message as _;
use rapport_platform::etag::Etag;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::link::Link;
use rapport_platform::text as texts;
use rapport_platform::time::Timestamp;
use rapport_platform::zone::ZoneName;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

pub(in crate::grpc) use attendee::{
    Invited, MOST_ATTENDEES, Who, answers, answers_of, attendee_to_proto, invitee, kept_answers,
    of_row,
};

use super::{day, instant, text, to_day};
use crate::domain::calendar::CalendarVisibility;
use crate::domain::calendar::series::Series;
use crate::domain::calendar::slot::{Slot, SlotParts};
use crate::domain::date;
use crate::error::{Error, unreadable};
use crate::resource::{self, CALENDAR_EVENT, SELLER};
use crate::store::calendar::Record;
use crate::store::entity::calendar_event;
use crate::store::link;

/// What callers may name in an update.
pub(in crate::grpc) const UPDATABLE: [&str; 11] = [
    "title",
    "description",
    "location",
    "slot",
    "time_zone",
    "recurrence_rule",
    "attendees",
    "links",
    "visibility",
    "free",
    "reminder_minutes",
];

const MOST_REMINDERS: usize = 5;
/// Four weeks.
const MOST_MINUTES: i32 = 40_320;
const MAX_TITLE: usize = 200;
const MAX_DESCRIPTION: usize = 4_000;
const MAX_LOCATION: usize = 300;

/// What somebody wrote.
#[derive(Clone, Debug)]
pub(in crate::grpc) struct Draft {
    pub(in crate::grpc) organizer: Uuid,
    pub(in crate::grpc) invited: Vec<Invited>,
    pub(in crate::grpc) links: Vec<Link>,
    /// What is stored as it is.
    pub(in crate::grpc) said: Said,
}

/// What an event says, and when that takes place.
#[derive(Clone, Debug)]
pub(in crate::grpc) struct Said {
    pub(in crate::grpc) document: proto::CalendarEvent,
    pub(in crate::grpc) series: Series,
}

/// What an event says, without what was changed of its instances.
pub(in crate::grpc) fn draft(sent: &proto::CalendarEvent) -> Result<Draft, InvalidFields> {
    let mut faults = InvalidFields::default();
    let organizer = faults.take("organizer", resource::required(SELLER, &sent.organizer));
    let invited = faults.take("attendees", attendee::attendees(sent, organizer));
    let links: Vec<&str> = sent.links.iter().map(String::as_str).collect();
    let links = faults.take("links", Link::parse_all(&links));
    let document = document(sent, &mut faults);
    let times = document.as_ref().map(series);
    let series = times.and_then(|read| faults.take("", read));
    let said = document
        .zip(series)
        .map(|(document, series)| Said { document, series });
    let who = organizer.zip(invited).zip(links.zip(said));
    faults.finish(who.map(|((organizer, invited), (links, said))| Draft {
        organizer,
        invited,
        links,
        said,
    }))
}

fn document(
    sent: &proto::CalendarEvent,
    faults: &mut InvalidFields,
) -> Option<proto::CalendarEvent> {
    let title = faults.take("title", texts::line(&sent.title, MAX_TITLE));
    let description = texts::optional_passage(&sent.description, MAX_DESCRIPTION);
    let description = faults.take("description", description);
    let location = texts::optional_line(&sent.location, MAX_LOCATION);
    let location = faults.take("location", location);
    let zone = faults.take("time_zone", ZoneName::parse(&sent.time_zone));
    let visibility = match sent.visibility {
        0 => Ok(CalendarVisibility::Team),
        number => CalendarVisibility::try_from(number),
    };
    let visibility = faults.take("visibility", visibility);
    let minutes = faults.take("reminder_minutes", reminders(&sent.reminder_minutes));
    let words = title.zip(description).zip(location);
    let rest = zone.zip(visibility).zip(minutes);
    let all = words.zip(rest);
    all.map(
        |(((title, description), location), ((zone, visibility), minutes))| proto::CalendarEvent {
            title,
            description: text(description),
            location: text(location),
            slot: sent.slot,
            time_zone: zone.as_str().to_owned(),
            recurrence_rule: sent.recurrence_rule.clone(),
            visibility: visibility.number(),
            free: sent.free,
            reminder_minutes: minutes,
            ..Default::default()
        },
    )
}

fn reminders(minutes: &[i32]) -> Result<Vec<i32>, Invalid> {
    let distinct: HashSet<&i32> = minutes.iter().collect();
    let fit = minutes.iter().all(|it| (0..=MOST_MINUTES).contains(it));
    if minutes.len() > MOST_REMINDERS || distinct.len() != minutes.len() || !fit {
        return Err(Invalid::new(
            "must be at most 5 different numbers from 0 to 40,320",
        ));
    }
    let mut minutes = minutes.to_vec();
    minutes.sort_unstable();
    Ok(minutes)
}

/// A slot as a message has it.
pub(in crate::grpc) fn slot(sent: &proto::CalendarSlot) -> Result<Slot, InvalidFields> {
    let proto::CalendarSlot {
        start_time,
        end_time,
        start_date,
        end_date,
    } = sent;
    let mut faults = InvalidFields::default();
    let start = faults.take("start_time", instant(start_time.as_ref()));
    let end = faults.take("end_time", instant(end_time.as_ref()));
    let first = faults.take("start_date", day(start_date.as_ref()));
    let after = faults.take("end_date", day(end_date.as_ref()));
    let parts = start.zip(end).zip(first.zip(after));
    let parts = faults.finish(parts.map(|(times, dates)| SlotParts { times, dates }))?;
    Slot::parse(&parts)
}

/// A slot on the wire.
pub(in crate::grpc) fn slot_to_proto(slot: Slot) -> proto::CalendarSlot {
    match slot {
        Slot::Timed { .. } => {
            let stretch = slot.stretch(&jiff::tz::TimeZone::UTC);
            proto::CalendarSlot {
                start_time: Some(stretch.start.into()),
                end_time: Some(stretch.end.into()),
                ..Default::default()
            }
        }
        Slot::Days { first, .. } => proto::CalendarSlot {
            start_date: Some(to_day(date::number(first))),
            end_date: slot.end_date().map(|it| to_day(date::number(it))),
            ..Default::default()
        },
    }
}

/// When an event takes place, by what it says.
pub(in crate::grpc) fn series(said: &proto::CalendarEvent) -> Result<Series, InvalidFields> {
    let fault = |field: &'static str| move |it: InvalidFields| nested(field, it);
    let missing = || InvalidFields::from(Invalid::new("is required").within("slot"));
    let first = slot(said.slot.as_ref().ok_or_else(missing)?).map_err(fault("slot"))?;
    let zone = ZoneName::parse(&said.time_zone).map_err(|it| it.within("time_zone"))?;
    let series = Series::parse(first, zone.zone(), &said.recurrence_rule)?;
    let original = |it: &prost_types::Timestamp| Timestamp::try_from(*it).ok();
    let moved = said.changes.iter().filter_map(|change| {
        let slot = slot(change.slot.as_ref()?).ok()?;
        Some((original(change.original_start_time.as_ref()?)?, slot))
    });
    Ok(series.except(said.excluded_times.iter().filter_map(original), moved))
}

/// Faults one level further in.
fn nested(field: &str, faults: InvalidFields) -> InvalidFields {
    let mut all = InvalidFields::default();
    all.take::<(), _>(field, Err(faults));
    all
}

/// What the event in a row says.
pub(in crate::grpc) fn said(document: &[u8]) -> Result<Said, Error> {
    const READING: &str = "reading a stored event";
    let document = proto::CalendarEvent::decode(document).map_err(unreadable(READING))?;
    let series = series(&document).map_err(unreadable(READING))?;
    Ok(Said { document, series })
}

/// An event on the wire.
pub(in crate::grpc) fn to_proto(record: &Record) -> Result<proto::CalendarEvent, Error> {
    let Record {
        row,
        attendees,
        links,
    } = record;
    let calendar_event::Model {
        tenant_id: _,
        event_id,
        organizer_id,
        state,
        document,
        sequence,
        reminded_time: _,
        next_reminder_time: _,
        version,
        create_time,
        update_time,
    } = row;
    let mut seen = HashSet::new();
    let others = attendees.iter().filter(|it| it.position > 0);
    let others = others.filter(|it| of_row(it).is_some_and(|who| seen.insert(who)));
    Ok(proto::CalendarEvent {
        name: CALENDAR_EVENT.format(&[*event_id]),
        organizer: resource::seller(*organizer_id),
        attendees: others.map(attendee_to_proto).collect::<Result<_, _>>()?,
        links: link::names(links),
        state: i32::from(*state),
        sequence: *sequence,
        create_time: Some((*create_time).into()),
        update_time: Some((*update_time).into()),
        etag: Etag::of(*version),
        ..said(document)?.document
    })
}

/// What everybody may be told of an event: of one that is private, only when it is.
pub(in crate::grpc) fn told(record: &Record) -> Result<proto::CalendarEvent, Error> {
    let event = to_proto(record)?;
    match is_private(&event) {
        true => Ok(veiled(event)),
        false => Ok(event),
    }
}

/// Whether only those who take part may read what an event is about.
pub(in crate::grpc) const fn is_private(event: &proto::CalendarEvent) -> bool {
    event.visibility == CalendarVisibility::Private.number()
}

/// What those see of an event who may only know that it takes time.
pub(in crate::grpc) fn veiled(event: proto::CalendarEvent) -> proto::CalendarEvent {
    let when = |change: proto::CalendarInstanceChange| proto::CalendarInstanceChange {
        original_start_time: change.original_start_time,
        slot: change.slot,
        ..Default::default()
    };
    proto::CalendarEvent {
        title: String::new(),
        description: String::new(),
        location: String::new(),
        attendees: Vec::new(),
        links: Vec::new(),
        reminder_minutes: Vec::new(),
        changes: event.changes.into_iter().map(when).collect(),
        ..event
    }
}

/// In what an instance differs; none if in nothing.
pub(in crate::grpc) fn change(
    sent: Option<&proto::CalendarInstanceChange>,
    days: bool,
) -> Result<Option<proto::CalendarInstanceChange>, InvalidFields> {
    let Some(sent) = sent else {
        return Ok(None);
    };
    let mut faults = InvalidFields::default();
    let title = faults.take("title", texts::optional_line(&sent.title, MAX_TITLE));
    let description = texts::optional_passage(&sent.description, MAX_DESCRIPTION);
    let description = faults.take("description", description);
    let location = texts::optional_line(&sent.location, MAX_LOCATION);
    let location = faults.take("location", location);
    let moved = match sent.slot.as_ref().map(slot).transpose() {
        Ok(Some(slot)) if slot.is_days() != days => {
            let why = "must be whole days where the event is, and times where it is not";
            faults.push("slot", Invalid::new(why));
            None
        }
        slot => faults.take("slot", slot),
    };
    let all = title.zip(description).zip(location.zip(moved));
    let change = faults.finish(all.map(|((title, description), (location, moved))| {
        proto::CalendarInstanceChange {
            original_start_time: None,
            slot: moved.map(slot_to_proto),
            title: text(title),
            description: text(description),
            location: text(location),
        }
    }))?;
    Ok(Some(change).filter(|it| *it != proto::CalendarInstanceChange::default()))
}
