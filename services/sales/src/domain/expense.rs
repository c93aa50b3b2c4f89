//! What sellers spend for the company: by which rules it is judged, and who approves it.

mod policy;

use iso_currency::Currency;
use jiff::Span;
use jiff::civil::Date;
use rapport_platform::identity::Actor;
use rapport_platform::invalid::Invalid;
use rapport_platform::money::Money;
use rapport_platform::numbered;
use rust_decimal::{Decimal, RoundingStrategy};
use uuid::Uuid;

pub use policy::{Category, CategoryParts, ExpensePolicy, Limit, PolicyParts};

use super::authority::{Action, Authority, Held, Level, NotEntitled, entitle};
use super::receivable;

numbered! {
    /// Where an expense report stands.
    pub enum ExpenseState as "expense state" {
        /// Is being written.
        Draft = 1 "DRAFT",
        /// Waits for approval.
        Submitted = 2 "SUBMITTED",
        /// Is to be paid back.
        Approved = 3 "APPROVED",
        /// Is not.
        Rejected = 4 "REJECTED",
        /// Was paid back.
        Reimbursed = 5 "REIMBURSED",
    }
}

numbered! {
    /// What an approver should look at.
    pub enum ExpenseWarning as "warning" {
        /// More than the limit of its category.
        OverLimit = 1 "OVER_LIMIT",
        /// There is no receipt, and should be.
        ReceiptMissing = 2 "RECEIPT_MISSING",
        /// Long ago.
        Late = 3 "LATE",
        /// As another line of the same seller.
        Duplicate = 4 "DUPLICATE",
    }
}

numbered! {
    /// By what expenses are added up.
    pub enum ExpenseDimension as "dimension" {
        /// Who spent.
        Seller = 1 "SELLER",
        /// For what.
        Category = 2 "CATEGORY",
        /// When.
        Month = 3 "MONTH",
        /// For whom.
        Customer = 4 "CUSTOMER",
        /// For which opportunity.
        Opportunity = 5 "OPPORTUNITY",
        /// For which campaign.
        Campaign = 6 "CAMPAIGN",
    }
}

/// What can be done about an expense report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Write it anew.
    Write,
    /// Ask for approval.
    Submit,
    /// Take that back.
    Withdraw,
    /// Remove it.
    Delete,
    /// Approve or reject it.
    Decide,
}

impl ExpenseState {
    /// Checks that a report in this state can take a step.
    ///
    /// # Errors
    /// What is possible instead, after the report's name.
    pub const fn allows(self, step: Step) -> Result<(), &'static str> {
        match (step, self) {
            (Step::Write, Self::Draft | Self::Rejected)
            | (Step::Submit | Step::Delete, Self::Draft)
            | (Step::Decide | Step::Withdraw, Self::Submitted) => Ok(()),
            (Step::Write, _) => Err("was submitted. It can be written anew once it is rejected."),
            (Step::Submit | Step::Delete, _) => Err("is no draft."),
            (Step::Decide | Step::Withdraw, _) => Err("does not wait for approval."),
        }
    }
}

/// One thing that was paid for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpenseLine {
    /// When.
    pub date: Date,
    /// Key of its category.
    pub category: String,
    /// What it was.
    pub description: String,
    /// What was paid.
    pub amount: Money,
    /// Where the receipt is.
    pub receipt: Option<String>,
    /// Whom it was for.
    pub customer: Option<Uuid>,
    /// What it was for.
    pub opportunity: Option<Uuid>,
    /// What it was for.
    pub campaign: Option<String>,
}

/// What somebody paid.
///
/// # Errors
/// When it is nothing, negative or larger than any.
pub fn amount(sent: Option<Money>) -> Result<Money, Invalid> {
    let amount = sent.ok_or_else(|| Invalid::new("is required"))?;
    if amount.minor() < 1 {
        return Err(Invalid::new("must be more than 0"));
    }
    receivable::amount(amount.minor()).map(|_| amount)
}

/// An amount in the home currency, by what one unit of its own is worth there: rounded to whole
/// minor units, halves away from zero.
///
/// # Errors
/// When it is larger than any amount.
pub fn home_amount(amount: Money, rate: Decimal, home: Currency) -> Result<i64, Invalid> {
    let decimals = u32::from(home.exponent().unwrap_or_default());
    let exact = Decimal::from(amount).checked_mul(rate);
    let rounded =
        exact.map(|it| it.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero));
    let minor = rounded
        .and_then(|it| Money::from_decimal(it, home).ok())
        .ok_or_else(|| Invalid::new("is too large"))?;
    receivable::amount(minor.minor())
}

/// What an approver should look at of a line that comes to so much at home.
pub fn warnings(
    line: &ExpenseLine,
    home: i64,
    (category, late_after): (&Category, Option<i32>),
    (today, duplicate): (Date, bool),
) -> Vec<ExpenseWarning> {
    let above = |limit: Option<i64>| limit.is_some_and(|limit| home > limit);
    let late = |days: i32| line.date < today.saturating_sub(Span::new().days(days));
    let found = [
        (above(category.line_limit), ExpenseWarning::OverLimit),
        (
            line.receipt.is_none() && above(category.receipt_above),
            ExpenseWarning::ReceiptMissing,
        ),
        (late_after.is_some_and(late), ExpenseWarning::Late),
        (duplicate, ExpenseWarning::Duplicate),
    ];
    let found = found.into_iter().filter(|(holds, _)| *holds);
    found.map(|(_, warning)| warning).collect()
}

/// What is to be decided about.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    /// What it comes to; none when any authority will do, as to reject it.
    pub total: Option<Money>,
    /// Those who manage the seller.
    pub managers: &'a [String],
    /// Up to where they approve without a grant.
    pub manager_limit: Option<i64>,
    /// Those who spent, wrote or submitted it.
    pub involved: &'a [&'a str],
}

/// Finds the grant by which `approver` may decide; none when he may as a manager.
///
/// # Errors
/// When it is his own, or that of somebody for whom he acts; when nothing covers it.
pub fn approve<'h>(
    approver: &Actor,
    authority: &'h Authority,
    ask: &Ask<'_>,
) -> Result<Option<&'h Held>, NotEntitled> {
    let reach = |limit: Money| {
        let fits =
            |total: Money| limit.currency() == total.currency() && total.minor() <= limit.minor();
        ask.total.is_none_or(fits)
    };
    let action = (Action::ApproveExpenses, Level::LOWEST);
    let by_grant = entitle(
        approver,
        authority,
        action,
        |limits| limits.total.is_none_or(reach),
        ask.involved,
    );
    let manages = |who: &str| ask.managers.iter().any(|it| it == who);
    let manager = manages(approver.as_str()) || authority.acts_for.iter().any(|it| manages(it));
    let within = ask.total.zip(ask.manager_limit);
    let within = within.is_none_or(|(total, limit)| total.minor() <= limit);
    match by_grant {
        Err(NotEntitled::NotCovered) if manager && within => Ok(None),
        found => found.map(Some),
    }
}

#[cfg(test)]
mod tests;
