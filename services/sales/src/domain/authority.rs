//! Who may do what about quotes and expenses, up to which limit, and who acts for whom.

use std::time::Duration;

use rapport_platform::identity::Actor;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rapport_platform::numbered;
use rapport_platform::period::Period;
use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::quote::aggregates::Aggregates;
use super::share::{Share, WHOLE_PPM};

/// Longest absence for which somebody acts for another.
const LONGEST_DELEGATION: Duration = Duration::from_secs(366 * 24 * 60 * 60);

numbered! {
    /// What somebody may do.
    pub enum Action as "action" {
        /// Submit quotes without the approval that the policy asks for.
        QuoteFreely = 1 "QUOTE_FREELY",
        /// Approve quotes that others made and submitted.
        ApproveQuotes = 2 "APPROVE_QUOTES",
        /// Approve expense reports of others.
        ApproveExpenses = 3 "APPROVE_EXPENSES",
    }
}

/// A level of approval, 1 to 10.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Level(i16);

impl Level {
    /// The lowest.
    pub const LOWEST: Self = Self(1);
    const HIGHEST: i16 = 10;

    /// Reads 1 to 10.
    pub fn parse(level: i32) -> Result<Self, Invalid> {
        let level = i16::try_from(level).ok();
        level
            .filter(|it| (1..=Self::HIGHEST).contains(it))
            .map(Self)
            .ok_or_else(|| Invalid::new("must be 1 to 10"))
    }

    /// As it is stored.
    pub const fn code(self) -> i16 {
        self.0
    }

    /// The next one; none above the highest.
    pub fn above(self) -> Option<Self> {
        (self.0 < Self::HIGHEST).then_some(Self(self.0 + 1))
    }
}

/// Up to where authority reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// On the whole and on any line.
    pub discount: Share,
    /// Amount before tax; none: any amount in any currency.
    pub total: Option<Money>,
    /// In parts per million; none: any.
    pub margin: Option<i64>,
    /// To quote freely: also lines without a list price that holds for everybody.
    pub unlisted: bool,
    /// To quote freely: also lines below the floor margin of their price.
    pub below_floor: bool,
}

impl Limits {
    /// Whether they reach as far as a quote goes.
    pub fn cover(&self, quote: &Aggregates) -> bool {
        let discount = quote.discount.max(quote.line_discount);
        let within =
            |limit: Money| limit.currency() == quote.currency && quote.total <= limit.minor();
        let earns = |least: i64| quote.margin.is_some_and(|margin| margin >= least);
        discount <= self.discount.ppm()
            && self.total.is_none_or(within)
            && self.margin.is_none_or(earns)
    }

    /// The same for whoever submits a quote that nobody else looks at: what a price was made up for,
    /// or is below its floor, needs another pair of eyes, however small the discount seems.
    fn cover_unseen(&self, quote: &Aggregates) -> bool {
        self.cover(quote)
            && (self.unlisted || quote.unlisted == 0)
            && (self.below_floor || quote.below_floor == 0)
    }
}

/// What is granted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// To whom.
    pub grantee: Actor,
    /// What he may do.
    pub action: Action,
    /// For this level and those below.
    pub level: Level,
    /// Up to where.
    pub limits: Limits,
    /// When.
    pub period: Period,
}

/// What was sent of a grant.
#[derive(Debug, Clone)]
pub struct GrantParts<'a> {
    /// To whom.
    pub grantee: &'a str,
    /// Number of the action.
    pub action: i32,
    /// Level.
    pub level: i32,
    /// In parts per million.
    pub max_discount_ppm: i32,
    /// Amount before tax.
    pub max_total: Option<Money>,
    /// In parts per million.
    pub min_margin_ppm: Option<i64>,
    /// Also lines without a list price, and those below floor.
    pub covers: (bool, bool),
    /// From when on it holds, and to when.
    pub period: (Timestamp, Option<Timestamp>),
}

impl Grant {
    /// Reads a grant.
    pub fn parse(parts: &GrantParts<'_>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let grantee = faults.take("grantee", actor(parts.grantee));
        let action = faults.take("action", Action::try_from(parts.action));
        let level = faults.take("level", Level::parse(parts.level));
        let discount = faults.take("max_discount_ppm", Share::parse(parts.max_discount_ppm));
        if parts.max_total.is_some_and(|total| total.minor() < 0) {
            faults.push("max_total", Invalid::new("must be 0 or more"));
        }
        let whole = i64::from(WHOLE_PPM);
        if parts
            .min_margin_ppm
            .is_some_and(|it| !(-whole..=whole).contains(&it))
        {
            faults.push(
                "min_margin_ppm",
                Invalid::new("must be -1,000,000 to 1,000,000"),
            );
        }
        let (unlisted, below_floor) = parts.covers;
        for (field, covered) in [
            ("covers_unlisted_lines", unlisted),
            ("covers_lines_below_floor", below_floor),
        ] {
            if covered && action.is_some_and(|it| it != Action::QuoteFreely) {
                faults.push(field, Invalid::new("is for QUOTE_FREELY only"));
            }
        }
        let period = Period::parse(Some(parts.period.0), parts.period.1);
        let period = faults.take("", period);
        let read = grantee.zip(action).zip(level.zip(discount)).zip(period);
        faults.finish(
            read.map(|(((grantee, action), (level, discount)), period)| Self {
                grantee,
                action,
                level,
                limits: Limits {
                    discount,
                    total: parts.max_total,
                    margin: parts.min_margin_ppm,
                    unlisted,
                    below_floor,
                },
                period,
            }),
        )
    }
}

/// That somebody acts for another who is away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// Who is away.
    pub delegator: Actor,
    /// Who acts for him.
    pub delegate: Actor,
    /// When.
    pub period: Period,
}

impl Delegation {
    /// Reads a delegation.
    pub fn parse(
        (delegator, delegate): (&str, &str),
        (from, to): (Timestamp, Timestamp),
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let delegator = faults.take("delegator", actor(delegator));
        let delegate = faults.take("delegate", actor(delegate));
        let period = faults.take("", Period::parse(Some(from), Some(to)));
        if to > from.saturating_add(LONGEST_DELEGATION) {
            faults.push(
                "valid_to_time",
                Invalid::new("must be at most 366 days later"),
            );
        }
        if delegator.is_some() && delegator == delegate {
            faults.push("delegate", Invalid::new("is the delegator himself"));
        }
        let read = delegator.zip(delegate).zip(period);
        faults.finish(read.map(|((delegator, delegate), period)| Self {
            delegator,
            delegate,
            period,
        }))
    }
}

/// Somebody who can act.
fn actor(name: &str) -> Result<Actor, Invalid> {
    Actor::parse(name).map_err(|fault| Invalid::new(fault.to_string()))
}

/// Authority that somebody holds at an instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held {
    /// The grant's id.
    pub id: Uuid,
    /// What was granted: to him, or to whoever delegated it.
    pub grant: Grant,
    /// Whether it was delegated to him.
    pub delegated: bool,
}

/// Why somebody may not approve something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotEntitled {
    /// It is his own work, or that of somebody for whom he acts.
    OwnWork,
    /// Nothing that he holds covers it.
    NotCovered,
}

/// What somebody holds at an instant, and for whom he acts then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authority {
    /// His own, and what was delegated to him.
    pub held: Vec<Held>,
    /// Those who delegated to him, whether they hold anything or not.
    pub acts_for: Vec<String>,
}

/// Finds the authority by which `approver` may take an action at a level; `reach` says how far it
/// has to go. His own comes first.
///
/// # Errors
/// When he is one of those `involved` in it, or acts for one of them: also by authority of
/// his own, because four eyes have to see it.
pub fn entitle<'h>(
    approver: &Actor,
    authority: &'h Authority,
    (action, level): (Action, Level),
    reach: impl Fn(&Limits) -> bool,
    involved: &[&str],
) -> Result<&'h Held, NotEntitled> {
    let represented = authority.acts_for.iter().map(String::as_str);
    let mut eyes = represented.chain([approver.as_str()]);
    if eyes.any(|one| involved.contains(&one)) {
        return Err(NotEntitled::OwnWork);
    }
    let fits = |it: &&Held| {
        let grant = &it.grant;
        grant.action == action && grant.level >= level && reach(&grant.limits)
    };
    let fitting = authority.held.iter().filter(fits);
    fitting
        .min_by_key(|it| it.delegated)
        .ok_or(NotEntitled::NotCovered)
}

/// Whether somebody may submit a quote without the approval of a level.
pub fn may_quote_freely(held: &[Held], level: Level, quote: &Aggregates) -> bool {
    held.iter().any(|it| {
        let grant = &it.grant;
        // What was lent to him is for what the lender's own quotes need, not for his.
        !it.delegated
            && grant.action == Action::QuoteFreely
            && grant.level >= level
            && grant.limits.cover_unseen(quote)
    })
}

#[cfg(test)]
mod tests;
