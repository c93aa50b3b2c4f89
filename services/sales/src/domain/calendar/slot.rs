//! Stretches of time: as they are agreed, and as they pass.

use std::time::Duration;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, ToSpan as _};
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::time::Timestamp;

/// Longest slot, in days.
const MAX_DAYS: i32 = 31;
/// The years in which slots lie.
const YEARS: std::ops::RangeInclusive<i16> = 1970..=2199;

/// From an instant on until another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stretch {
    /// Its first instant.
    pub start: Timestamp,
    /// The first instant after it.
    pub end: Timestamp,
}

impl Stretch {
    /// Whether a stretch lies in this one, if only in part. One without length does where it begins.
    pub fn touches(&self, other: &Self) -> bool {
        other.start < self.end && (other.end > self.start || other.start >= self.start)
    }

    /// Whether both share time.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end
            && other.start < self.end
            && self.start < self.end
            && other.start < other.end
    }
}

/// When something takes place, as it was agreed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// From an instant on, so many seconds.
    Timed {
        /// The instant.
        start: Timestamp,
        /// How long: the same for each instance, whatever the clocks do meanwhile.
        seconds: i64,
    },
    /// Whole days.
    Days {
        /// The first.
        first: Date,
        /// How many.
        count: i32,
    },
}

/// A slot as it was sent.
#[derive(Clone, Debug, Default)]
pub struct SlotParts {
    /// From when, until when.
    pub times: (Option<Timestamp>, Option<Timestamp>),
    /// The first day, and the one after the last.
    pub dates: (Option<Date>, Option<Date>),
}

impl Slot {
    /// Reads a slot.
    ///
    /// # Errors
    /// The field at fault.
    pub fn parse(parts: &SlotParts) -> Result<Self, InvalidFields> {
        let fault =
            |field: &str, why: &'static str| InvalidFields::from(Invalid::new(why).within(field));
        match (parts.times, parts.dates) {
            ((Some(start), Some(end)), (None, None)) => Self::timed(start, end),
            ((None, None), (Some(first), Some(end))) => Self::days(first, end),
            ((Some(_), None), (None, None)) => Err(fault("end_time", "is required")),
            ((None, None), (Some(_), None)) => Err(fault("end_date", "is required")),
            _ => Err(fault(
                "start_time",
                "must be set with end_time, or else start_date with end_date",
            )),
        }
    }

    fn timed(start: Timestamp, end: Timestamp) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        for (field, time) in [("start_time", start), ("end_time", end)] {
            if time.as_micros() % 1_000_000 != 0 {
                faults.push(field, Invalid::new("must be a whole second"));
            }
            if !YEARS.contains(&civil(&TimeZone::UTC, time).year()) {
                faults.push(field, Invalid::new("must lie in the years 1970 to 2199"));
            }
        }
        let micros = end.as_micros() - start.as_micros();
        let seconds = micros / 1_000_000;
        if micros < 0 || seconds > i64::from(MAX_DAYS) * 86_400 {
            faults.push(
                "end_time",
                Invalid::new("must be at most 31 days after start_time"),
            );
        }
        faults.finish(Some(Self::Timed { start, seconds }))
    }

    fn days(first: Date, end: Date) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        if !YEARS.contains(&first.year()) {
            faults.push(
                "start_date",
                Invalid::new("must lie in the years 1970 to 2199"),
            );
        }
        let count = first.until(end).map_or(-1, |span| span.get_days());
        if !(1..=MAX_DAYS).contains(&count) {
            faults.push(
                "end_date",
                Invalid::new("must be 1 to 31 days after start_date"),
            );
        }
        faults.finish(Some(Self::Days { first, count }))
    }

    /// Whether it is made of whole days.
    pub const fn is_days(&self) -> bool {
        matches!(self, Self::Days { .. })
    }

    /// The time within which it is over, in seconds: what the clocks do meanwhile included.
    pub fn at_most(&self) -> i64 {
        const DAY: i64 = 86_400;
        match self {
            Self::Timed { seconds, .. } => seconds + DAY,
            Self::Days { count, .. } => (i64::from(*count) + 1) * DAY,
        }
    }

    /// When it begins on the clocks of a zone.
    pub fn begins(&self, zone: &TimeZone) -> DateTime {
        match self {
            Self::Timed { start, .. } => civil(zone, *start),
            Self::Days { first, .. } => first.at(0, 0, 0, 0),
        }
    }

    /// The same, beginning at another time on the clocks of a zone.
    #[must_use]
    pub fn at(&self, begins: DateTime, zone: &TimeZone) -> Self {
        match *self {
            Self::Timed { seconds, .. } => Self::Timed {
                start: instant(zone, begins),
                seconds,
            },
            Self::Days { count, .. } => Self::Days {
                first: begins.date(),
                count,
            },
        }
    }

    /// The same, beginning at another instant, or on the day that there is then.
    #[must_use]
    pub fn from(&self, start: Timestamp, zone: &TimeZone) -> Self {
        match *self {
            Self::Timed { seconds, .. } => Self::Timed { start, seconds },
            Self::Days { count, .. } => Self::Days {
                first: civil(zone, start).date(),
                count,
            },
        }
    }

    /// The day after the last of its days.
    pub fn end_date(&self) -> Option<Date> {
        match self {
            Self::Timed { .. } => None,
            Self::Days { first, count } => Some(first.saturating_add(count.days())),
        }
    }

    /// The instants from which and to which it lasts.
    pub fn stretch(&self, zone: &TimeZone) -> Stretch {
        match *self {
            Self::Timed { start, seconds } => {
                let lasts = Duration::from_secs(u64::try_from(seconds).unwrap_or_default());
                Stretch {
                    start,
                    end: start.saturating_add(lasts),
                }
            }
            Self::Days { first, .. } => Stretch {
                start: instant(zone, first.at(0, 0, 0, 0)),
                end: instant(zone, self.end_date().unwrap_or(first).at(0, 0, 0, 0)),
            },
        }
    }
}

/// What the clocks of a zone show at an instant.
pub fn civil(zone: &TimeZone, time: Timestamp) -> DateTime {
    zone.to_datetime(time.to_jiff())
}

/// When the clocks of a zone show a time. One that they leave out is read by the offset before the
/// gap, one that they show twice is the first (RFC 5545, 3.3.5).
pub fn instant(zone: &TimeZone, time: DateTime) -> Timestamp {
    let read = zone.to_ambiguous_zoned(time).compatible();
    read.map_or(Timestamp::MAX, |zoned| zoned.timestamp().into())
}

/// Later by so many seconds, or earlier.
pub fn shifted(time: DateTime, seconds: i64) -> DateTime {
    time.saturating_add(SignedDuration::from_secs(seconds))
}
