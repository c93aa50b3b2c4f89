//! Hours of the day without contacts, by the clock on the wall where the customer is.

use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Span, Zoned};
use rapport_platform::time::Timestamp;

use super::reach::Reach;
use crate::domain::channel::{Channel, Purpose};
use crate::domain::invalid::{Invalid, InvalidFields};

const MINUTES_PER_DAY: i32 = 24 * 60;

/// Changes of the clock that are looked at to find the end of a quiet period: it lasts a day at
/// most, and no zone changes its clock more often than that.
const CLOCK_CHANGES: usize = 4;

/// A period of the day that begins on some days of the week.
///
/// What counts is what the clock on the wall shows, also in the night in which it is changed: a
/// quiet hour that the clock skips does not take place, and one that it shows twice is quiet twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuietHours {
    /// First minute of the day, from 0.
    start: i32,
    /// First minute after it, up to 1,440; at most `start` when it ends on the next day.
    end: i32,
    /// The days on which it begins, Monday first.
    days: [bool; 7],
    reach: Reach,
    /// The clock that it goes by, where that is not the customer's: of a record that was merged.
    clock: Option<TimeZone>,
}

/// What was sent of a time of day.
#[derive(Debug, Clone, Copy, Default)]
pub struct TimeOfDayParts {
    /// 0 to 23, or 24 for the end of the day.
    pub hours: i32,
    /// 0 to 59.
    pub minutes: i32,
    /// Must be 0.
    pub seconds: i32,
    /// Must be 0.
    pub nanos: i32,
}

impl QuietHours {
    /// Reads a period; `days` are numbered from 1 for Monday, none means every day.
    pub fn parse(
        start: TimeOfDayParts,
        end: TimeOfDayParts,
        days: &[i32],
        channels: &[i32],
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let start = faults.take("start", minute_of_day(start, MINUTES_PER_DAY - 1));
        let end = faults.take("end", minute_of_day(end, MINUTES_PER_DAY));
        let days = faults.take("days", weekdays(days));
        let reach = faults.take("", Reach::parse(channels, &[]));
        let complete = start.zip(end).zip(days.zip(reach));
        faults.finish(complete.map(|((start, end), (days, reach))| Self {
            start,
            end,
            days,
            reach,
            clock: None,
        }))
    }

    /// The same by another clock than the customer's.
    #[must_use]
    pub fn by_clock(self, clock: Option<TimeZone>) -> Self {
        Self { clock, ..self }
    }

    /// First minute of the day.
    pub const fn start(&self) -> i32 {
        self.start
    }

    /// First minute after it, up to 1,440.
    pub const fn end(&self) -> i32 {
        self.end
    }

    /// The days on which it begins, from 1 for Monday; none when it is every day.
    pub fn named_days(&self) -> Vec<i32> {
        let begins = (1..=7).zip(self.days).filter(|(_, begins)| *begins);
        let named: Vec<i32> = begins.map(|(day, _)| day).collect();
        match named.len() {
            7 => Vec::new(),
            _ => named,
        }
    }

    /// Which contacts it is about.
    pub const fn reach(&self) -> Reach {
        self.reach
    }

    /// Whether it is about such contacts.
    pub fn is_about(&self, channel: Channel, purpose: Purpose) -> bool {
        self.reach.covers(channel, purpose)
    }

    /// Whether the clock shows a quiet minute.
    pub fn covers(&self, zone: &TimeZone, at: Timestamp) -> bool {
        let local = self.clock(zone).to_datetime(at.to_jiff());
        let minute = i32::from(local.hour()) * 60 + i32::from(local.minute());
        let today = self.begins_on(local.date().weekday());
        let yesterday = self.begins_on(local.date().weekday().previous());
        if self.start < self.end {
            return today && (self.start..self.end).contains(&minute);
        }
        today && minute >= self.start || yesterday && minute < self.end
    }

    /// The first instant after a quiet one at which it is over.
    pub fn over_from(&self, zone: &TimeZone, at: Timestamp) -> Timestamp {
        let zone = self.clock(zone);
        let date = zone.to_datetime(at.to_jiff()).date();
        let ends = [date, tomorrow(date)]
            .into_iter()
            .filter_map(|date| instant(zone, date, self.end));
        let mut candidates: Vec<Timestamp> = ends.chain(clock_changes(zone, at)).collect();
        candidates.sort_unstable();
        let over = candidates
            .into_iter()
            .find(|&candidate| candidate > at && !self.covers(zone, candidate));
        // Quiet round the clock: it is asked again tomorrow.
        over.unwrap_or_else(|| at.saturating_add(DAY))
    }

    /// An instant after `at` up to which it stays as quiet, or as little so, as it is at `at`.
    pub fn same_until(&self, zone: &TimeZone, at: Timestamp) -> Timestamp {
        if self.covers(zone, at) {
            return self.over_from(zone, at);
        }
        let zone = self.clock(zone);
        let date = zone.to_datetime(at.to_jiff()).date();
        let starts = [date, tomorrow(date)]
            .into_iter()
            .filter_map(|date| instant(zone, date, self.start));
        let next = starts
            .chain(clock_changes(zone, at))
            .filter(|&candidate| candidate > at)
            .min();
        next.unwrap_or_else(|| at.saturating_add(DAY))
    }

    /// The clock that it goes by, where the customer goes by `zone`.
    fn clock<'a>(&'a self, zone: &'a TimeZone) -> &'a TimeZone {
        self.clock.as_ref().unwrap_or(zone)
    }

    fn begins_on(&self, day: Weekday) -> bool {
        let index = usize::try_from(day.to_monday_zero_offset()).unwrap_or_default();
        self.days.get(index).copied().unwrap_or_default()
    }
}

const DAY: std::time::Duration = std::time::Duration::from_hours(24);

fn tomorrow(date: Date) -> Date {
    date.saturating_add(Span::new().days(1))
}

/// When the clock shows that minute of the day; minute 1,440 is midnight at its end.
fn instant(zone: &TimeZone, date: Date, minute: i32) -> Option<Timestamp> {
    let (date, minute) = match minute {
        MINUTES_PER_DAY => (tomorrow(date), 0),
        minute => (date, minute),
    };
    let (hour, minute) = (
        i8::try_from(minute / 60).ok()?,
        i8::try_from(minute % 60).ok()?,
    );
    let time = Time::new(hour, minute, 0, 0).ok()?;
    let zoned: Zoned = zone
        .to_ambiguous_zoned(date.to_datetime(time))
        .compatible()
        .ok()?;
    Some(zoned.timestamp().into())
}

fn clock_changes(zone: &TimeZone, after: Timestamp) -> impl Iterator<Item = Timestamp> {
    let changes = zone.following(after.to_jiff()).take(CLOCK_CHANGES);
    let changes: Vec<Timestamp> = changes.map(|it| it.timestamp().into()).collect();
    changes.into_iter()
}

fn minute_of_day(parts: TimeOfDayParts, most: i32) -> Result<i32, Invalid> {
    let TimeOfDayParts {
        hours,
        minutes,
        seconds,
        nanos,
    } = parts;
    let whole = (0..=24).contains(&hours) && (0..60).contains(&minutes);
    let minute = hours.saturating_mul(60).saturating_add(minutes);
    if whole && seconds == 0 && nanos == 0 && minute <= most {
        return Ok(minute);
    }
    Err(Invalid::new(
        "is no whole minute of the day: write hours 0 to 23 and minutes 0 to 59 (24:00 only as an \
         end)",
    ))
}

fn weekdays(numbers: &[i32]) -> Result<[bool; 7], Invalid> {
    if numbers.is_empty() {
        return Ok([true; 7]);
    }
    let mut days = [false; 7];
    for &number in numbers {
        let day = usize::try_from(number - 1)
            .ok()
            .and_then(|it| days.get_mut(it));
        let Some(day) = day else {
            return Err(Invalid::new(
                "has a value that is no day: write MONDAY to SUNDAY",
            ));
        };
        *day = true;
    }
    Ok(days)
}

#[cfg(test)]
mod tests;
