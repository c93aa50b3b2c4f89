//! Calendars as other programs read them: iCalendar (RFC 5545).
//!
//! Written by hand: the crates for it write no `VTIMEZONE`, without which what repeats is off by an
//! hour after the clocks change wherever a zone is not known by its name.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use rapport_platform::time::Timestamp;

use super::series::Series;
use super::slot::{Slot, Stretch, civil, instant};
use super::{CalendarResponse, vtimezone};

/// Longest line, in octets, without its end (RFC 5545, 3.1).
const LINE: usize = 75;

/// An event to be written.
#[derive(Clone, Debug)]
pub struct Entry {
    /// Identifies it for ever.
    pub uid: String,
    /// When it takes place.
    pub series: Series,
    /// The name of its zone.
    pub zone: String,
    /// What it is about.
    pub words: Words,
    /// When it last changed.
    pub stamp: Timestamp,
    /// How often its time changed.
    pub sequence: i32,
    /// Whether only those who take part may read it.
    pub private: bool,
    /// Whether people are free meanwhile.
    pub free: bool,
    /// Who organises it: as a URI, and by name.
    pub organizer: (String, String),
    /// Who else takes part.
    pub attendees: Vec<Guest>,
    /// How many minutes before people are reminded.
    pub reminders: Vec<i32>,
    /// Instances that differ, in order.
    pub changes: Vec<Change>,
}

/// What something is about.
#[derive(Clone, Debug, Default)]
pub struct Words {
    /// What it is called.
    pub title: String,
    /// In many words.
    pub description: String,
    /// Where it is.
    pub location: String,
}

/// Somebody who was invited.
#[derive(Clone, Debug)]
pub struct Guest {
    /// Who, as a URI.
    pub address: String,
    /// What they are called; empty if nobody knows.
    pub name: String,
    /// What was answered.
    pub response: CalendarResponse,
    /// Whether it can take place without.
    pub optional: bool,
}

/// An instance that differs, or to which somebody answered by itself.
#[derive(Clone, Debug)]
pub struct Change {
    /// Which.
    pub original: Timestamp,
    /// When it takes place.
    pub slot: Slot,
    /// What it is about.
    pub words: Words,
    /// Who else takes part, with what they answered to it.
    pub attendees: Vec<Guest>,
}

/// Lines of a calendar, folded.
#[derive(Debug, Default)]
pub(super) struct Lines(String);

impl Lines {
    /// Adds a property whose value is written as it is.
    pub(super) fn add(&mut self, name: &str, value: &str) {
        let mut room = LINE;
        for it in format!("{name}:{value}").chars() {
            if it.len_utf8() > room {
                self.0.push_str("\r\n ");
                room = LINE - 1;
            }
            self.0.push(it);
            room -= it.len_utf8();
        }
        self.0.push_str("\r\n");
    }

    /// Adds a property whose value is text (RFC 5545, 3.3.11), unless there is none.
    pub(super) fn text(&mut self, name: &str, value: &str) {
        if value.is_empty() {
            return;
        }
        let mut escaped = String::with_capacity(value.len());
        for it in value.chars() {
            match it {
                '\\' | ';' | ',' => escaped.extend(['\\', it]),
                '\n' => escaped.push_str("\\n"),
                it if it.is_control() && it != '\t' => {}
                it => escaped.push(it),
            }
        }
        self.add(name, &escaped);
    }

    /// Adds an instant, on the clocks of the event's zone where they show it.
    fn moment(&mut self, name: &str, at: Timestamp, entry: &Entry) {
        let zone = entry.series.zone();
        let local = civil(zone, at);
        match instant(zone, local) == at && !is_utc(&entry.zone) {
            true => self.add(&format!("{name};TZID={}", entry.zone), &stamp(local)),
            false => self.add(name, &utc(at)),
        }
    }

    /// Adds when something begins.
    fn begins(&mut self, name: &str, slot: Slot, entry: &Entry) {
        match slot {
            Slot::Timed { start, .. } => self.moment(name, start, entry),
            Slot::Days { first, .. } => self.day(name, first),
        }
    }

    fn day(&mut self, name: &str, day: jiff::civil::Date) {
        self.add(
            &format!("{name};VALUE=DATE"),
            &day.strftime("%Y%m%d").to_string(),
        );
    }
}

fn is_utc(zone: &str) -> bool {
    matches!(zone, "UTC" | "Etc/UTC")
}

fn stamp(time: DateTime) -> String {
    time.strftime("%Y%m%dT%H%M%S").to_string()
}

fn utc(time: Timestamp) -> String {
    time.to_jiff().strftime("%Y%m%dT%H%M%SZ").to_string()
}

/// A calendar with events, and the rules of the zones in which they are; and how many of them found
/// room in so many bytes.
pub fn calendar(entries: &[Entry], now: Timestamp, most: usize) -> (String, usize) {
    let mut lines = Lines::default();
    lines.add("BEGIN", "VCALENDAR");
    lines.add("VERSION", "2.0");
    lines.add("PRODID", "-//Rapport//Sales//EN");
    lines.add("CALSCALE", "GREGORIAN");
    // How often programs are to look.
    lines.add("REFRESH-INTERVAL;VALUE=DURATION", "PT15M");
    for (name, entry) in zones(entries) {
        let bounds: Vec<Stretch> = entry.iter().map(|it| it.series.bounds()).collect();
        let told = vtimezone::told(&bounds, now);
        if let Some(entry) = entry.first() {
            vtimezone::write(&mut lines, name, entry.series.zone(), told);
        }
    }
    let mut count = 0;
    for entry in entries {
        let before = lines.0.len();
        event(&mut lines, entry);
        if lines.0.len() > most {
            lines.0.truncate(before);
            break;
        }
        count += 1;
    }
    lines.add("END", "VCALENDAR");
    (lines.0, count)
}

/// The zones that are named, with what is in them.
fn zones(entries: &[Entry]) -> BTreeMap<&str, Vec<&Entry>> {
    let mut zones: BTreeMap<&str, Vec<&Entry>> = BTreeMap::new();
    let named = |it: &&Entry| !it.series.slot().is_days() && !is_utc(&it.zone);
    for entry in entries.iter().filter(named) {
        zones.entry(entry.zone.as_str()).or_default().push(entry);
    }
    zones
}

fn event(lines: &mut Lines, entry: &Entry) {
    let series = &entry.series;
    let named = entry.changes.iter().map(|it| it.original);
    let named = named.chain(series.excluded().iter().copied()).collect();
    let times = series.times_of(&named);
    let whole = (series.slot(), &entry.words, entry.attendees.as_slice());
    component(lines, entry, whole, |lines| {
        if let Some(rule) = series.rule() {
            lines.add("RRULE", &rule.text());
        }
        for excluded in series.excluded() {
            exception(lines, "EXDATE", (*excluded, &times), entry);
        }
    });
    for change in &entry.changes {
        let part = (change.slot, &change.words, change.attendees.as_slice());
        component(lines, entry, part, |lines| {
            exception(lines, "RECURRENCE-ID", (change.original, &times), entry);
        });
    }
}

/// Names an instance by when it would begin.
fn exception(
    lines: &mut Lines,
    name: &str,
    (original, times): (Timestamp, &BTreeMap<Timestamp, DateTime>),
    entry: &Entry,
) {
    let series = &entry.series;
    // By the rule's own time, which the clocks may leave out.
    let time = times.get(&original).copied();
    let time = time.unwrap_or_else(|| civil(series.zone(), original));
    match series.slot().is_days() {
        true => lines.day(name, time.date()),
        false if is_utc(&entry.zone) => lines.add(name, &utc(original)),
        false => lines.add(&format!("{name};TZID={}", entry.zone), &stamp(time)),
    }
}

/// The parameter with what somebody is called (RFC 5545, 3.2.2), which can't have some characters.
fn called(name: &str) -> String {
    let kept = name.chars().filter(|it| !it.is_control() && *it != '"');
    let kept: String = kept.collect();
    match kept.is_empty() {
        true => kept,
        false => format!(";CN=\"{kept}\""),
    }
}

fn component(
    lines: &mut Lines,
    entry: &Entry,
    (slot, words, attendees): (Slot, &Words, &[Guest]),
    instance: impl FnOnce(&mut Lines),
) {
    lines.add("BEGIN", "VEVENT");
    lines.text("UID", &entry.uid);
    lines.add("DTSTAMP", &utc(entry.stamp));
    lines.add("LAST-MODIFIED", &utc(entry.stamp));
    lines.add("SEQUENCE", &entry.sequence.to_string());
    lines.begins("DTSTART", slot, entry);
    match slot {
        Slot::Timed { seconds, .. } => lines.add("DURATION", &format!("PT{seconds}S")),
        Slot::Days { first, .. } => lines.day("DTEND", slot.end_date().unwrap_or(first)),
    }
    instance(lines);
    lines.text("SUMMARY", &words.title);
    lines.text("DESCRIPTION", &words.description);
    lines.text("LOCATION", &words.location);
    lines.add("STATUS", "CONFIRMED");
    lines.add("CLASS", if entry.private { "PRIVATE" } else { "PUBLIC" });
    lines.add("TRANSP", if entry.free { "TRANSPARENT" } else { "OPAQUE" });
    let (organizer, name) = &entry.organizer;
    lines.add(&format!("ORGANIZER{}", called(name)), organizer);
    for guest in attendees {
        let role = if guest.optional {
            "OPT-PARTICIPANT"
        } else {
            "REQ-PARTICIPANT"
        };
        let name = format!(
            "ATTENDEE;ROLE={role};PARTSTAT={}{}",
            guest.response.partstat(),
            called(&guest.name)
        );
        lines.add(&name, &guest.address);
    }
    for minutes in &entry.reminders {
        lines.add("BEGIN", "VALARM");
        lines.add("ACTION", "DISPLAY");
        lines.add("TRIGGER", &format!("-PT{minutes}M"));
        lines.text("DESCRIPTION", &words.title);
        lines.add("END", "VALARM");
    }
    lines.add("END", "VEVENT");
}
