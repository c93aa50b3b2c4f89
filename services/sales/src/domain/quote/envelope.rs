//! When an approval reaches to later content.

use std::collections::BTreeSet;

use super::aggregates::Aggregates;
use super::content::{Draft, DraftLine};
use crate::domain::authority::{Level, Limits};
use crate::domain::share::Share;

/// What a content promises, as far as it matters to those who approve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// What rules judge it by.
    pub aggregates: Aggregates,
    /// What was written, with the price of every unit.
    pub draft: Draft,
}

impl Promise {
    /// Whether it asks the company for no more than `approved` does: the same lines in the same
    /// order on the same terms, none of them cheaper.
    pub fn stays_within(&self, approved: &Self) -> bool {
        let (own, agreed) = (&self.draft, &approved.draft);
        let ends_in_time = match (own.expire, agreed.expire) {
            (_, None) => true,
            (Some(own), Some(agreed)) => own <= agreed,
            (None, Some(_)) => false,
        };
        let lines = || own.lines.iter().zip(&agreed.lines);
        let discounts = (own.discount, agreed.discount);
        self.aggregates.stay_within(&approved.aggregates)
            && ends_in_time
            && (own.rounding, own.tax, &own.terms) == (agreed.rounding, agreed.tax, &agreed.terms)
            && own.lines.len() == agreed.lines.len()
            && lines().all(|(own, agreed)| line_stays_within(own, agreed, discounts))
    }
}

/// Whether a line sells the same, for no less each. More than was agreed on may be sold at a price of
/// the list, not at one that somebody made for so many; fewer never, because what is given for many
/// is not given for few.
fn line_stays_within(own: &DraftLine, agreed: &DraftLine, discounts: (Share, Share)) -> bool {
    let same = |line: &DraftLine| (line.product, line.price, line.tax_rate);
    let enough = match agreed.price {
        Some(_) => own.quantity >= agreed.quantity,
        None => own.quantity == agreed.quantity,
    };
    own.description == agreed.description
        && same(own) == same(agreed)
        && enough
        && rest(own, discounts.0) >= rest(agreed, discounts.1)
}

/// What is left of the price of one unit after both discounts, exactly.
fn rest(line: &DraftLine, document: Share) -> i128 {
    i128::from(line.unit_price.unwrap_or_default()) * line.discount.rest() * document.rest()
}

/// An approval that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// What was approved.
    pub promise: Promise,
    /// The levels that had to.
    pub levels: BTreeSet<Level>,
    /// Those who did.
    pub approvers: Vec<String>,
    /// Up to where the authority reached by which each of them did.
    pub limits: Vec<Limits>,
}

impl Approval {
    /// Whether it reaches to what `author` wrote since, for which the policy asks `levels`.
    pub fn reaches(&self, promise: &Promise, levels: &BTreeSet<Level>, author: &str) -> bool {
        let is_own = self.approvers.iter().any(|approver| approver == author);
        let covered = self.limits.iter().all(|it| it.cover(&promise.aggregates));
        !is_own && covered && levels.is_subset(&self.levels) && promise.stays_within(&self.promise)
    }
}

#[cfg(test)]
mod tests;
