//! Which quotes need whose approval.

use std::collections::BTreeSet;
use std::time::Duration;

use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rapport_platform::text;

use super::authority::{Held, Level, may_quote_freely};
use super::quote::aggregates::Aggregates;

const MOST_RULES: usize = 50;
const HOUR: Duration = Duration::from_secs(60 * 60);
const LONGEST_WAIT: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// What has to hold for a rule to apply: all that is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Conditions {
    /// The amount before tax is larger, or in another currency.
    pub total_above: Option<Money>,
    /// The discount on the whole is larger.
    pub discount_above: Option<i32>,
    /// The largest discount on one line is larger.
    pub line_discount_above: Option<i32>,
    /// The margin is smaller, or unknown.
    pub margin_below: Option<i64>,
    /// A line is below the floor margin of its price.
    pub below_floor: bool,
    /// A line has no list price.
    pub unlisted_line: bool,
}

impl Conditions {
    fn hold(&self, quote: &Aggregates) -> bool {
        let larger =
            |limit: Money| limit.currency() != quote.currency || quote.total > limit.minor();
        let thin = |least: i64| quote.margin.is_none_or(|margin| margin < least);
        self.total_above.is_none_or(larger)
            && self
                .discount_above
                .is_none_or(|limit| quote.discount > limit)
            && self
                .line_discount_above
                .is_none_or(|limit| quote.line_discount > limit)
            && self.margin_below.is_none_or(thin)
            && (!self.below_floor || quote.below_floor > 0)
            && (!self.unlisted_line || quote.unlisted > 0)
    }
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What it is for.
    pub description: String,
    /// The level that has to approve.
    pub level: Level,
    /// When it applies.
    pub conditions: Conditions,
}

impl Rule {
    /// Reads a rule.
    pub fn parse(
        description: &str,
        level: i32,
        conditions: Conditions,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let description = faults.take("description", text::line(description, 200));
        let level = faults.take("level", Level::parse(level));
        faults.finish(description.zip(level).map(|(description, level)| Self {
            description,
            level,
            conditions,
        }))
    }
}

/// The rules of a tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    rules: Vec<Rule>,
    escalate_after: Option<Duration>,
}

impl Policy {
    /// Puts a policy together.
    pub fn new(rules: Vec<Rule>, escalate_after: Option<Duration>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        if rules.len() > MOST_RULES {
            faults.push("rules", Invalid::new("must be at most 50"));
        }
        if escalate_after.is_some_and(|wait| !(HOUR..=LONGEST_WAIT).contains(&wait)) {
            faults.push("escalate_after", Invalid::new("must be an hour to 90 days"));
        }
        faults.finish(Some(Self {
            rules,
            escalate_after,
        }))
    }

    /// What holds until a tenant has rules of its own: nothing leaves unseen.
    pub fn initial() -> Self {
        Self {
            rules: vec![Rule {
                description: "Every quote".to_owned(),
                level: Level::LOWEST,
                conditions: Conditions::default(),
            }],
            escalate_after: None,
        }
    }

    /// Its rules.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// After how long without a decision the next level is asked too.
    pub const fn escalate_after(&self) -> Option<Duration> {
        self.escalate_after
    }

    /// The levels whose approval a quote needs when somebody who holds so much submits it, the
    /// lowest first.
    pub fn levels(&self, quote: &Aggregates, submitter: &[Held]) -> BTreeSet<Level> {
        let applying = self.rules.iter().filter(|rule| rule.conditions.hold(quote));
        applying
            .map(|rule| rule.level)
            .filter(|level| !may_quote_freely(submitter, *level, quote))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use iso_currency::Currency;
    use rapport_platform::identity::Actor;
    use rapport_platform::period::Period;
    use uuid::Uuid;

    use super::*;
    use crate::domain::authority::{Action, Grant, Limits};
    use crate::domain::share::Share;

    fn quote() -> Aggregates {
        Aggregates {
            currency: Currency::EUR,
            total: 10_000,
            discount: 100_000,
            discount_amount: 1_000,
            line_discount: 150_000,
            margin: Some(300_000),
            below_floor: 1,
            unlisted: 1,
        }
    }

    fn applies(conditions: Conditions, quote: Aggregates) -> bool {
        let rule = Rule::parse("rule", 1, conditions).unwrap();
        !Policy::new(vec![rule], None)
            .unwrap()
            .levels(&quote, &[])
            .is_empty()
    }

    #[test]
    fn a_rule_applies_when_all_its_conditions_hold() {
        let euros = |minor| Money::from_minor(minor, Currency::EUR).ok();
        let none = Conditions::default();
        let yen = Money::from_minor(10_000, Currency::JPY).ok();
        let thrifty = Aggregates {
            below_floor: 0,
            unlisted: 0,
            margin: None,
            ..quote()
        };
        let floor = Conditions {
            below_floor: true,
            ..none
        };
        let unlisted = Conditions {
            unlisted_line: true,
            ..none
        };
        for (conditions, quote, expected) in [
            (none, quote(), true),
            (
                Conditions {
                    total_above: euros(9_999),
                    ..none
                },
                quote(),
                true,
            ),
            (
                Conditions {
                    total_above: euros(10_000),
                    ..none
                },
                quote(),
                false,
            ),
            (
                Conditions {
                    total_above: yen,
                    ..none
                },
                quote(),
                true,
            ),
            (
                Conditions {
                    discount_above: Some(99_999),
                    ..none
                },
                quote(),
                true,
            ),
            (
                Conditions {
                    discount_above: Some(100_000),
                    ..none
                },
                quote(),
                false,
            ),
            (
                Conditions {
                    line_discount_above: Some(149_999),
                    ..none
                },
                quote(),
                true,
            ),
            (
                Conditions {
                    line_discount_above: Some(150_000),
                    ..none
                },
                quote(),
                false,
            ),
            (
                Conditions {
                    margin_below: Some(300_001),
                    ..none
                },
                quote(),
                true,
            ),
            (
                Conditions {
                    margin_below: Some(300_000),
                    ..none
                },
                quote(),
                false,
            ),
            (
                Conditions {
                    margin_below: Some(-1_000_000),
                    ..none
                },
                thrifty,
                true,
            ),
            (floor, quote(), true),
            (floor, thrifty, false),
            (unlisted, quote(), true),
            (unlisted, thrifty, false),
            (
                Conditions {
                    discount_above: Some(0),
                    total_above: euros(10_000),
                    ..none
                },
                quote(),
                false,
            ),
        ] {
            assert_eq!(applies(conditions, quote), expected, "{conditions:?}");
        }
    }

    #[test]
    fn each_applying_rule_asks_its_level_unless_the_submitter_is_free_of_it() {
        let rule = |level| Rule::parse("rule", level, Conditions::default()).unwrap();
        let policy = Policy::new(vec![rule(3), rule(1), rule(3)], None).unwrap();
        let codes = |held: &[Held]| -> Vec<i16> {
            policy
                .levels(&quote(), held)
                .into_iter()
                .map(Level::code)
                .collect()
        };
        assert_eq!(codes(&[]), [1, 3]);
        let free = |discount| Held {
            id: Uuid::from_u128(1),
            grant: Grant {
                grantee: Actor::parse("employees/ada").unwrap(),
                action: Action::QuoteFreely,
                level: Level::parse(2).unwrap(),
                limits: Limits {
                    discount: Share::parse(discount).unwrap(),
                    total: None,
                    margin: None,
                    unlisted: true,
                    below_floor: true,
                },
                period: Period::ALWAYS,
            },
            delegated: false,
        };
        assert_eq!(codes(&[free(150_000)]), [3]);
        assert_eq!(codes(&[free(149_999)]), [1, 3], "a line is above her limit");
    }

    #[test]
    fn until_there_are_rules_every_quote_is_looked_at() {
        let levels = Policy::initial().levels(&quote(), &[]);
        assert_eq!(levels, BTreeSet::from([Level::LOWEST]));
        assert!(
            Policy::new(Vec::new(), None)
                .unwrap()
                .levels(&quote(), &[])
                .is_empty()
        );
        assert!(Policy::new(Vec::new(), Some(Duration::from_secs(60))).is_err());
    }
}
