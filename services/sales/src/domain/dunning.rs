//! When customers are reminded of what they owe.

use jiff::Span;
use jiff::civil::Date;
use rapport_platform::invalid::{Invalid, InvalidFields};

/// Most levels of a policy.
const MOST_LEVELS: usize = 9;
/// Longest wait, and longest term of payment, in days.
const MOST_DAYS: i32 = 365;

/// When customers are reminded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DunningPolicy {
    level_days: Vec<i32>,
    payment_term_days: i32,
}

/// Until somebody sets another: 30 days to pay, reminders 7, 14 and 14 days apart.
impl Default for DunningPolicy {
    fn default() -> Self {
        Self {
            level_days: vec![7, 14, 14],
            payment_term_days: 30,
        }
    }
}

impl DunningPolicy {
    /// Reads how many days each level waits, and how many days there are to pay.
    pub fn parse(level_days: &[i32], payment_term_days: i32) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let days = |from| Invalid::new(format!("must be {from} to {MOST_DAYS} days"));
        if level_days.is_empty() || level_days.len() > MOST_LEVELS {
            faults.push("level_days", Invalid::new("must be 1 to 9 levels"));
        }
        for (index, _) in level_days
            .iter()
            .enumerate()
            .take(MOST_LEVELS)
            .filter(|(_, wait)| !(1..=MOST_DAYS).contains(*wait))
        {
            faults.push(&format!("level_days[{index}]"), days(1));
        }
        if !(0..=MOST_DAYS).contains(&payment_term_days) {
            faults.push("payment_term_days", days(0));
        }
        faults.finish(Some(Self {
            level_days: level_days.to_vec(),
            payment_term_days,
        }))
    }

    /// How many days each level waits.
    pub fn level_days(&self) -> &[i32] {
        &self.level_days
    }

    /// How many days there are to pay.
    pub const fn payment_term_days(&self) -> i32 {
        self.payment_term_days
    }

    /// When something is due that was issued on a day and says nothing else.
    pub fn due(&self, issued: Date) -> Date {
        later(issued, self.payment_term_days)
    }

    /// From when on a customer may be reminded of something; none when he is not to be.
    pub fn next(&self, of: &Reminded) -> Option<Date> {
        if !of.open || of.disputed {
            return None;
        }
        let wait = self.wait(of.level)?;
        let next = later(of.last.unwrap_or(of.due), wait);
        // A promise holds to the end of its day.
        Some(
            of.promise
                .map_or(next, |promise| next.max(later(promise, 1))),
        )
    }

    /// When the reminder after that of `today` may follow, by the level that something had before.
    pub fn following(&self, today: Date) -> Vec<Option<Date>> {
        let levels = 1..=self.level_days.len();
        let next = |level: usize| Some(later(today, *self.level_days.get(level)?));
        levels.map(next).collect()
    }

    fn wait(&self, level: i16) -> Option<i32> {
        let level = usize::try_from(level).ok()?;
        self.level_days.get(level).copied()
    }
}

/// What decides when a customer is reminded of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reminded {
    /// Whether anything is to be paid.
    pub open: bool,
    /// Whether the customer objects to it.
    pub disputed: bool,
    /// Until when it is paid in time.
    pub due: Date,
    /// How often he was reminded.
    pub level: i16,
    /// When, last.
    pub last: Option<Date>,
    /// By when he has promised to pay.
    pub promise: Option<Date>,
}

fn later(day: Date, days: i32) -> Date {
    day.saturating_add(Span::new().days(days))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::date::parse;

    fn day(month: i32, day: i32) -> Date {
        parse(2026, month, day).unwrap()
    }

    fn overdue() -> Reminded {
        Reminded {
            open: true,
            disputed: false,
            due: day(1, 31),
            level: 0,
            last: None,
            promise: None,
        }
    }

    #[test]
    fn each_level_waits_its_days_and_the_last_is_the_last() {
        let policy = DunningPolicy::parse(&[7, 14], 30).unwrap();
        let of = |level, last| {
            policy.next(&Reminded {
                level,
                last,
                ..overdue()
            })
        };
        assert_eq!(of(0, None), Some(day(2, 7)));
        assert_eq!(of(1, Some(day(2, 10))), Some(day(2, 24)));
        assert_eq!(of(2, Some(day(2, 24))), None);
        assert_eq!(policy.following(day(2, 10)), [Some(day(2, 24)), None]);
    }

    #[test]
    fn nobody_is_reminded_of_what_is_settled_disputed_or_promised() {
        let policy = DunningPolicy::default();
        let settled = Reminded {
            open: false,
            ..overdue()
        };
        let disputed = Reminded {
            disputed: true,
            ..overdue()
        };
        assert_eq!(policy.next(&settled), None);
        assert_eq!(policy.next(&disputed), None);
        for (promise, next) in [
            (day(2, 20), day(2, 21)),
            (day(2, 7), day(2, 8)),
            // A promise does not bring the reminder forward.
            (day(2, 1), day(2, 7)),
        ] {
            let promised = Reminded {
                promise: Some(promise),
                ..overdue()
            };
            assert_eq!(policy.next(&promised), Some(next), "{promise}");
        }
    }

    #[test]
    fn invoices_that_do_not_say_are_due_after_the_term() {
        let policy = DunningPolicy::parse(&[1], 14).unwrap();
        assert_eq!(policy.due(day(1, 31)), day(2, 14));
        assert_eq!(DunningPolicy::default().due(day(1, 1)), day(1, 31));
    }

    #[test]
    fn policies_have_their_bounds() {
        for (levels, term) in [
            (vec![], 30),
            (vec![1; 10], 30),
            (vec![0], 30),
            (vec![366], 30),
            (vec![7], -1),
            (vec![7], 366),
        ] {
            assert!(
                DunningPolicy::parse(&levels, term).is_err(),
                "{levels:?} {term}"
            );
        }
    }
}
