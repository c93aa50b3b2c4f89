//! What sellers are to do.

use jiff::civil::Date;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::numbered;
use rapport_platform::time::Timestamp;
use rapport_platform::zone::ZoneName;

use super::calendar::series::Series;
use super::calendar::slot::{Slot, civil, instant};

numbered! {
    /// How important a task is.
    pub enum TaskPriority as "priority" {
        /// Can wait.
        Low = 1 "LOW",
        /// As most are.
        Normal = 2 "NORMAL",
        /// Before others.
        High = 3 "HIGH",
    }
}

numbered! {
    /// Where a task stands.
    pub enum TaskState as "state of a task" {
        /// Nobody has begun.
        Open = 1 "OPEN",
        /// Somebody has.
        InProgress = 2 "IN_PROGRESS",
        /// It is done.
        Completed = 3 "COMPLETED",
        /// It is not to be done.
        Cancelled = 4 "CANCELLED",
    }
}

/// What may be done with a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Change it.
    Write,
    /// Begin.
    Start,
    /// Complete it.
    Complete,
    /// Cancel it.
    Cancel,
    /// Open it again.
    Reopen,
}

impl TaskState {
    /// Whether it is neither done nor cancelled.
    pub const fn is_pending(self) -> bool {
        matches!(self, Self::Open | Self::InProgress)
    }

    /// The state after a step.
    ///
    /// # Errors
    /// Why it can't be taken.
    pub const fn after(self, step: Step) -> Result<Self, &'static str> {
        match (self, step) {
            (Self::Open | Self::InProgress, Step::Write) => Ok(self),
            (Self::Open, Step::Start) => Ok(Self::InProgress),
            (Self::Open | Self::InProgress, Step::Complete) => Ok(Self::Completed),
            (Self::Open | Self::InProgress, Step::Cancel) => Ok(Self::Cancelled),
            (Self::InProgress | Self::Completed | Self::Cancelled, Step::Reopen) => Ok(Self::Open),
            (Self::Open, Step::Reopen) => Err("is open."),
            (Self::InProgress, Step::Start) => Err("was begun."),
            (Self::Completed, _) => Err("is completed. Reopen it first."),
            (Self::Cancelled, _) => Err("is cancelled. Reopen it first."),
        }
    }
}

/// When a task is due, and how it comes again.
#[derive(Clone, Debug)]
pub struct Due {
    zone: ZoneName,
    slot: Option<Slot>,
    series: Option<Series>,
}

/// A due time as it was sent.
#[derive(Clone, Copy, Debug)]
pub struct DueParts<'a> {
    /// The day.
    pub date: Option<Date>,
    /// Or the instant.
    pub time: Option<Timestamp>,
    /// Whose clocks; empty: UTC.
    pub zone: &'a str,
    /// How it repeats.
    pub rule: &'a str,
}

/// The due time and the reminder of the task that follows, and the rule by which that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The day on which it is due.
    pub date: Option<Date>,
    /// Or the instant.
    pub time: Option<Timestamp>,
    /// As long before or after as the one before.
    pub remind: Option<Timestamp>,
    /// How it goes on.
    pub rule: String,
}

impl Due {
    /// Reads when a task is due.
    ///
    /// # Errors
    /// Every field at fault.
    pub fn parse(parts: DueParts<'_>) -> Result<Self, InvalidFields> {
        let fault =
            |field: &str, why: &'static str| InvalidFields::from(Invalid::new(why).within(field));
        let zone = match parts.zone {
            "" => ZoneName::parse("UTC"),
            name => ZoneName::parse(name),
        };
        let zone = zone.map_err(|it| it.within("time_zone"))?;
        let slot = match (parts.date, parts.time) {
            (Some(_), Some(_)) => return Err(fault("due_time", "must not be set beside due_date")),
            (Some(first), None) if !(1970..=2199).contains(&first.year()) => {
                return Err(fault("due_date", "must lie in the years 1970 to 2199"));
            }
            (Some(first), None) => Some(Slot::Days { first, count: 1 }),
            (None, Some(start)) if start.as_micros() % 1_000_000 != 0 => {
                return Err(fault("due_time", "must be a whole second"));
            }
            (None, Some(start)) if !(1970..=2199).contains(&civil(&zone.zone(), start).year()) => {
                return Err(fault("due_time", "must lie in the years 1970 to 2199"));
            }
            (None, Some(start)) => Some(Slot::Timed { start, seconds: 0 }),
            (None, None) => None,
        };
        let series = match (slot, parts.rule) {
            (_, "") => None,
            (None, _) => return Err(fault("recurrence_rule", "needs a due_date or due_time")),
            (Some(slot), rule) => Some(Series::parse(slot, zone.zone(), rule)?),
        };
        Ok(Self { zone, slot, series })
    }

    /// The name of the zone.
    pub fn zone(&self) -> &str {
        self.zone.as_str()
    }

    /// The instant from which on it is overdue.
    pub fn over(&self) -> Option<Timestamp> {
        self.slot.map(|it| it.stretch(&self.zone.zone()).end)
    }

    /// When the task that follows is due, if there is one.
    pub fn next(&self, remind: Option<Timestamp>) -> Option<Next> {
        let series = self.series.as_ref()?;
        let rule = series.rule()?;
        let time = rule.times().nth(1)?;
        let zone = series.zone();
        let slot = series.slot().at(time, zone);
        let shift = series.slot().begins(zone).duration_until(time);
        let remind = remind.map(|it| instant(zone, civil(zone, it).saturating_add(shift)));
        let (date, time_due) = match slot {
            Slot::Days { first, .. } => (Some(first), None),
            Slot::Timed { start, .. } => (None, Some(start)),
        };
        Some(Next {
            date,
            time: time_due,
            remind,
            rule: rule.from(time),
        })
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn due(date: Option<Date>, time: Option<&str>, rule: &str) -> Result<Due, InvalidFields> {
        let time = time.map(at);
        Due::parse(DueParts {
            date,
            time,
            zone: "Europe/Berlin",
            rule,
        })
    }

    #[test]
    fn a_day_ends_where_the_task_is_done() {
        let day = due(Some(date(2026, 3, 29)), None, "").unwrap();
        assert_eq!(day.over(), Some(at("2026-03-29T22:00:00Z")));
        let time = due(None, Some("2026-03-29T09:00:00Z"), "").unwrap();
        assert_eq!(time.over(), Some(at("2026-03-29T09:00:00Z")));
        assert_eq!(due(None, None, "").unwrap().over(), None);
    }

    #[test]
    fn what_follows_is_due_and_told_of_at_the_same_time_on_the_wall() {
        let weekly = due(None, Some("2026-03-23T08:00:00Z"), "FREQ=WEEKLY;COUNT=2").unwrap();
        let next = weekly.next(Some(at("2026-03-22T08:00:00Z"))).unwrap();
        assert_eq!(
            (next.time, next.remind),
            (
                Some(at("2026-03-30T07:00:00Z")),
                Some(at("2026-03-29T07:00:00Z"))
            )
        );
        assert_eq!(next.rule, "FREQ=WEEKLY;COUNT=1");
        let last = due(None, Some("2026-03-30T07:00:00Z"), &next.rule).unwrap();
        assert_eq!(last.next(None), None);
        let monthly = due(Some(date(2026, 1, 31)), None, "FREQ=MONTHLY").unwrap();
        assert_eq!(monthly.next(None).unwrap().date, Some(date(2026, 3, 31)));
        assert_eq!(
            due(Some(date(2026, 1, 31)), None, "").unwrap().next(None),
            None
        );
    }

    #[test]
    fn what_is_due_at_no_time_does_not_repeat() {
        for (date, time, rule, field) in [
            (None, None, "FREQ=DAILY", "recurrence_rule"),
            (
                Some(date(2026, 1, 31)),
                None,
                "FREQ=HOURLY",
                "recurrence_rule",
            ),
            (
                Some(date(2026, 1, 31)),
                Some("2026-03-23T08:00:00Z"),
                "",
                "due_time",
            ),
            (None, Some("2026-03-23T08:00:00.5Z"), "", "due_time"),
            (None, Some("1969-03-23T08:00:00Z"), "", "due_time"),
            (Some(date(2200, 1, 1)), None, "", "due_date"),
        ] {
            let refused = due(date, time, rule).unwrap_err().to_string();
            assert!(refused.starts_with(field), "{refused}");
        }
    }

    #[test]
    fn every_step_leads_somewhere_or_says_why_not() {
        use Step::{Cancel, Complete, Reopen, Start, Write};
        use TaskState::{Cancelled, Completed, InProgress, Open};
        for (state, allowed) in [
            (
                Open,
                vec![
                    (Write, Open),
                    (Start, InProgress),
                    (Complete, Completed),
                    (Cancel, Cancelled),
                ],
            ),
            (
                InProgress,
                vec![
                    (Write, InProgress),
                    (Complete, Completed),
                    (Cancel, Cancelled),
                    (Reopen, Open),
                ],
            ),
            (Completed, vec![(Reopen, Open)]),
            (Cancelled, vec![(Reopen, Open)]),
        ] {
            for step in [Write, Start, Complete, Cancel, Reopen] {
                let leads = allowed
                    .iter()
                    .find(|(it, _)| *it == step)
                    .map(|(_, to)| *to);
                assert_eq!(state.after(step).ok(), leads, "{state} {step:?}");
            }
        }
    }
}
