//! What may be granted to a customer without looking at everything again: a clearance.
//!
//! Deciding takes all of a customer's [`Standing`]. Its outcome for the plain contact, of no
//! particular topic, campaign or address, holds until something changes, and what
//! changes by itself does so at known instants. So the outcome is kept: which purposes are open on
//! which channels, until when, and how many contacts may be granted before a cap could be
//! reached. Granting within a clearance is one statement that uses up one of them. Whatever else
//! changes revokes the clearance in its own transaction.
//!
//! A clearance never grants what a decision would refuse. It may be spent while a decision would
//! still grant: then all is looked at again.

use rapport_platform::time::Timestamp;

use super::cap::Cap;
use super::decision::Contact;
use super::policy::{ContactPolicy, Topic};
use super::standing::Standing;
use crate::domain::channel::{Channel, Purpose};

/// Uses of a clearance where no cap limits them: a bound for the store's counter.
const UNLIMITED: i32 = 1_000_000;

/// Which contacts are open, and for how long and how often.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clearance {
    /// Bit [`bit`] for each open purpose and channel.
    pub open: i64,
    /// First instant at which it holds.
    pub from: Timestamp,
    /// First instant at which it holds no more.
    pub until: Timestamp,
    /// How many contacts may be granted.
    pub spare: i32,
}

impl Clearance {
    /// Whether it grants such a contact.
    pub fn grants(&self, channel: Channel, purpose: Purpose, now: Timestamp) -> bool {
        let open = self.open & bit(channel, purpose) != 0;
        open && self.spare > 0 && self.from <= now && now < self.until
    }
}

/// The bit of a purpose and channel.
pub const fn bit(channel: Channel, purpose: Purpose) -> i64 {
    1 << ((purpose.number() - 1) * 12 + channel.number() - 1)
}

impl Standing {
    /// What may be granted from `now` on without another decision, of these kinds of contacts.
    pub fn clearance(
        &self,
        policy: &ContactPolicy,
        kinds: impl IntoIterator<Item = (Channel, Purpose)>,
        now: Timestamp,
    ) -> Clearance {
        let open = kinds.into_iter().filter(|&(channel, purpose)| {
            // What is said about topics or single addresses takes another look at each contact. So
            // does a customer of several records: suppressed addresses are looked for in one.
            !self.ledger.is_of_several()
                && !self.ledger.is_specific_about(purpose)
                && self.allows(policy, &Contact::plain(channel, purpose), now)
        });
        Clearance {
            open: open.fold(0, |all, (channel, purpose)| all | bit(channel, purpose)),
            from: now,
            until: self.same_until(policy, now),
            spare: self.spare(policy, now),
        }
    }

    /// The first instant at which something may change by itself.
    fn same_until(&self, policy: &ContactPolicy, now: Timestamp) -> Timestamp {
        let zone = self.zone(policy);
        let quiet = self.quiet_hours(policy).iter();
        let quiet = quiet.map(|it| it.same_until(&zone, now));
        let pauses = self.pauses.iter().flat_map(|it| [it.start(), it.end()]);
        let terms = self.addresses.iter();
        let terms = terms
            .flat_map(|it| [it.valid.from(), it.valid.to()])
            .flatten();
        let changes = quiet
            .chain(pauses)
            .chain(terms)
            .chain(self.ledger.next_change(now));
        changes
            .filter(|&it| it > now)
            .min()
            .unwrap_or(Timestamp::MAX)
    }

    /// How many contacts of whatever kind may be granted before some cap could be reached by a
    /// kind that is open.
    ///
    /// Every grant is taken to count toward every cap. Caps per campaign are left out: plain
    /// contacts are in none. What is granted now counts at least as long as what counts already,
    /// so that time makes room and never takes it away.
    fn spare(&self, policy: &ContactPolicy, now: Timestamp) -> i32 {
        let caps = policy.caps().iter().chain(&self.caps);
        let left = caps.filter(|cap| !cap.per_campaign()).map(|cap| {
            let used = cap.used_by(&self.contacts, None, now).len();
            let most = i32::try_from(cap.most()).unwrap_or(i32::MAX);
            most.saturating_sub(i32::try_from(used).unwrap_or(i32::MAX))
        });
        // A cap that is reached has closed what it is about.
        left.filter(|&left| left > 0).min().unwrap_or(UNLIMITED)
    }
}

/// Every kind of contact.
pub fn all_kinds() -> impl Iterator<Item = (Channel, Purpose)> {
    Purpose::ALL.iter().flat_map(|&purpose| {
        let channels = Channel::ALL.iter();
        channels.map(move |&channel| (channel, purpose))
    })
}

impl Contact {
    /// Whether a clearance can grant it under that policy.
    pub fn is_plain(&self, policy: &ContactPolicy) -> bool {
        let restrictive = |topic| {
            let topic = policy.topic(topic);
            topic.is_none_or(|it: &Topic| it.restrictive() || it.purpose() != self.purpose)
        };
        let counted_by_campaign = || policy.caps().iter().any(Cap::per_campaign);
        self.contact_point.is_none()
            && !self.topic.as_ref().is_some_and(restrictive)
            && !(self.campaign.is_some() && counted_by_campaign())
    }

    /// A contact of no particular topic, campaign or address.
    pub const fn plain(channel: Channel, purpose: Purpose) -> Self {
        Self {
            channel,
            purpose,
            topic: None,
            campaign: None,
            contact_point: None,
        }
    }
}

#[cfg(test)]
mod tests;
