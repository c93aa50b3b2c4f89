//! How events repeat, by the rules of RFC 5545.
//!
//! The library is told times on the wall as if they were in UTC and answers such: which instants they
//! are is for the zone to say. What is asked of it is bounded before: nothing more often than daily,
//! nothing that counts further than a thousand, nothing beyond the year 2199.

use jiff::ToSpan as _;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use rapport_platform::invalid::Invalid;
use rapport_platform::time::Timestamp;
use rrule::RRuleSet;

use super::slot::{instant, shifted};

/// Longest rule, in characters.
const MAX_LENGTH: usize = 300;
/// Most instances of a rule that counts them, and longest interval.
const MAX_COUNT: u32 = 1_000;
/// Beyond it, rules go on for whom it may concern.
const LAST_YEAR: i16 = 2199;

/// The parts of a rule that may be there.
const PARTS: [&str; 12] = [
    "FREQ",
    "INTERVAL",
    "COUNT",
    "UNTIL",
    "BYDAY",
    "BYMONTHDAY",
    "BYYEARDAY",
    "BYWEEKNO",
    "BYMONTH",
    "BYSETPOS",
    "WKST",
    "BYWEEKDAY",
];
const FREQUENCIES: [&str; 4] = ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"];

/// How an event repeats from its beginning on.
#[derive(Clone, Debug)]
pub struct Rule {
    parts: Vec<(String, String)>,
    begins: DateTime,
    times: RRuleSet,
    count: Option<u32>,
    /// The last instant at which it may hold. The library is not told: by its times on the wall alone
    /// nobody can say what lies before an instant at which the clocks change.
    until: Option<Timestamp>,
    zone: TimeZone,
}

/// Where and from when on a rule holds.
#[derive(Clone, Copy, Debug)]
pub struct Anchor<'a> {
    /// The first time, on the zone's clocks.
    pub begins: DateTime,
    /// Whose clocks.
    pub zone: &'a TimeZone,
    /// Whether instances are whole days.
    pub days: bool,
}

impl Rule {
    /// Reads the value of an `RRULE`.
    ///
    /// # Errors
    /// When it is no rule, asks for more than it may, or the first time is none of its times.
    pub fn parse(text: &str, anchor: Anchor<'_>) -> Result<Self, Invalid> {
        let parts = parts(text)?;
        let value = |name: &str| value(&parts, name);
        if !value("FREQ").is_some_and(|it| FREQUENCIES.contains(&it)) {
            return Err(Invalid::new(
                "must begin with FREQ=DAILY, WEEKLY, MONTHLY or YEARLY",
            ));
        }
        let picks = |(name, _): &(String, String)| name.starts_with("BY") && name != "BYSETPOS";
        if value("BYSETPOS").is_some() && !parts.iter().any(picks) {
            return Err(Invalid::new("must have another BY… beside BYSETPOS"));
        }
        let count = value("COUNT").map(|it| bounded("COUNT", it)).transpose()?;
        value("INTERVAL")
            .map(|it| bounded("INTERVAL", it))
            .transpose()?;
        let until = value("UNTIL").map(|it| until(it, anchor)).transpose()?;
        if count.is_some() && until.is_some() {
            return Err(Invalid::new("must not have both COUNT and UNTIL"));
        }
        let times = times(&parts, anchor.begins)?;
        let rule = Self {
            parts,
            begins: anchor.begins,
            times,
            count,
            until,
            zone: anchor.zone.clone(),
        };
        if rule.times().next() != Some(anchor.begins) {
            let why = "does not fit: the event's slot must begin at the first of the rule's times";
            return Err(Invalid::new(why));
        }
        Ok(rule)
    }

    /// The times at which it holds, on the zone's clocks, in order.
    pub fn times(&self) -> impl Iterator<Item = DateTime> + use<> {
        self.bounded(&self.times)
    }

    /// The same from a time on, with some before it perhaps. Unless the rule counts, that takes no
    /// longer the longer it has held.
    pub fn times_from(&self, from: DateTime) -> impl Iterator<Item = DateTime> + use<> {
        let nearer = self.nearer(from);
        let nearer = nearer.and_then(|begins| times(&self.parts, begins).ok());
        self.bounded(nearer.as_ref().unwrap_or(&self.times))
    }

    fn bounded(&self, times: &RRuleSet) -> impl Iterator<Item = DateTime> + use<> {
        let utc = |seconds: i64| {
            let seconds = jiff::Timestamp::from_second(seconds).ok()?;
            Some(TimeZone::UTC.to_datetime(seconds))
        };
        let (until, zone) = (self.until, self.zone.clone());
        times
            .into_iter()
            .map_while(move |time| utc(time.timestamp()))
            .take_while(|time| time.year() <= LAST_YEAR)
            .take_while(move |time| until.is_none_or(|until| instant(&zone, *time) <= until))
    }

    /// A later beginning by which the rule has the same times from `from` on: later by whole turns of
    /// it, and earlier than `from` by one, as the first may have only a part of its times.
    fn nearer(&self, from: DateTime) -> Option<DateTime> {
        let value = |name: &str| value(&self.parts, name);
        let interval: i64 = value("INTERVAL").map_or(Some(1), |it| it.parse().ok())?;
        let turns = |passed: i64, turn: i64| Some(passed / turn - 1).filter(|it| *it > 0);
        let days = || {
            i64::from(
                self.begins
                    .date()
                    .until(from.date())
                    .map_or(0, |it| it.get_days()),
            )
        };
        let later = |turn: i64| {
            let later = (turns(days(), turn)? * turn).days();
            self.begins.checked_add(later).ok()
        };
        if self.count.is_some() {
            return None;
        }
        match value("FREQ")? {
            "DAILY" => later(interval),
            "WEEKLY" => later(7 * interval),
            // As many years are as many turns of both; but not each has a 29 February, and which
            // weeks a year has depends on the day on which it begins.
            _ if value("BYWEEKNO").is_none()
                && (self.begins.month(), self.begins.day()) != (2, 29) =>
            {
                let years = i64::from(from.year()) - i64::from(self.begins.year());
                let later = (turns(years, interval)? * interval).years();
                self.begins.checked_add(later).ok()
            }
            _ => None,
        }
    }

    /// An instant after which it does not hold; none if it always does.
    pub fn over_after(&self) -> Option<Timestamp> {
        let last = || Some(instant(&self.zone, self.times().last()?));
        self.until.or_else(|| self.count.and_then(|_| last()))
    }

    /// The value of an `RRULE`.
    pub fn text(&self) -> String {
        joined(&self.parts)
    }

    /// The rule as far as it holds before one of its times; none if it does not.
    pub fn until_before(&self, time: DateTime, anchor: Anchor<'_>) -> Option<String> {
        if time <= anchor.begins {
            return None;
        }
        let last = match anchor.days {
            true => shifted(time, -86_400).strftime("%Y%m%d").to_string(),
            false => {
                let before = instant(anchor.zone, time).to_jiff().as_second() - 1;
                let before = jiff::Timestamp::from_second(before).unwrap_or_default();
                before.strftime("%Y%m%dT%H%M%SZ").to_string()
            }
        };
        let mut parts = self.unbounded();
        parts.push(("UNTIL".to_owned(), last));
        Some(joined(&parts))
    }

    /// The rule as it goes on from one of its times.
    pub fn from(&self, time: DateTime) -> String {
        let Some(count) = self.count else {
            return self.text();
        };
        let before = self.times().take_while(|it| *it < time).count();
        let left = count.saturating_sub(u32::try_from(before).unwrap_or(u32::MAX));
        let mut parts = self.unbounded();
        parts.push(("COUNT".to_owned(), left.to_string()));
        joined(&parts)
    }

    fn unbounded(&self) -> Vec<(String, String)> {
        let ends = |name: &str| matches!(name, "COUNT" | "UNTIL");
        self.parts
            .iter()
            .filter(|(name, _)| !ends(name))
            .cloned()
            .collect()
    }
}

const STAMP: &str = "%Y%m%dT%H%M%S";

fn joined(parts: &[(String, String)]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    parts.join(";")
}

fn value<'a>(parts: &'a [(String, String)], name: &str) -> Option<&'a str> {
    let part = parts.iter().find(|(it, _)| it == name);
    part.map(|(_, value)| value.as_str())
}

/// The times of a rule that begins then, whenever it ends unless it counts.
fn times(parts: &[(String, String)], begins: DateTime) -> Result<RRuleSet, Invalid> {
    let told = parts.iter().filter(|(name, _)| name != "UNTIL");
    let told: Vec<(String, String)> = told.cloned().collect();
    let begins = begins.strftime(STAMP);
    let set = format!("DTSTART:{begins}Z\nRRULE:{}", joined(&told));
    // The library's own words name its types, not what to do.
    let times: RRuleSet = set.parse().map_err(|_| not_a_rule())?;
    Ok(times.limit())
}

fn not_a_rule() -> Invalid {
    Invalid::new("is no recurrence rule of RFC 5545: write one such as FREQ=WEEKLY;BYDAY=MO,WE")
}

/// The parts of a rule, each once.
fn parts(text: &str) -> Result<Vec<(String, String)>, Invalid> {
    let plain = |it: u8| it.is_ascii_uppercase() || it.is_ascii_digit() || b"=;,+-".contains(&it);
    if text.len() > MAX_LENGTH || !text.bytes().all(plain) {
        return Err(not_a_rule());
    }
    let mut parts: Vec<(String, String)> = Vec::new();
    for part in text.split(';') {
        let (name, value) = part.split_once('=').ok_or_else(not_a_rule)?;
        if !PARTS.contains(&name) || value.is_empty() || value.contains('=') {
            let why = format!(
                "must have the parts {} only, each with a value",
                PARTS[..11].join(", ")
            );
            return Err(Invalid::new(why));
        }
        // What some programs write.
        let name = if name == "BYWEEKDAY" { "BYDAY" } else { name };
        if parts.iter().any(|(it, _)| it == name) {
            return Err(Invalid::new("has a part twice"));
        }
        parts.push((name.to_owned(), value.to_owned()));
    }
    Ok(parts)
}

fn bounded(name: &'static str, value: &str) -> Result<u32, Invalid> {
    let digits = value.len() <= 4 && value.bytes().all(|it| it.is_ascii_digit());
    let number = value
        .parse()
        .ok()
        .filter(|it| digits && (1..=MAX_COUNT).contains(it));
    number.ok_or_else(|| Invalid::new(format!("must have a {name} of 1 to 1,000")))
}

/// The last instant at which a rule may hold.
fn until(value: &str, anchor: Anchor<'_>) -> Result<Timestamp, Invalid> {
    let (read, zone) = match anchor.days {
        true => {
            let day = jiff::civil::Date::strptime("%Y%m%d", value);
            (day.map(|it| it.at(0, 0, 0, 0)), anchor.zone.clone())
        }
        false => (DateTime::strptime("%Y%m%dT%H%M%SZ", value), TimeZone::UTC),
    };
    let read = read.ok();
    let read = read.filter(|it| (1970..=LAST_YEAR).contains(&it.year()));
    read.map(|it| instant(&zone, it))
        .ok_or_else(|| match anchor.days {
            true => {
                Invalid::new("must have an UNTIL such as 20261231, as the event is of whole days")
            }
            false => Invalid::new("must have an UNTIL in UTC such as 20261231T235959Z"),
        })
}
