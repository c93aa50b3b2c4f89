//! Clocks as a store without time zones can reckon with them.

use jiff::tz::TimeZone;
use rapport_platform::time::Timestamp;

/// For how long a zone's clock is so far ahead of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// First instant.
    pub since: Timestamp,
    /// First instant after it.
    pub until: Timestamp,
    /// How far ahead of UTC.
    pub seconds: i32,
}

/// The shifts of a zone's clock that make up a period.
pub fn shifts(zone: &TimeZone, start: Timestamp, end: Timestamp) -> Vec<Shift> {
    let first = zone.to_offset(start.to_jiff()).seconds();
    let changes = zone
        .following(start.to_jiff())
        .map(|it| (Timestamp::from(it.timestamp()), it.offset().seconds()))
        .take_while(|(at, _)| *at < end);
    let mut shifts = vec![Shift {
        since: start,
        until: end,
        seconds: first,
    }];
    for (at, seconds) in changes {
        if let Some(last) = shifts.last_mut() {
            last.until = at;
        }
        shifts.push(Shift {
            since: at,
            until: end,
            seconds,
        });
    }
    shifts
}
