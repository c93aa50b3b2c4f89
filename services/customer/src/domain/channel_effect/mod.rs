//! How well channels work: what is asked, and how answers are put together from counts.

mod cost;
mod query;
mod shift;
#[cfg(test)]
mod tests;

pub use cost::{ChannelCost, CostParts, Spent, UnitCost, UnitCostParts};
pub use query::{EffectDimension, EffectQuery};
pub use shift::{Shift, shifts};

use std::collections::BTreeMap;

use super::channel::{Channel, Purpose};
use super::contact::refusal::ContactRefusal;
use super::lifecycle::Stage;
use super::names::CustomerKind;

/// What contacts have in common; the parts that were not asked for are unset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Kind {
    /// The channel.
    pub channel: Option<Channel>,
    /// The purpose; unset also if they had none.
    pub purpose: Option<Purpose>,
    /// What the customers are.
    pub customer: Option<CustomerKind>,
    /// Where the customers stood.
    pub stage: Option<Stage>,
    /// The hour of their day.
    pub hour: Option<i32>,
}

/// How contacts of one kind worked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Effect {
    /// How many there were.
    pub contacts: i64,
    /// How many were answered.
    pub responses: i64,
    /// How many were accepted.
    pub acceptances: i64,
    /// What they cost.
    pub spent: Spent,
    /// How many have no known cost.
    pub uncosted: i64,
    /// How many more were refused.
    pub refused: i64,
    /// Why.
    pub refusals: BTreeMap<ContactRefusal, i64>,
}

impl Effect {
    /// Counts contacts that lasted so long together, with what each of them cost.
    pub fn count(&mut self, contacts: Contacts, cost: Option<&ChannelCost>) {
        self.contacts += contacts.contacts;
        self.responses += contacts.responses;
        self.acceptances += contacts.acceptances;
        match cost {
            Some(cost) => self.spent += cost.of(contacts.contacts, contacts.seconds),
            None => self.uncosted += contacts.contacts,
        }
    }

    /// Counts contacts that were refused for the same reasons.
    pub fn refuse(&mut self, count: i64, reasons: impl IntoIterator<Item = ContactRefusal>) {
        self.refused += count;
        for reason in reasons {
            *self.refusals.entry(reason).or_default() += count;
        }
    }

    /// Answered contacts by contacts.
    #[allow(clippy::cast_precision_loss, reason = "a rate")]
    pub fn response_rate(&self) -> Option<f64> {
        (self.contacts > 0).then(|| self.responses as f64 / self.contacts as f64)
    }

    /// What an answer cost; none while some contact's cost is not known.
    pub fn cost_per_response(&self) -> Option<Spent> {
        (self.uncosted == 0).then(|| self.spent.by(self.responses))?
    }
}

/// So many contacts of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contacts {
    /// How many.
    pub contacts: i64,
    /// How many were answered.
    pub responses: i64,
    /// How many were accepted.
    pub acceptances: i64,
    /// How long they lasted together.
    pub seconds: i64,
}
