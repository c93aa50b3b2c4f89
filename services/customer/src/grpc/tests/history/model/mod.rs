//! What must hold of a history, as simply as the specification tells it.
//!
//! The model leans neither way: what it calls [`Leave::Refused`] must never be granted, and what
//! it calls [`Leave::Granted`] must never be refused. In between lies what depends on a clock that
//! is behind, and what the specification leaves open.

mod choice;
mod contact;
mod group;
mod said;

use std::collections::BTreeSet;

pub(super) use choice::Choices;
pub(super) use contact::{Contact, Contacts, Progress};
pub(super) use group::{Groups, Merge};

use super::step::Asked;
use super::{Address, PEOPLE, Record, channel_of};

/// Seconds since the history began.
pub(super) type Second = i64;

/// What records are later than each other by, where the clock does not tell them apart.
const TICK: Second = 1;

/// Whether a contact may be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Leave {
    /// Nothing is against it.
    Granted,
    /// Something may be.
    Doubtful(&'static str),
    /// Something is.
    Refused(&'static str),
}

impl Leave {
    /// Refused if something must be against it, doubtful if something may be.
    fn against(why: &'static str, must: bool, may: bool) -> Self {
        match (must, may) {
            (true, _) => Self::Refused(why),
            (false, true) => Self::Doubtful(why),
            (false, false) => Self::Granted,
        }
    }
}

/// What the clocks show: that of the one who acts, and the latest that was ever seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Clocks {
    pub(super) now: Second,
    pub(super) latest: Second,
}

impl Clocks {
    /// Whether something is certainly in its term: by every clock.
    fn surely(self, from: Second, until: Second) -> bool {
        from <= self.now && self.latest + TICK < until
    }

    /// Whether something may be in its term: by some clock.
    fn possibly(self, from: Second, until: Second) -> bool {
        from <= self.latest + TICK && self.now < until + TICK
    }
}

/// Everything that the model knows.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) clocks: Clocks,
    pub(super) groups: Groups,
    pub(super) choices: Choices,
    pub(super) contacts: Contacts,
}

/// One of the records that are one customer, with all of them.
#[derive(Clone, Debug)]
pub(super) struct Speaker {
    pub(super) record: Record,
    /// Those for whom it speaks.
    pub(super) group: BTreeSet<Record>,
    /// The place of its word in the history.
    pub(super) at: usize,
}

impl Model {
    pub(super) fn new(restrictive: bool) -> Self {
        Self {
            clocks: Clocks::default(),
            groups: Groups::new(PEOPLE.len()),
            choices: Choices::new(restrictive),
            contacts: Contacts::default(),
        }
    }

    /// Whoever speaks by that name at this moment.
    pub(super) fn speaker(&mut self, record: Record) -> Speaker {
        Speaker {
            record,
            group: self.groups.members(record),
            at: self.groups.next(),
        }
    }

    /// Whether a contact may be granted to the customer who goes by that name.
    pub(super) fn leave(&self, record: Record, asked: Asked) -> Leave {
        let group = self.groups.members(record);
        let own = self.choices.own_caps(&group);
        let caps = self.contacts.leave(self.clocks, &group, asked, own);
        self.welcome(record, asked).max(caps)
    }

    /// As [`leave`](Self::leave), of one that counts already.
    fn welcome(&self, record: Record, asked: Asked) -> Leave {
        let at = self.addresses(record, asked);
        let best = at.into_iter().map(|it| self.at(record, asked, it)).min();
        best.unwrap_or(Leave::Refused("there is no address"))
    }

    /// Whether the customer's choice lets a contact be made at an address.
    pub(super) fn at(&self, record: Record, asked: Asked, address: Address) -> Leave {
        self.choices
            .leave(&self.groups, self.clocks, record, (asked, address))
    }

    /// Where the customer can be met so.
    fn addresses(&self, record: Record, asked: Asked) -> BTreeSet<Address> {
        let own = PEOPLE[record];
        let named = asked.point.map(|point| own[point % own.len()]);
        let group = self.groups.members(record);
        let all = group.into_iter().flat_map(|record| PEOPLE[record]).copied();
        all.filter(|&it| channel_of(it) == asked.channel && named.is_none_or(|named| named == it))
            .collect()
    }
}
