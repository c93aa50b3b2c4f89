//! The consent ledger: what a customer permitted and forbade, and what follows from it.

pub mod entry;
pub mod state;

use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::policy::{ContactPolicy, PurposeMode, PurposeRule, Topic, TopicId};
use crate::domain::channel::{Channel, Purpose};
use rapport_platform::numbered;

numbered! {
    /// Whether a customer permits or forbids.
    pub enum ConsentStatus as "status" {
        /// Permits.
        OptIn = 1 "OPT_IN",
        /// Forbids.
        OptOut = 2 "OPT_OUT",
    }
}

numbered! {
    /// The ground in law for what an opt-in permits.
    pub enum LegalBasis as "legal basis" {
        /// The customer consented.
        Consent = 1 "CONSENT",
        /// A contract with the customer needs it.
        Contract = 2 "CONTRACT",
        /// A law demands it.
        LegalObligation = 3 "LEGAL_OBLIGATION",
        /// Somebody's life depends on it.
        VitalInterest = 4 "VITAL_INTEREST",
        /// A task in the public interest needs it.
        PublicTask = 5 "PUBLIC_TASK",
        /// The company's interest outweighs the customer's.
        LegitimateInterest = 6 "LEGITIMATE_INTEREST",
    }
}

numbered! {
    /// What the ledger says about a contact.
    pub enum ConsentOutcome as "outcome" {
        /// An opt-in that counts permits it.
        OptedIn = 1 "OPTED_IN",
        /// Nothing forbids it, and the purpose needs no consent.
        NotNeeded = 2 "NOT_NEEDED",
        /// An opt-out forbids it.
        OptedOut = 3 "OPTED_OUT",
        /// The purpose needs a consent and there is none.
        Missing = 4 "MISSING",
        /// The purpose needs a confirmed consent, and the one there is was never confirmed.
        Unconfirmed = 5 "UNCONFIRMED",
        /// The purpose is disabled.
        Disabled = 6 "DISABLED",
    }
}

impl ConsentOutcome {
    /// Whether the contact may be made as far as the ledger goes.
    pub const fn permits(self) -> bool {
        matches!(self, Self::OptedIn | Self::NotNeeded)
    }
}

/// What an entry is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsentScope {
    /// All channels.
    All,
    /// One channel.
    Channel(Channel),
    /// One address, on every channel it serves: in an entry that is sent its contact point, in the
    /// ledger its [`address_id`].
    ContactPoint(Uuid),
}

/// The id by which the ledger knows an address, of its keyed hash: what was said about it holds
/// also when another contact point has it, of whichever record of the customer, now or later.
pub fn address_id(digest: &[u8]) -> Uuid {
    let mut id = [0; 16];
    id.iter_mut().zip(digest).for_each(|(id, byte)| *id = *byte);
    Uuid::from_bytes(id)
}

/// Whether the customer confirmed an opt-in once more (double opt-in).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Confirmation {
    /// Nobody asked.
    NotAsked,
    /// The customer was asked and has not answered: whoever gave it may not be the customer.
    Awaited,
    /// The customer did.
    Given,
}

/// One entry of the ledger, as far as it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentEvent {
    /// Identifies it.
    pub id: Uuid,
    /// The customer under whose name it was recorded: one of those that were merged.
    pub member: Uuid,
    /// What it is about.
    pub scope: ConsentScope,
    /// The purpose; none for all that customers choose about.
    pub purpose: Option<Purpose>,
    /// The topic; none for the whole purpose.
    pub topic: Option<TopicId>,
    /// Whether it permits.
    pub status: ConsentStatus,
    /// When the customer gave it.
    pub capture_time: Timestamp,
    /// Whether the customer confirmed it once more.
    pub confirmation: Confirmation,
    /// First instant at which an opt-in counts.
    pub effective_time: Timestamp,
    /// First instant at which an opt-in counts no more.
    pub expire_time: Option<Timestamp>,
    /// When it was recorded.
    pub record_time: Timestamp,
}

impl ConsentEvent {
    /// Whether it speaks about the contact.
    fn is_about(&self, contact: &ConsentQuestion<'_>) -> bool {
        let scope = match self.scope {
            ConsentScope::All => true,
            ConsentScope::Channel(channel) => channel == contact.channel,
            ConsentScope::ContactPoint(point) => Some(point) == contact.address,
        };
        let purpose = self.purpose.is_none_or(|it| it == contact.purpose);
        let topic = self.topic.is_none() || self.topic.as_ref() == contact.topic;
        scope && purpose && topic
    }

    /// Whether both speak about the same.
    fn same_subject(&self, other: &Self) -> bool {
        (self.scope, self.purpose, &self.topic) == (other.scope, other.purpose, &other.topic)
    }

    /// Whether an opt-in is one that the rule of its purpose takes for a consent.
    fn is_valid_under(&self, rule: PurposeRule) -> bool {
        match self.confirmation {
            Confirmation::Given => true,
            Confirmation::NotAsked => !rule.double_opt_in(),
            Confirmation::Awaited => false,
        }
    }

    /// Whether it is in its term. An opt-out counts from the moment it is known, without end.
    fn counts_at(&self, as_of: Timestamp) -> bool {
        match self.status {
            ConsentStatus::OptOut => true,
            ConsentStatus::OptIn => {
                self.effective_time <= as_of && self.expire_time.is_none_or(|end| as_of < end)
            }
        }
    }
}

/// A customer among those that were merged into one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// The customer.
    pub customer: Uuid,
    /// When it was merged into the others; none for the one whose name remains.
    pub joined: Option<Timestamp>,
}

/// A contact as the ledger sees it.
#[derive(Debug, Clone, Copy)]
pub struct ConsentQuestion<'a> {
    /// On which channel.
    pub channel: Channel,
    /// What for.
    pub purpose: Purpose,
    /// About which topic.
    pub topic: Option<&'a TopicId>,
    /// At which address, by its [`address_id`].
    pub address: Option<Uuid>,
}

/// What the ledger says about one contact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsentVerdict {
    /// The outcome.
    pub outcome: ConsentOutcome,
    /// The entries that decide it.
    pub events: Vec<Uuid>,
}

/// What a customer, and those that were merged into it, permitted and forbade.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ledger {
    events: Vec<ConsentEvent>,
    members: Vec<Member>,
}

impl Ledger {
    /// The ledger with these entries, of these customers.
    pub fn new(events: Vec<ConsentEvent>, members: Vec<Member>) -> Self {
        Self { events, members }
    }

    /// Whether other customers were merged into this one.
    pub const fn is_of_several(&self) -> bool {
        self.members.len() > 1
    }

    /// Every entry.
    pub fn events(&self) -> &[ConsentEvent] {
        &self.events
    }

    /// The ledger as it was known at that instant.
    #[must_use]
    pub fn known_at(&self, as_of: Timestamp) -> Self {
        let joined_by_then = |it: &&Member| it.joined.is_none_or(|joined| joined <= as_of);
        let members: Vec<Member> = self
            .members
            .iter()
            .filter(joined_by_then)
            .copied()
            .collect();
        let of_members = |it: &&ConsentEvent| {
            it.record_time <= as_of && members.iter().any(|member| member.customer == it.member)
        };
        let events = self.events.iter().filter(of_members).cloned().collect();
        Self { events, members }
    }

    /// The latest instant of which the ledger knows: to a clock that is behind it, what was
    /// recorded already counts.
    pub fn latest(&self) -> Option<Timestamp> {
        self.events.iter().map(|it| it.record_time).max()
    }

    /// The next instant at which an entry begins or ceases to count.
    pub fn next_change(&self, after: Timestamp) -> Option<Timestamp> {
        let terms = self.events.iter();
        let instants = terms.flat_map(|it| [Some(it.effective_time), it.expire_time]);
        instants.flatten().filter(|&instant| instant > after).min()
    }

    /// The opt-outs that stand.
    pub fn standing_opt_outs(&self) -> impl Iterator<Item = &ConsentEvent> {
        self.opt_outs_unless_lifted_by(|_| true)
    }

    /// The opt-outs that stand, or do so again when the term of what lifts them is over.
    pub fn opt_outs_not_lifted_for_good(
        &self,
        at: Timestamp,
    ) -> impl Iterator<Item = &ConsentEvent> {
        self.opt_outs_unless_lifted_by(move |it| it.counts_at(at) && it.expire_time.is_none())
    }

    /// The opt-outs that none of such entries lifts.
    fn opt_outs_unless_lifted_by(
        &self,
        such: impl Fn(&ConsentEvent) -> bool,
    ) -> impl Iterator<Item = &ConsentEvent> {
        self.events
            .iter()
            .filter(|it| it.status == ConsentStatus::OptOut)
            .filter(move |out| {
                let mut lifting = self.events.iter().filter(|it| such(it));
                !lifting.any(|other| self.lifts(other, out))
            })
    }

    /// Whether an entry speaks about a topic or a single address.
    pub fn is_specific_about(&self, purpose: Purpose) -> bool {
        self.events.iter().any(|it| {
            it.purpose.is_none_or(|other| other == purpose)
                && (it.topic.is_some() || matches!(it.scope, ConsentScope::ContactPoint(_)))
        })
    }

    /// What follows for a contact at that instant.
    ///
    /// An opt-out, of whichever scope, outweighs every opt-in of another scope. It stands until
    /// an opt-in of its own scope, purpose and topic that was both given and recorded after it.
    pub fn judge(
        &self,
        policy: &ContactPolicy,
        contact: &ConsentQuestion<'_>,
        at: Timestamp,
    ) -> ConsentVerdict {
        let verdict = |outcome, events| ConsentVerdict { outcome, events };
        if !contact.purpose.obeys_preferences() {
            return verdict(ConsentOutcome::NotNeeded, Vec::new());
        }
        let about: Vec<&ConsentEvent> = self
            .events
            .iter()
            .filter(|it| it.is_about(contact) && it.counts_at(at))
            .collect();
        let standing = |it: &&&ConsentEvent| {
            it.status == ConsentStatus::OptOut && !about.iter().any(|other| self.lifts(other, it))
        };
        let out: Vec<Uuid> = about.iter().filter(standing).map(|it| it.id).collect();
        if !out.is_empty() {
            return verdict(ConsentOutcome::OptedOut, out);
        }
        let rule = policy.rule(contact.purpose);
        // A topic that the policy no longer has may have needed a consent.
        let restrictive = |id| policy.topic(id).is_none_or(Topic::restrictive);
        let opt_ins = about.iter().filter(|it| it.status == ConsentStatus::OptIn);
        let (valid, awaited): (Vec<&ConsentEvent>, Vec<&ConsentEvent>) =
            opt_ins.partition(|it| it.is_valid_under(rule));
        let ids = |events: &[&ConsentEvent]| events.iter().map(|it| it.id).collect();
        let needed =
            rule.mode() == PurposeMode::Restrictive || contact.topic.is_some_and(restrictive);
        match (rule.mode(), valid.as_slice(), awaited.as_slice()) {
            (PurposeMode::Disabled, ..) => verdict(ConsentOutcome::Disabled, Vec::new()),
            (_, [_, ..], _) => verdict(ConsentOutcome::OptedIn, ids(&valid)),
            _ if !needed => verdict(ConsentOutcome::NotNeeded, Vec::new()),
            (_, _, [_, ..]) => verdict(ConsentOutcome::Unconfirmed, ids(&awaited)),
            _ => verdict(ConsentOutcome::Missing, Vec::new()),
        }
    }

    /// The first change of the ledger after `at` from which on it permits the contact.
    pub fn permits_from(
        &self,
        policy: &ContactPolicy,
        contact: &ConsentQuestion<'_>,
        at: Timestamp,
    ) -> Option<Timestamp> {
        let changes = std::iter::successors(self.next_change(at), |&it| self.next_change(it));
        let permits = |&it: &Timestamp| self.judge(policy, contact, it).outcome.permits();
        changes.into_iter().find(permits)
    }

    /// Whether an opt-in ends an opt-out. One that another customer gave before both were found
    /// to be the same does not: a merge never widens what anybody permitted.
    fn lifts(&self, opt_in: &ConsentEvent, opt_out: &ConsentEvent) -> bool {
        opt_in.status == ConsentStatus::OptIn
            && opt_in.confirmation != Confirmation::Awaited
            && opt_in.same_subject(opt_out)
            && opt_in.capture_time > opt_out.capture_time
            && opt_in.record_time > opt_out.record_time
            && (opt_in.member == opt_out.member
                || opt_in.record_time
                    >= self.joined(opt_in.member).max(self.joined(opt_out.member)))
    }

    fn joined(&self, customer: Uuid) -> Timestamp {
        let member = self.members.iter().find(|it| it.customer == customer);
        member.and_then(|it| it.joined).unwrap_or(Timestamp::MIN)
    }
}

#[cfg(test)]
mod tests;
