//! Everything that has a say in a contact, and the one answer from it.

use jiff::tz::TimeZone;
use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::cap::{Cap, CountedContact};
use super::consent::{ConsentOutcome, ConsentVerdict, Ledger};
use super::decision::{Contact, Decision, Obstacle, Source};
use super::pause::Pause;
use super::policy::ContactPolicy;
use super::purposes::PurposeSet;
use super::quiet::QuietHours;
use super::refusal::ContactRefusal;
use crate::domain::channel::{Channel, ChannelSet, Purpose};
use crate::domain::contact_point::ContactPointState;
use crate::domain::preferences::Preferences;
use crate::domain::rank::Rank;
use rapport_platform::period::Period;

/// How often the instant at which a contact becomes possible is looked for: what ends may end in
/// the middle of something else, but not for ever.
const LOOKS_AHEAD: usize = 100;

/// An address, as far as it decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reachable {
    /// The contact point.
    pub contact_point: Uuid,
    /// The id by which the ledger knows it.
    pub address: Uuid,
    /// The channels it serves.
    pub channels: ChannelSet,
    /// Its place among the customer's.
    pub rank: Rank,
    /// When it is valid.
    pub valid: Period,
    /// Whether it works.
    pub state: ContactPointState,
    /// The purposes for which it is suppressed.
    pub suppressed: PurposeSet,
}

/// Everything about a customer that has a say in whether it may be contacted.
#[derive(Debug, Clone)]
pub struct Standing {
    /// What it chose for channels.
    pub preferences: Preferences,
    /// Its own hours without contacts.
    pub quiet_hours: Vec<QuietHours>,
    /// When it wants to be left alone.
    pub pauses: Vec<Pause>,
    /// Its own caps.
    pub caps: Vec<Cap>,
    /// Its clock, if known.
    pub zone: Option<TimeZone>,
    /// What it permitted and forbade.
    pub ledger: Ledger,
    /// Its addresses, oldest first.
    pub addresses: Vec<Reachable>,
    /// The contacts that may count.
    pub contacts: Vec<CountedContact>,
}

impl Standing {
    /// The customer's own time: the present, or the latest instant of which its records know, for
    /// a clock that is behind them.
    pub fn time(&self, now: Timestamp) -> Timestamp {
        let contacts = self.contacts.iter().map(|it| it.since).max();
        let known = self.ledger.latest().max(contacts);
        known.map_or(now, |known| known.max(now))
    }

    /// Forgets the granted contacts that can't be made any more. Whether there were any: they must
    /// not come back, whatever another clock shows.
    pub fn drop_expired(&mut self, now: Timestamp) -> bool {
        let before = self.contacts.len();
        self.contacts.retain(|it| !it.has_expired(now));
        self.contacts.len() < before
    }

    /// As [`decide`](Self::decide), with the channels that are open instead also when the contact
    /// may be made: for whoever wants to know, and has not decided.
    pub fn survey(&self, policy: &ContactPolicy, contact: &Contact, now: Timestamp) -> Decision {
        Decision {
            open_channels: self.open_channels(policy, contact, now),
            ..self.decide(policy, contact, now)
        }
    }

    /// Judges a contact.
    pub fn decide(&self, policy: &ContactPolicy, contact: &Contact, now: Timestamp) -> Decision {
        let (obstacles, contact_point) = self.judge(policy, contact, now);
        if obstacles.is_empty() {
            return Decision {
                obstacles,
                contact_point,
                earliest: None,
                open_channels: Vec::new(),
            };
        }
        let earliest = self.earliest(policy, contact, &obstacles, now);
        let open_channels = self.open_channels(policy, contact, now);
        Decision {
            obstacles,
            contact_point: None,
            earliest,
            open_channels,
        }
    }

    /// Whether the contact may be made, without what else is possible.
    pub fn allows(&self, policy: &ContactPolicy, contact: &Contact, at: Timestamp) -> bool {
        self.judge(policy, contact, at).0.is_empty()
    }

    /// The channels on which the customer may be contacted for the purpose, in its order.
    pub fn open_for(
        &self,
        policy: &ContactPolicy,
        purpose: Purpose,
        at: Timestamp,
    ) -> Vec<Channel> {
        // The channel of this one does not matter.
        let contact = Contact::plain(Channel::Email, purpose);
        self.open_among(policy, Channel::ALL.iter().copied(), &contact, at)
    }

    /// The channels other than the contact's on which it may be made at that instant.
    fn open_channels(
        &self,
        policy: &ContactPolicy,
        contact: &Contact,
        at: Timestamp,
    ) -> Vec<Channel> {
        let others = Channel::ALL.iter().copied();
        let others = others.filter(|&channel| channel != contact.channel);
        self.open_among(policy, others, contact, at)
    }

    /// Those of the channels on which the contact may be made, in the customer's order. Where no
    /// address is needed, nothing shows that the customer can be met there but its own word.
    fn open_among(
        &self,
        policy: &ContactPolicy,
        channels: impl Iterator<Item = Channel>,
        contact: &Contact,
        at: Timestamp,
    ) -> Vec<Channel> {
        let is_open = |&channel: &Channel| {
            let can_be_met =
                channel.needs_address() || self.preferences.welcomes(channel, contact.purpose);
            can_be_met && self.allows(policy, &contact.on(channel), at)
        };
        let mut open: Vec<Channel> = channels.filter(is_open).collect();
        open.sort_by_key(|&channel| self.preferences.place(channel, contact.purpose));
        open
    }

    /// The customer's clock.
    pub fn zone(&self, policy: &ContactPolicy) -> TimeZone {
        let of_policy = || policy.time_zone().map(|name| name.zone());
        self.zone
            .clone()
            .or_else(of_policy)
            .unwrap_or(TimeZone::UTC)
    }

    /// The hours without contacts: the customer's own, or else the tenant's.
    pub fn quiet_hours<'a>(&'a self, policy: &'a ContactPolicy) -> &'a [QuietHours] {
        match self.quiet_hours.is_empty() {
            true => policy.quiet_hours(),
            false => &self.quiet_hours,
        }
    }

    /// The caps that are about the contact, the tenant's first.
    pub fn caps_about<'a>(
        &'a self,
        policy: &'a ContactPolicy,
        contact: &Contact,
    ) -> impl Iterator<Item = (&'a Cap, Source)> {
        let (channel, purpose) = (contact.channel, contact.purpose);
        let campaign = contact.campaign.clone();
        let tenants = policy.caps().iter().map(|cap| (cap, Source::Policy));
        let own = self.caps.iter().map(|cap| (cap, Source::Preferences));
        tenants
            .chain(own)
            .filter(move |(cap, _)| cap.is_about(channel, purpose, campaign.as_deref()))
    }

    /// Everything that stands in the way, and the address that does not.
    fn judge(
        &self,
        policy: &ContactPolicy,
        contact: &Contact,
        at: Timestamp,
    ) -> (Vec<Obstacle>, Option<Uuid>) {
        let mut obstacles = Vec::new();
        if self.preferences.refuses(contact.channel, contact.purpose) {
            obstacles.push(Obstacle {
                reason: ContactRefusal::ChannelRefused,
                until: None,
                source: Source::Preferences,
            });
        }
        let contact_point = match self.address(policy, contact, at) {
            Ok(contact_point) => contact_point,
            Err(mut faults) => {
                obstacles.append(&mut faults);
                None
            }
        };
        obstacles.extend(self.pauses(contact, at));
        obstacles.extend(self.reached_caps(policy, contact, at));
        obstacles.extend(self.quiet(policy, contact, at));
        obstacles.sort_by_key(|it| it.reason.weight());
        (obstacles, contact_point)
    }

    /// The address to use, none on channels that need none; or what is against the best one.
    fn address(
        &self,
        policy: &ContactPolicy,
        contact: &Contact,
        at: Timestamp,
    ) -> Result<Option<Uuid>, Vec<Obstacle>> {
        if !contact.channel.needs_address() {
            let verdict = self.ledger.judge(policy, &contact.at_address(None), at);
            return match self.consent(policy, contact, None, verdict, at) {
                None => Ok(None),
                Some(obstacle) => Err(vec![obstacle]),
            };
        }
        let serves = |it: &&Reachable| {
            it.channels.contains(contact.channel)
                && contact
                    .contact_point
                    .is_none_or(|point| point == it.contact_point)
        };
        let mut candidates: Vec<&Reachable> = self.addresses.iter().filter(serves).collect();
        candidates.sort_by_key(|it| it.rank);
        // Of several that are no good, the one that is good again first is told.
        let mut least: Option<Vec<Obstacle>> = None;
        for candidate in candidates {
            let faults = self.against(policy, contact, candidate, at);
            if faults.is_empty() {
                return Ok(Some(candidate.contact_point));
            }
            if least
                .as_ref()
                .is_none_or(|least| weight(&faults) < weight(least))
            {
                least = Some(faults);
            }
        }
        Err(least.unwrap_or_else(|| self.without_address(policy, contact, at)))
    }

    /// What is against a contact for which there is no address at all.
    fn without_address(
        &self,
        policy: &ContactPolicy,
        contact: &Contact,
        at: Timestamp,
    ) -> Vec<Obstacle> {
        let verdict = self.ledger.judge(policy, &contact.at_address(None), at);
        let missing = Obstacle {
            reason: ContactRefusal::NoUsableContactPoint,
            until: None,
            source: Source::Nothing,
        };
        let consent = self.consent(policy, contact, None, verdict, at);
        consent.into_iter().chain([missing]).collect()
    }

    /// What is against using an address.
    fn against(
        &self,
        policy: &ContactPolicy,
        contact: &Contact,
        address: &Reachable,
        at: Timestamp,
    ) -> Vec<Obstacle> {
        let source = || Source::ContactPoint(address.contact_point);
        let mut obstacles = Vec::new();
        if address.suppressed.contains(contact.purpose) {
            obstacles.push(Obstacle {
                reason: ContactRefusal::Suppressed,
                until: None,
                source: source(),
            });
        }
        if address.state != ContactPointState::Active || !address.valid.contains(at) {
            let works = address.state == ContactPointState::Active;
            let begins = address.valid.from().filter(|&from| works && from > at);
            obstacles.push(Obstacle {
                reason: ContactRefusal::NoUsableContactPoint,
                until: begins,
                source: source(),
            });
        }
        let point = Some(address.address);
        let verdict = self.ledger.judge(policy, &contact.at_address(point), at);
        obstacles.extend(self.consent(policy, contact, point, verdict, at));
        obstacles
    }

    fn consent(
        &self,
        policy: &ContactPolicy,
        contact: &Contact,
        contact_point: Option<Uuid>,
        verdict: ConsentVerdict,
        at: Timestamp,
    ) -> Option<Obstacle> {
        let reason = match verdict.outcome {
            ConsentOutcome::OptedIn | ConsentOutcome::NotNeeded => return None,
            ConsentOutcome::OptedOut => ContactRefusal::OptedOut,
            ConsentOutcome::Missing => ContactRefusal::ConsentMissing,
            ConsentOutcome::Unconfirmed => ContactRefusal::ConsentUnconfirmed,
            ConsentOutcome::Disabled => ContactRefusal::PurposeDisabled,
        };
        let question = contact.at_address(contact_point);
        let source = match (reason, verdict.events.first()) {
            (_, Some(&event)) => Source::ConsentEvent(event),
            (ContactRefusal::PurposeDisabled, None) => Source::Policy,
            (_, None) => Source::Nothing,
        };
        Some(Obstacle {
            reason,
            until: self.ledger.permits_from(policy, &question, at),
            source,
        })
    }

    fn pauses(&self, contact: &Contact, at: Timestamp) -> impl Iterator<Item = Obstacle> {
        let stops = move |it: &&Pause| it.stops(contact.channel, contact.purpose, at);
        self.pauses.iter().filter(stops).map(|pause| Obstacle {
            reason: ContactRefusal::Paused,
            until: Some(pause.end()),
            source: Source::Preferences,
        })
    }

    fn reached_caps(
        &self,
        policy: &ContactPolicy,
        contact: &Contact,
        at: Timestamp,
    ) -> Vec<Obstacle> {
        let caps = self.caps_about(policy, contact);
        let reached = caps.filter_map(|(cap, source)| {
            let refusal = cap.refuses(&self.contacts, contact.campaign.as_deref(), at)?;
            Some(Obstacle {
                reason: ContactRefusal::CapReached,
                until: refusal.until,
                source,
            })
        });
        reached.collect()
    }

    fn quiet(&self, policy: &ContactPolicy, contact: &Contact, at: Timestamp) -> Vec<Obstacle> {
        let zone = self.zone(policy);
        let source = match self.quiet_hours.is_empty() {
            true => Source::Policy,
            false => Source::Preferences,
        };
        let quiet = self
            .quiet_hours(policy)
            .iter()
            .filter(|it| it.is_about(contact.channel, contact.purpose) && it.covers(&zone, at));
        quiet
            .map(|it| Obstacle {
                reason: ContactRefusal::QuietHours,
                until: Some(it.over_from(&zone, at)),
                source: source.clone(),
            })
            .collect()
    }

    /// The first instant at which nothing stands in the way, if nothing else happens: from the
    /// last of the obstacles' ends there may be others.
    fn earliest(
        &self,
        policy: &ContactPolicy,
        contact: &Contact,
        now_obstacles: &[Obstacle],
        now: Timestamp,
    ) -> Option<Timestamp> {
        // What was granted and can still be made is taken to be made.
        let contacts = self
            .contacts
            .iter()
            .filter(|it| !it.has_expired(now))
            .cloned();
        let later = Self {
            contacts: contacts.map(CountedContact::as_if_made).collect(),
            ..self.clone()
        };
        let mut obstacles = now_obstacles.to_vec();
        for _ in 0..LOOKS_AHEAD {
            let ends: Option<Vec<Timestamp>> = obstacles.iter().map(|it| it.until).collect();
            let at = ends?.into_iter().max()?;
            obstacles = later.judge(policy, contact, at).0;
            if obstacles.is_empty() {
                return Some(at);
            }
        }
        None
    }
}

/// Which of two addresses is told: the one that can be used first, and then the one with less
/// against it.
fn weight(faults: &[Obstacle]) -> (Timestamp, usize) {
    let ends = faults.iter().map(|it| it.until.unwrap_or(Timestamp::MAX));
    (ends.max().unwrap_or(Timestamp::MIN), faults.len())
}

#[cfg(test)]
mod tests;
