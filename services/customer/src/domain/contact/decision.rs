//! Whether a customer may be contacted: the question and the answer.

use std::collections::BTreeSet;

use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::consent::ConsentQuestion;
use super::policy::TopicId;
use super::refusal::ContactRefusal;
use crate::domain::channel::{Channel, Purpose};

/// A contact that somebody wants to make.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Contact {
    /// On which channel.
    pub channel: Channel,
    /// What for.
    pub purpose: Purpose,
    /// About which topic.
    pub topic: Option<TopicId>,
    /// In which campaign.
    pub campaign: Option<String>,
    /// At which address; none for any.
    pub contact_point: Option<Uuid>,
}

impl Contact {
    pub(super) fn on(&self, channel: Channel) -> Self {
        Self {
            channel,
            contact_point: None,
            ..self.clone()
        }
    }

    pub(super) fn at_address(&self, address: Option<Uuid>) -> ConsentQuestion<'_> {
        ConsentQuestion {
            channel: self.channel,
            purpose: self.purpose,
            topic: self.topic.as_ref(),
            address,
        }
    }
}

/// One thing that stands in the way of a contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What it is.
    pub reason: ContactRefusal,
    /// First instant at which it is out of the way by itself.
    pub until: Option<Timestamp>,
    /// What says so.
    pub source: Source,
}

/// What an obstacle rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// An entry of the consent ledger.
    ConsentEvent(Uuid),
    /// A suppressed or unusable address.
    ContactPoint(Uuid),
    /// What the customer chose.
    Preferences,
    /// The tenant's rules.
    Policy,
    /// Nothing: something is missing.
    Nothing,
}

/// Whether a contact may be made, and what is possible instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Everything that stands in the way, the weightiest first.
    pub obstacles: Vec<Obstacle>,
    /// The address to use: none on channels that need none.
    pub contact_point: Option<Uuid>,
    /// First instant at which nothing stands in the way any more.
    pub earliest: Option<Timestamp>,
    /// The channels that are open instead, in the customer's order; not looked for when the
    /// contact may be made.
    pub open_channels: Vec<Channel>,
}

impl Decision {
    /// Whether the contact may be made.
    pub const fn is_allowed(&self) -> bool {
        self.obstacles.is_empty()
    }

    /// Every reason against it, once.
    pub fn reasons(&self) -> Vec<ContactRefusal> {
        let mut seen = BTreeSet::new();
        let reasons = self.obstacles.iter().map(|it| it.reason);
        reasons.filter(|&reason| seen.insert(reason)).collect()
    }
}
