//! Contact points: the addresses of a customer, what each is good for, and whether it works.

mod address;

use rapport_platform::time::Timestamp;

pub use address::{Address, AddressKind};

use super::channel::{Channel, ChannelSet};
use super::invalid::InvalidFields;
use super::rank::Rank;
use super::text;
use rapport_platform::numbered;
use rapport_platform::period::Period;

/// Longest label, in characters.
const MAX_LABEL: usize = 100;
/// Greatest rank.
const MAX_RANK: u16 = 1_000;

numbered! {
    /// Whether a contact point may be used.
    pub enum ContactPointState as "state of a contact point" {
        /// It works as far as known.
        Active = 1 "ACTIVE",
        /// Messages to it came back for good.
        Bounced = 2 "BOUNCED",
        /// Its owner complained about a message.
        Complained = 3 "COMPLAINED",
    }
}

/// Why an address is no longer used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddressProblem {
    /// Messages to it came back for good.
    Bounced,
    /// Its owner complained about a message.
    Complained,
}

/// One address of a customer. The address never changes: another one is another contact point, so
/// that what happened to an address stays with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContactPoint {
    address: Address,
    usage: Usage,
    state: ContactPointState,
    state_time: Timestamp,
    verify_time: Option<Timestamp>,
}

/// What may be said, and later changed, about an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    label: Option<String>,
    channels: ChannelSet,
    rank: Rank,
    valid: Period,
}

/// What was sent about the use of an address.
#[derive(Debug, Clone, Copy, Default)]
pub struct UsageParts<'a> {
    /// What people call it.
    pub label: &'a str,
    /// The channels it serves; none: those usual for the address.
    pub channels: &'a [Channel],
    /// Place among the customer's contact points from 1 to 1,000; 0: last.
    pub rank: i32,
    /// First instant at which it is valid.
    pub valid_from_time: Option<Timestamp>,
    /// First instant at which it is no longer valid.
    pub valid_to_time: Option<Timestamp>,
}

impl Usage {
    /// Reads the use of `address`.
    pub fn parse(address: &Address, parts: UsageParts<'_>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let label = faults.take("label", text::optional_line(parts.label, MAX_LABEL));
        let channels = faults.take("channels", channels(address, parts.channels));
        let rank = faults.take("rank", Rank::parse(parts.rank, MAX_RANK));
        let valid = faults.take(
            "",
            Period::parse(parts.valid_from_time, parts.valid_to_time),
        );
        let complete = label.zip(channels).zip(rank.zip(valid));
        faults.finish(complete.map(|((label, channels), (rank, valid))| Self {
            label,
            channels,
            rank,
            valid,
        }))
    }

    /// What people call the address.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// The channels it serves; never none.
    pub const fn channels(&self) -> ChannelSet {
        self.channels
    }

    /// Its place among the customer's contact points.
    pub const fn rank(&self) -> Rank {
        self.rank
    }

    /// When it is valid.
    pub const fn valid(&self) -> Period {
        self.valid
    }
}

fn channels(address: &Address, said: &[Channel]) -> Result<ChannelSet, InvalidFields> {
    if said.is_empty() {
        return Ok(address.usual_channels());
    }
    let mut faults = InvalidFields::default();
    let mut served = Vec::with_capacity(said.len());
    for (index, &channel) in said.iter().enumerate() {
        served.extend(faults.take(&format!("[{index}]"), address.kind().can_serve(channel)));
    }
    faults.finish(Some(served.into_iter().collect()))
}

impl ContactPoint {
    /// A contact point recorded at `now`.
    pub const fn new(address: Address, usage: Usage, now: Timestamp) -> Self {
        Self {
            address,
            usage,
            state: ContactPointState::Active,
            state_time: now,
            verify_time: None,
        }
    }

    /// The contact point with what it went through before it was stored.
    #[must_use]
    pub fn stored(
        self,
        state: ContactPointState,
        state_time: Timestamp,
        verify_time: Option<Timestamp>,
    ) -> Self {
        Self {
            state,
            state_time,
            verify_time,
            ..self
        }
    }

    /// The address.
    pub const fn address(&self) -> &Address {
        &self.address
    }

    /// What the address is used for.
    pub const fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Whether it works.
    pub const fn state(&self) -> ContactPointState {
        self.state
    }

    /// When the state last changed.
    pub const fn state_time(&self) -> Timestamp {
        self.state_time
    }

    /// When the customer was last shown to own it.
    pub const fn verify_time(&self) -> Option<Timestamp> {
        self.verify_time
    }

    /// Changes what the address is used for.
    pub fn use_for(&mut self, usage: Usage) {
        self.usage = usage;
    }

    /// Notes that the customer was shown to own the address. Whatever proved it arrived, so a
    /// bounced address works again; a complaint stays, since owning is not wanting.
    pub fn verify(&mut self, now: Timestamp) {
        self.verify_time = Some(now);
        if self.state == ContactPointState::Bounced {
            self.enter(ContactPointState::Active, now);
        }
    }

    /// Notes a problem with the address. A complaint outweighs a bounce, whichever came first.
    pub fn report(&mut self, problem: AddressProblem, now: Timestamp) {
        match (self.state, problem) {
            (ContactPointState::Complained, _)
            | (ContactPointState::Bounced, AddressProblem::Bounced) => {}
            (_, AddressProblem::Complained) => self.enter(ContactPointState::Complained, now),
            (ContactPointState::Active, AddressProblem::Bounced) => {
                self.enter(ContactPointState::Bounced, now);
            }
        }
    }

    /// Whether the company may use the address at that instant: it works and is valid.
    pub fn usable_at(&self, now: Timestamp) -> bool {
        self.state == ContactPointState::Active && self.usage.valid.contains(now)
    }

    fn enter(&mut self, state: ContactPointState, now: Timestamp) {
        self.state = state;
        self.state_time = now;
    }
}

/// The channels that some address of the customer serves at that instant.
pub fn reachable<'a>(
    points: impl IntoIterator<Item = &'a ContactPoint>,
    now: Timestamp,
) -> ChannelSet {
    let usable = points.into_iter().filter(|point| point.usable_at(now));
    usable.fold(ChannelSet::default(), |all, point| {
        all.or(point.usage.channels)
    })
}

/// The address to use for a channel at that instant: of the usable ones that serve it the first by
/// rank, and among equals the first of `points`, which come oldest first.
pub fn best_for<'a>(
    channel: Channel,
    points: impl IntoIterator<Item = &'a ContactPoint>,
    now: Timestamp,
) -> Option<&'a ContactPoint> {
    points
        .into_iter()
        .filter(|point| point.usable_at(now) && point.usage.channels.contains(channel))
        .min_by_key(|point| point.usage.rank)
}

#[cfg(test)]
mod tests;
