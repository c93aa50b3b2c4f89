//! Zones as iCalendar describes them, for programs that do not know them by name.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};
use rapport_platform::time::Timestamp;

use super::ical::Lines;
use super::slot::Stretch;

/// Most changes of clocks that are told: more than a century's.
const MOST_CHANGES: usize = 400;

/// From one offset to another, under a name, in summer or not.
type Observance = (bool, i32, i32, String);

/// Describes a zone as far as it matters in a stretch of time: what held when it began, and each
/// change of clocks in it.
pub(super) fn write(lines: &mut Lines, name: &str, zone: &TimeZone, told: Stretch) {
    lines.add("BEGIN", "VTIMEZONE");
    lines.add("TZID", name);
    for ((summer, from, to, name), onsets) in observances(zone, told) {
        let kind = if summer { "DAYLIGHT" } else { "STANDARD" };
        lines.add("BEGIN", kind);
        lines.add("TZOFFSETFROM", &offset(from));
        lines.add("TZOFFSETTO", &offset(to));
        lines.text("TZNAME", &name);
        let onsets: Vec<String> = onsets
            .iter()
            .map(|it| it.strftime("%Y%m%dT%H%M%S").to_string())
            .collect();
        if let Some((first, others)) = onsets.split_first() {
            lines.add("DTSTART", first);
            if !others.is_empty() {
                lines.add("RDATE", &others.join(","));
            }
        }
        lines.add("END", kind);
    }
    lines.add("END", "VTIMEZONE");
}

fn observances(zone: &TimeZone, told: Stretch) -> BTreeMap<Observance, Vec<DateTime>> {
    let mut all: BTreeMap<Observance, Vec<DateTime>> = BTreeMap::new();
    let first = told.start.to_jiff();
    let before = zone.preceding(first).next().map(|it| it.timestamp());
    let now = zone.to_offset_info(first);
    let onset = before.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    let ago = jiff::SignedDuration::from_secs(1);
    let mut from = match before.map(|it| it.saturating_sub(ago)) {
        Some(Ok(earlier)) => zone.to_offset(earlier),
        _ => now.offset(),
    };
    let mut add = |from: Offset, to: Offset, summer: bool, name: &str, onset: jiff::Timestamp| {
        let observance = (summer, from.seconds(), to.seconds(), name.to_owned());
        all.entry(observance)
            .or_default()
            .push(from.to_datetime(onset));
    };
    add(
        from,
        now.offset(),
        now.dst().is_dst(),
        now.abbreviation(),
        onset,
    );
    from = now.offset();
    let changes = zone.following(first).take(MOST_CHANGES);
    for change in changes.take_while(|it| it.timestamp() < told.end.to_jiff()) {
        add(
            from,
            change.offset(),
            change.dst().is_dst(),
            change.abbreviation(),
            change.timestamp(),
        );
        from = change.offset();
    }
    all
}

/// `+0100`, with seconds where there are such.
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let all = seconds.unsigned_abs();
    let (hours, minutes, rest) = (all / 3_600, all / 60 % 60, all % 60);
    match rest {
        0 => format!("{sign}{hours:02}{minutes:02}"),
        _ => format!("{sign}{hours:02}{minutes:02}{rest:02}"),
    }
}

/// What is told of the zone of events: from the first of them to ten years from now, or to the last of
/// those that end.
pub(super) fn told(events: &[Stretch], now: Timestamp) -> Stretch {
    const TEN_YEARS: u64 = 3_653 * 86_400;
    let soon = now.saturating_add(std::time::Duration::from_secs(TEN_YEARS));
    let ends = events.iter().map(|it| it.end);
    let last = ends.filter(|it| *it < Timestamp::MAX).max();
    Stretch {
        start: events.iter().map(|it| it.start).fold(now, Timestamp::min),
        end: last.map_or(soon, |it| it.max(soon)),
    }
}
