//! Which contacts there were, and how many there may be.

use std::collections::BTreeSet;

use super::super::step::Asked;
use super::super::{CAPS, Limit, Record};
use super::{Clocks, Leave, Second};

/// How far a contact came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Progress {
    /// It may be made until then.
    Granted(Second),
    /// It waits to be delivered.
    Waiting,
    /// It was made then.
    Made(Second),
    /// It never will be.
    Gone,
}

/// A contact that was granted.
#[derive(Clone, Debug)]
pub(in super::super) struct Contact {
    pub(in super::super) permit: String,
    /// The record under which it is kept.
    pub(in super::super) record: Record,
    pub(in super::super) asked: Asked,
    pub(in super::super) progress: Progress,
}

#[derive(Debug, Default)]
pub(in super::super) struct Contacts(pub(in super::super) Vec<Contact>);

impl Limit {
    fn is_about(&self, asked: Asked) -> bool {
        self.channel.is_none_or(|it| it == asked.channel)
            && self.purpose.is_none_or(|it| it == asked.purpose)
    }
}

impl Contacts {
    /// Whether the company's caps, and the customer's own, leave room for another contact.
    pub(super) fn leave(
        &self,
        clocks: Clocks,
        group: &BTreeSet<Record>,
        asked: Asked,
        (must, may): (Vec<Limit>, Vec<Limit>),
    ) -> Leave {
        let reached = |limit: &Limit, counts: &dyn Fn(Progress) -> bool| {
            limit.is_about(asked)
                && self.count(limit, |it| {
                    group.contains(&it.record) && counts(it.progress)
                }) >= limit.most
        };
        let surely = |limit: &Limit| reached(limit, &|it| counts_surely(clocks, limit, it));
        let possibly = |limit: &Limit| reached(limit, &|it| counts_possibly(clocks, limit, it));
        let surely = CAPS.iter().chain(&must).any(surely);
        let possibly = CAPS.iter().chain(&may).any(possibly);
        Leave::against("a cap is reached", surely, possibly)
    }

    fn count(&self, limit: &Limit, counts: impl Fn(&Contact) -> bool) -> usize {
        let counts = |it: &&Contact| limit.is_about(it.asked) && counts(it);
        self.0.iter().filter(counts).count()
    }

    /// A cap that was exceeded, by what was made under one record's name in some window.
    pub(in super::super) fn exceeded(&self) -> Option<(&Contact, Limit)> {
        let made = |it: &Contact| match it.progress {
            Progress::Made(at) => Some(at),
            _ => None,
        };
        self.0.iter().find_map(|last| {
            let end = made(last)?;
            let too_many = |limit: &&Limit| {
                let inside = |it: &Contact| {
                    it.record == last.record
                        && made(it).is_some_and(|at| at <= end && end < at + limit.window)
                };
                limit.is_about(last.asked) && self.count(limit, inside) > limit.most
            };
            Some((last, *CAPS.iter().find(too_many)?))
        })
    }
}

fn counts_surely(clocks: Clocks, limit: &Limit, progress: Progress) -> bool {
    match progress {
        Progress::Granted(until) => clocks.surely(Second::MIN, until),
        Progress::Waiting => true,
        Progress::Made(at) => clocks.surely(Second::MIN, at + limit.window),
        Progress::Gone => false,
    }
}

fn counts_possibly(clocks: Clocks, limit: &Limit, progress: Progress) -> bool {
    match progress {
        Progress::Granted(until) => clocks.possibly(Second::MIN, until),
        Progress::Waiting => true,
        Progress::Made(at) => clocks.possibly(Second::MIN, at + limit.window),
        Progress::Gone => false,
    }
}
