//! Calendars as other programs read them. That such programs find the same instances is a story of
//! `grpc/tests`, which asks one of them.

use super::*;
use crate::domain::calendar::CalendarResponse;
use crate::domain::calendar::ical::{Change, Entry, Guest, Words, calendar};

fn entry(series: Series, zone: &str) -> Entry {
    Entry {
        uid: "1@rapport".to_owned(),
        series,
        zone: zone.to_owned(),
        words: Words {
            title: "Lunch; with, back\\slash".to_owned(),
            description: "Two\nlines, and a very long one indeed: ä王 ".repeat(9),
            location: String::new(),
        },
        stamp: at("2026-01-02T03:04:05Z"),
        sequence: 2,
        private: true,
        free: false,
        organizer: ("urn:uuid:1".to_owned(), "Ann \"A\" Lee; Sales".to_owned()),
        attendees: vec![Guest {
            address: "mailto:ana@example.com".to_owned(),
            name: String::new(),
            response: CalendarResponse::Tentative,
            optional: true,
        }],
        reminders: vec![15],
        changes: Vec::new(),
    }
}

fn lines(entry: Entry) -> Vec<String> {
    let (text, count) = calendar(&[entry], at("2026-01-01T00:00:00Z"), 1_000_000);
    assert_eq!(count, 1);
    assert!(text.ends_with("END:VCALENDAR\r\n"));
    for line in text.split("\r\n") {
        assert!(line.len() <= 75 && !line.contains('\n'), "{line}");
    }
    let unfolded = text.replace("\r\n ", "");
    unfolded.lines().map(str::to_owned).collect()
}

fn has(lines: &[String], line: &str) {
    assert!(
        lines.iter().any(|it| it == line),
        "{line} is not in {lines:#?}"
    );
}

#[test]
fn long_lines_are_folded_and_text_is_escaped() {
    let lines = lines(entry(
        series(hour("2026-03-23T08:00:00Z"), "Europe/Berlin", ""),
        "Europe/Berlin",
    ));
    has(&lines, "SUMMARY:Lunch\\; with\\, back\\\\slash");
    let long = lines
        .iter()
        .find(|it| it.starts_with("DESCRIPTION:Two"))
        .unwrap();
    assert_eq!(
        long.matches("Two\\nlines\\, and a very long one indeed: ä王 ")
            .count(),
        9
    );
    has(
        &lines,
        "ATTENDEE;ROLE=OPT-PARTICIPANT;PARTSTAT=TENTATIVE:mailto:ana@example.com",
    );
    has(&lines, "ORGANIZER;CN=\"Ann A Lee; Sales\":urn:uuid:1");
    // Who takes part is told by no method that only publishes (RFC 5546, 3.2.1).
    assert!(!lines.iter().any(|it| it.starts_with("METHOD")));
    has(&lines, "TRIGGER:-PT15M");
    has(&lines, "SEQUENCE:2");
    has(&lines, "CLASS:PRIVATE");
    has(&lines, "DTSTAMP:20260102T030405Z");
}

#[test]
fn zones_come_with_their_rules() {
    let weekly = series(hour("2026-03-23T08:00:00Z"), "Europe/Berlin", "FREQ=WEEKLY");
    let lines = lines(entry(weekly, "Europe/Berlin"));
    has(&lines, "DTSTART;TZID=Europe/Berlin:20260323T090000");
    has(&lines, "RRULE:FREQ=WEEKLY");
    has(&lines, "TZID:Europe/Berlin");
    // Winter began before, summer in March: local times by the offset that ended.
    has(&lines, "DTSTART:20251026T030000");
    has(&lines, "DTSTART:20260329T020000");
    has(&lines, "TZOFFSETFROM:+0100");
    has(&lines, "TZOFFSETTO:+0200");
}

#[test]
fn zones_are_told_of_until_the_last_event_that_ends() {
    let far = series(hour("2050-07-01T08:00:00Z"), "Europe/Berlin", "");
    let lines = lines(entry(far, "Europe/Berlin"));
    assert!(lines.iter().any(|it| it.contains("20500327T020000")));
    assert!(!lines.iter().any(|it| it.contains("20510326T020000")));
}

#[test]
fn exceptions_are_named_by_the_rules_time() {
    let daily = series(hour("2026-03-28T01:30:00Z"), "Europe/Berlin", "FREQ=DAILY").except(
        [at("2026-03-29T01:30:00Z")],
        [(at("2026-03-30T00:30:00Z"), hour("2026-03-30T10:00:00Z"))],
    );
    let mut entry = entry(daily, "Europe/Berlin");
    entry.changes = vec![Change {
        attendees: entry.attendees.clone(),
        original: at("2026-03-30T00:30:00Z"),
        slot: hour("2026-03-30T10:00:00Z"),
        words: Words {
            title: "Later".to_owned(),
            ..Words::default()
        },
    }];
    let lines = lines(entry);
    has(&lines, "EXDATE;TZID=Europe/Berlin:20260329T023000");
    has(&lines, "RECURRENCE-ID;TZID=Europe/Berlin:20260330T023000");
    has(&lines, "DTSTART;TZID=Europe/Berlin:20260330T120000");
    has(&lines, "SUMMARY:Later");
}

#[test]
fn days_are_dates_and_utc_needs_no_zone() {
    let days = Slot::Days {
        first: date(2026, 3, 28),
        count: 2,
    };
    let days = lines(entry(series(days, "Europe/Berlin", ""), "Europe/Berlin"));
    has(&days, "DTSTART;VALUE=DATE:20260328");
    has(&days, "DTEND;VALUE=DATE:20260330");
    let utc = lines(entry(
        series(hour("2026-03-23T08:00:00Z"), "UTC", ""),
        "UTC",
    ));
    has(&utc, "DTSTART:20260323T080000Z");
    // The second time that the clocks show has no other name.
    let twice = series(hour("2026-10-25T01:30:00Z"), "Europe/Berlin", "");
    has(
        &lines(entry(twice, "Europe/Berlin")),
        "DTSTART:20261025T013000Z",
    );
    for lines in [days, utc] {
        assert!(!lines.iter().any(|it| it.contains("VTIMEZONE")));
    }
}

#[test]
fn a_calendar_has_no_more_than_fits() {
    let entry = entry(series(hour("2026-03-23T08:00:00Z"), "UTC", ""), "UTC");
    let (text, count) = calendar(&vec![entry; 100], at("2026-01-01T00:00:00Z"), 10_000);
    assert!(text.len() < 10_100 && (1..100).contains(&count), "{count}");
    assert_eq!(
        text.matches("BEGIN:VEVENT").count(),
        text.matches("END:VEVENT").count()
    );
}
