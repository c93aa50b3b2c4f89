//! What sellers are to do.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::numbered;
use rapport_platform::time::Timestamp;
use rapport_platform::zone::ZoneName;

use super::calendar::rule::{Anchor, Rule};
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
    meant: Option<DateTime>,
    rule: Option<Rule>,
}

/// A due time as it was sent.
#[derive(Clone, Copy, Debug)]
pub struct DueParts<'a> {
    /// The day.
    pub date: Option<Date>,
    /// Or the instant.
    pub time: Option<Timestamp>,
    /// The time on the clocks that is meant by the instant, where they leave it out.
    pub meant: Option<DateTime>,
    /// Whose clocks; empty: UTC.
    pub zone: &'a str,
    /// How it repeats.
    pub rule: &'a str,
}

/// An instant, and the time on the clocks that is meant by it where they leave that out: what comes
/// after goes on from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// When.
    pub time: Timestamp,
    /// Which time is meant; none where the clocks show it.
    pub meant: Option<DateTime>,
}

impl Moment {
    /// When the clocks of a zone show a time.
    fn of(zone: &TimeZone, time: DateTime) -> Self {
        let at = instant(zone, time);
        Self {
            time: at,
            meant: Some(time).filter(|it| *it != civil(zone, at)),
        }
    }

    /// What the clocks of a zone show then, or would.
    fn shown(self, zone: &TimeZone) -> DateTime {
        let meant = self.meant.filter(|it| instant(zone, *it) == self.time);
        meant.unwrap_or_else(|| civil(zone, self.time))
    }
}

/// The due time and the reminder of the task that follows, and the rule by which that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// The day on which it is due.
    pub date: Option<Date>,
    /// Or the instant.
    pub time: Option<Moment>,
    /// As long before or after as the one before.
    pub remind: Option<Moment>,
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
        let name = match parts.zone {
            "" => ZoneName::parse("UTC"),
            name => ZoneName::parse(name),
        };
        let name = name.map_err(|it| it.within("time_zone"))?;
        let zone = name.zone();
        let slot = match (parts.date, parts.time) {
            (Some(_), Some(_)) => return Err(fault("due_time", "must not be set beside due_date")),
            (Some(first), None) if !(1970..=2199).contains(&first.year()) => {
                return Err(fault("due_date", "must lie in the years 1970 to 2199"));
            }
            (Some(first), None) => Some(Slot::Days { first, count: 1 }),
            (None, Some(start)) if start.as_micros() % 1_000_000 != 0 => {
                return Err(fault("due_time", "must be a whole second"));
            }
            (None, Some(start)) if !(1970..=2199).contains(&civil(&zone, start).year()) => {
                return Err(fault("due_time", "must lie in the years 1970 to 2199"));
            }
            (None, Some(start)) => Some(Slot::Timed { start, seconds: 0 }),
            (None, None) => None,
        };
        let mut due = Self {
            zone: name,
            slot,
            meant: parts.meant,
            rule: None,
        };
        if !parts.rule.is_empty() {
            let missing = || fault("recurrence_rule", "needs a due_date or due_time");
            let slot = slot.ok_or_else(missing)?;
            let begins = due.begins(slot, &zone);
            if slot.at(begins, &zone) != slot {
                let why = "is a time that the clocks show twice, the second time: what repeats begins at the first";
                return Err(fault("due_time", why));
            }
            let days = slot.is_days();
            let anchor = Anchor {
                begins,
                zone: &zone,
                days,
            };
            let rule = Rule::parse(parts.rule, anchor);
            due.rule = Some(rule.map_err(|it| it.within("recurrence_rule"))?);
        }
        Ok(due)
    }

    /// The time on the clocks from which its rule reckons.
    fn begins(&self, slot: Slot, zone: &TimeZone) -> DateTime {
        match slot {
            Slot::Days { .. } => slot.begins(zone),
            Slot::Timed { start, .. } => Moment {
                time: start,
                meant: self.meant,
            }
            .shown(zone),
        }
    }

    /// The name of the zone.
    pub fn zone(&self) -> &str {
        self.zone.as_str()
    }

    /// The time on the clocks that is meant by the instant, where they leave it out.
    pub const fn meant(&self) -> Option<DateTime> {
        self.meant
    }

    /// The instant from which on it is overdue.
    pub fn over(&self) -> Option<Timestamp> {
        self.slot.map(|it| it.stretch(&self.zone.zone()).end)
    }

    /// When the task that follows is due, if there is one.
    pub fn next(&self, remind: Option<Moment>) -> Option<Next> {
        let (slot, rule) = self.slot.zip(self.rule.as_ref())?;
        let zone = &self.zone.zone();
        let time = rule.times().nth(1)?;
        let shift = self.begins(slot, zone).duration_until(time);
        let remind = remind.map(|it| Moment::of(zone, it.shown(zone).saturating_add(shift)));
        let days = slot.is_days();
        Some(Next {
            date: days.then(|| time.date()),
            time: (!days).then(|| Moment::of(zone, time)),
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
            meant: None,
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
        let moment = |text: &str| {
            Some(Moment {
                time: at(text),
                meant: None,
            })
        };
        let next = weekly.next(moment("2026-03-22T08:00:00Z")).unwrap();
        assert_eq!(
            (next.time, next.remind),
            (
                moment("2026-03-30T07:00:00Z"),
                moment("2026-03-29T07:00:00Z")
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
    fn a_time_that_the_clocks_leave_out_one_day_is_there_the_next() {
        // In Cairo there is no 00:00 on the last Friday of April.
        let mut moment = Moment {
            time: at("2026-04-22T22:00:00Z"),
            meant: None,
        };
        let mut told = Vec::new();
        for _ in 0..3 {
            let due = Due::parse(DueParts {
                date: None,
                time: Some(moment.time),
                meant: moment.meant,
                zone: "Africa/Cairo",
                rule: "FREQ=DAILY",
            });
            let next = due.unwrap().next(Some(moment)).unwrap();
            assert_eq!(next.time, next.remind);
            moment = next.time.unwrap();
            told.push(moment.time.to_string());
        }
        assert_eq!(
            told,
            [
                "2026-04-23T22:00:00Z",
                "2026-04-24T21:00:00Z",
                "2026-04-25T21:00:00Z"
            ]
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
