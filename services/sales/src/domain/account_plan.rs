//! What is to be achieved with a customer, and how far it is.

#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::hash::Hash;

use jiff::civil::Date;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rapport_platform::numbered;
use rapport_platform::text;
use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::opportunity::value;
use super::report::Period;
use super::share::WHOLE_PPM;

const MAX_TITLE: usize = 200;
const MAX_OBJECTIVE: usize = 4_000;
const MAX_ROLE: usize = 100;
const MAX_NOTE: usize = 1_000;
const MOST_ACCOUNTS: usize = 50;
const MOST_GOALS: usize = 50;
const MOST_STAKEHOLDERS: usize = 100;
const MOST_ACTIONS: usize = 100;
const MAX_QUANTITY: i64 = 1_000_000_000;

numbered! {
    /// Where a plan stands.
    pub enum AccountPlanState as "state of a plan" {
        /// Is being written.
        Draft = 1 "DRAFT",
        /// Is worked by.
        Active = 2 "ACTIVE",
        /// Is over.
        Closed = 3 "CLOSED",
    }
}

numbered! {
    /// Where somebody stands.
    pub enum PlanStance as "stance" {
        /// Sells for us inside.
        Champion = 1 "CHAMPION",
        /// For us.
        Supporter = 2 "SUPPORTER",
        /// Neither.
        Neutral = 3 "NEUTRAL",
        /// Doubts.
        Sceptic = 4 "SCEPTIC",
        /// Against us.
        Opponent = 5 "OPPONENT",
    }
}

/// What can be done about a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Write it anew, or do a step of it.
    Write,
    /// Begin to work by it.
    Activate,
    /// Look how far it is.
    Review,
    /// End it.
    Close,
}

impl AccountPlanState {
    /// Checks that a plan in this state can take a step.
    ///
    /// # Errors
    /// What is possible instead, after the plan's name.
    pub const fn allows(self, step: Step) -> Result<(), &'static str> {
        match (step, self) {
            (Step::Write, Self::Draft | Self::Active)
            | (Step::Activate, Self::Draft | Self::Closed)
            | (Step::Review, Self::Active)
            | (Step::Close, Self::Draft | Self::Active) => Ok(()),
            (Step::Activate, Self::Active) => Err("is active already."),
            (_, Self::Closed) => Err("is closed: activate it first."),
            (Step::Review, Self::Draft) => Err("is a draft: activate it first."),
        }
    }
}

/// A product to be placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    /// Which.
    pub product: Uuid,
    /// How many.
    pub quantity: i64,
}

/// Somebody who has a say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stakeholder {
    /// Who.
    pub person: Uuid,
    /// What she does there.
    pub role: Option<String>,
    /// Where she stands.
    pub stance: PlanStance,
    /// What else is to be known.
    pub note: Option<String>,
}

/// A next step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Which it is; none before it is recorded.
    pub id: Option<Uuid>,
    /// What is to be done.
    pub title: String,
    /// Who does it.
    pub owner: Uuid,
    /// By when.
    pub due: Date,
    /// When it was done.
    pub complete_time: Option<Timestamp>,
    /// What came of it.
    pub outcome: Option<String>,
}

/// What is to be achieved with a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Further customers whose sales count.
    pub accounts: Vec<Uuid>,
    /// Who answers for it.
    pub owner: Uuid,
    /// What people call it.
    pub title: String,
    /// When.
    pub period: Period,
    /// What, in words.
    pub objective: Option<String>,
    /// What is to be won.
    pub target: Money,
    /// What is to be placed.
    pub goals: Vec<Goal>,
    /// Who has a say.
    pub stakeholders: Vec<Stakeholder>,
    /// What comes next.
    pub actions: Vec<Action>,
    /// When it is to be looked at.
    pub next_review: Option<Date>,
}

/// A plan as it was sent.
#[derive(Debug)]
pub struct PlanParts<'a> {
    /// Further customers whose sales count.
    pub accounts: Vec<Result<Uuid, Invalid>>,
    /// Who answers for it.
    pub owner: Result<Uuid, Invalid>,
    /// What people call it.
    pub title: &'a str,
    /// When.
    pub period: Result<Period, InvalidFields>,
    /// What, in words.
    pub objective: &'a str,
    /// What is to be won.
    pub target: Result<Option<Money>, Invalid>,
    /// What is to be placed: product and how many.
    pub goals: Vec<(Result<Uuid, Invalid>, i64)>,
    /// Who has a say.
    pub stakeholders: Vec<StakeholderParts<'a>>,
    /// What comes next.
    pub actions: Vec<ActionParts<'a>>,
    /// When it is to be looked at.
    pub next_review: Result<Option<Date>, Invalid>,
}

/// Somebody who has a say, as it was sent.
#[derive(Debug)]
pub struct StakeholderParts<'a> {
    /// Who.
    pub person: Result<Uuid, Invalid>,
    /// What she does there.
    pub role: &'a str,
    /// Where she stands.
    pub stance: Result<PlanStance, Invalid>,
    /// What else is to be known.
    pub note: &'a str,
}

/// A next step, as it was sent.
#[derive(Debug)]
pub struct ActionParts<'a> {
    /// Which it is.
    pub id: Result<Option<Uuid>, Invalid>,
    /// What is to be done.
    pub title: &'a str,
    /// Who does it.
    pub owner: Result<Uuid, Invalid>,
    /// By when.
    pub due: Result<Date, Invalid>,
}

impl Plan {
    /// Reads what is to be made of a plan whose steps are `known`: those that are done stay done.
    pub fn parse(parts: PlanParts<'_>, known: &[Action]) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let accounts = accounts(&mut faults, parts.accounts);
        let owner = faults.take("owner", parts.owner);
        let title = faults.take("title", text::line(parts.title, MAX_TITLE));
        let period = faults.take("", parts.period);
        let objective = text::optional_passage(parts.objective, MAX_OBJECTIVE);
        let objective = faults.take("objective", objective);
        let target = faults.take("revenue_target", target(parts.target));
        let goals = goals(&mut faults, parts.goals);
        let stakeholders = stakeholders(&mut faults, parts.stakeholders);
        let actions = actions(&mut faults, parts.actions, known);
        let next_review = faults.take("next_review_date", parts.next_review);
        let whole = owner.zip(title).zip(period.zip(objective));
        let whole = whole.zip(target.zip(next_review));
        faults.finish(whole.map(
            |(((owner, title), (period, objective)), (target, next_review))| Self {
                accounts,
                owner,
                title,
                period,
                objective,
                target,
                goals,
                stakeholders,
                actions,
                next_review,
            },
        ))
    }
}

fn target(given: Result<Option<Money>, Invalid>) -> Result<Money, Invalid> {
    value::amount(given?)?.ok_or_else(|| Invalid::new("is required"))
}

/// The values that are right and not too many, none of them twice.
fn distinct<T, U, K: Hash + Eq>(
    faults: &mut InvalidFields,
    field: &str,
    most: usize,
    given: Vec<T>,
    read: impl Fn(&mut InvalidFields, T) -> Option<U>,
    key: impl Fn(&U) -> Option<K>,
) -> Vec<U> {
    if given.len() > most {
        let why = format!("are too many: at most {most}");
        faults.push(field, Invalid::new(why));
        return Vec::new();
    }
    let mut seen = HashSet::new();
    let mut values = Vec::with_capacity(given.len());
    for (index, one) in given.into_iter().enumerate() {
        let mut inside = InvalidFields::default();
        let value = read(&mut inside, one);
        let value = faults.take(&format!("{field}[{index}]"), inside.finish(value));
        let Some(value) = value else { continue };
        if key(&value).is_some_and(|key| !seen.insert(key)) {
            let why = Invalid::new("repeats an earlier one");
            faults.push(&format!("{field}[{index}]"), why);
        }
        values.push(value);
    }
    values
}

fn accounts(faults: &mut InvalidFields, given: Vec<Result<Uuid, Invalid>>) -> Vec<Uuid> {
    let read = |inside: &mut InvalidFields, one| inside.take("", one);
    distinct(faults, "accounts", MOST_ACCOUNTS, given, read, |it| {
        Some(*it)
    })
}

fn goals(faults: &mut InvalidFields, given: Vec<(Result<Uuid, Invalid>, i64)>) -> Vec<Goal> {
    let read = |inside: &mut InvalidFields, (product, quantity): (Result<Uuid, Invalid>, i64)| {
        let product = inside.take("product", product);
        if !(1..=MAX_QUANTITY).contains(&quantity) {
            inside.push("quantity", Invalid::new("must be 1 to 1,000,000,000"));
        }
        product.map(|product| Goal { product, quantity })
    };
    distinct(faults, "product_goals", MOST_GOALS, given, read, |it| {
        Some(it.product)
    })
}

fn stakeholders(faults: &mut InvalidFields, given: Vec<StakeholderParts<'_>>) -> Vec<Stakeholder> {
    let read = |inside: &mut InvalidFields, one: StakeholderParts<'_>| {
        let person = inside.take("person", one.person);
        let role = inside.take("role", text::optional_line(one.role, MAX_ROLE));
        let stance = inside.take("stance", one.stance);
        let note = inside.take("note", text::optional_passage(one.note, MAX_NOTE));
        let whole = person.zip(role).zip(stance.zip(note));
        whole.map(|((person, role), (stance, note))| Stakeholder {
            person,
            role,
            stance,
            note,
        })
    };
    let most = MOST_STAKEHOLDERS;
    distinct(faults, "stakeholders", most, given, read, |it| {
        Some(it.person)
    })
}

fn actions(
    faults: &mut InvalidFields,
    given: Vec<ActionParts<'_>>,
    known: &[Action],
) -> Vec<Action> {
    let read = |inside: &mut InvalidFields, one: ActionParts<'_>| {
        let id = inside.take("action_id", one.id);
        let before = known.iter().find(|it| it.id.is_some() && Some(it.id) == id);
        if id.flatten().is_some() && before.is_none() {
            let why = "is no step of this plan: leave it empty for a new one";
            inside.push("action_id", Invalid::new(why));
        }
        let title = inside.take("title", text::line(one.title, MAX_TITLE));
        let owner = inside.take("owner", one.owner);
        let due = inside.take("due_date", one.due);
        let whole = id.zip(title).zip(owner.zip(due));
        whole.map(|((id, title), (owner, due))| Action {
            id,
            title,
            owner,
            due,
            complete_time: before.and_then(|it| it.complete_time),
            outcome: before.and_then(|it| it.outcome.clone()),
        })
    };
    distinct(faults, "actions", MOST_ACTIONS, given, read, |it| it.id)
}

/// What was measured, in minor units of the target's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Measured {
    /// What was won and ordered.
    pub won: i64,
    /// What is open.
    pub open: i64,
    /// The same, times the probability in percent: of many large ones more than 64 bits hold.
    pub weighted_percent: i128,
}

impl Measured {
    /// What is open, by its probability, rounded down.
    pub fn weighted(self) -> i64 {
        i64::try_from(self.weighted_percent / 100).unwrap_or(i64::MAX)
    }

    /// What is missing.
    pub const fn gap(self, target: i64) -> i64 {
        let missing = target.saturating_sub(self.won);
        if missing > 0 { missing } else { 0 }
    }

    /// What was won, in parts per million of the target.
    pub fn attainment_ppm(self, target: i64) -> i64 {
        let part = i128::from(self.won) * i128::from(WHOLE_PPM);
        let part = part.checked_div(target.into()).unwrap_or_default();
        i64::try_from(part).unwrap_or(i64::MAX)
    }
}
