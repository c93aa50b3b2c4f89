//! What customers permitted and forbade.

use std::collections::BTreeSet;

use super::super::step::{Asked, Break, Consent, Scope, Times, Wish, Word};
use super::super::{Address, Limit, OWN_CAP, PEOPLE, Record};
use super::said::Said;
use super::{Clocks, Groups, Leave, Merge, Second, Speaker};
use crate::domain::channel::Purpose;

/// What a consent is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum About {
    All,
    Channel(crate::domain::channel::Channel),
    Address(Address),
}

#[derive(Debug)]
struct Entry {
    about: About,
    purpose: Option<Purpose>,
    news: bool,
    opt_in: bool,
    given: Second,
    until: Second,
}

/// When a customer wants to be left alone, and whether it wants few contacts only.
#[derive(Debug)]
struct Alone {
    pause: Option<(Second, Second, Break)>,
    seldom: bool,
}

#[derive(Debug)]
pub(in super::super) struct Suppression {
    pub(in super::super) name: String,
    address: Address,
    purpose: Option<Purpose>,
}

#[derive(Debug)]
pub(in super::super) struct Choices {
    /// Whether marketing needs a consent.
    restrictive: bool,
    entries: Vec<Said<Entry>>,
    wishes: Vec<Said<Wish>>,
    times: Vec<Said<Alone>>,
    pub(in super::super) suppressed: Vec<Suppression>,
}

fn same_scope(one: &Said<Wish>, other: &Said<Wish>) -> bool {
    let scope = |it: &Said<Wish>| (it.what.channel, it.what.purpose);
    scope(one) == scope(other)
}

impl About {
    /// Whether the record can have said so of itself: an address is that of those who have it.
    fn can_be_of(self, record: Record) -> bool {
        match self {
            Self::All | Self::Channel(_) => true,
            Self::Address(address) => PEOPLE[record].contains(&address),
        }
    }
}

impl Entry {
    fn is_about(&self, asked: Asked, address: Address) -> bool {
        let about = match self.about {
            About::All => true,
            About::Channel(channel) => channel == asked.channel,
            About::Address(it) => it == address,
        };
        about && self.purpose.is_none_or(|it| it == asked.purpose) && (!self.news || asked.news)
    }

    fn lifts(&self, out: &Self) -> bool {
        let subject = |it: &Self| (it.about, it.purpose, it.news);
        self.opt_in && subject(self) == subject(out) && self.given > out.given
    }
}

impl Choices {
    pub(super) fn new(restrictive: bool) -> Self {
        Self {
            restrictive,
            entries: Vec::new(),
            wishes: Vec::new(),
            times: Vec::new(),
            suppressed: Vec::new(),
        }
    }

    pub(in super::super) fn consent(&mut self, by: Speaker, it: &Consent, now: Second) {
        let own = PEOPLE[by.record];
        let about = match it.scope {
            Scope::All => About::All,
            Scope::Channel(channel) => About::Channel(channel),
            Scope::Point(point) => About::Address(own[point % own.len()]),
        };
        let entry = Entry {
            about,
            purpose: it.purpose,
            news: it.news,
            opt_in: it.opt_in,
            given: now - it.ago * 60,
            until: it
                .lasts
                .map_or(Second::MAX - 9, |minutes| now + minutes * 60),
        };
        self.entries.push(Said::new(by, entry));
    }

    /// A customer's wishes are kept with the record that stands for it.
    pub(in super::super) fn prefer(&mut self, by: Speaker, wish: Wish) {
        self.wishes.push(Said::new(by, wish));
    }

    pub(in super::super) fn alone(&mut self, by: Speaker, times: Times, now: Second) {
        let pause = times.pause.map(|it| {
            let begins = now + it.begins * 60;
            (begins, begins + it.lasts * 60, it)
        });
        let alone = Alone {
            pause,
            seldom: times.seldom,
        };
        self.times.push(Said::new(by, alone));
    }

    pub(in super::super) fn suppress(
        &mut self,
        name: String,
        address: Address,
        purpose: Option<Purpose>,
    ) {
        if self.suppressed.iter().all(|it| it.name != name) {
            self.suppressed.push(Suppression {
                name,
                address,
                purpose,
            });
        }
    }

    /// Notes that a merge was taken back; `both` are the records that were one.
    pub(in super::super) fn part(
        &mut self,
        clocks: Clocks,
        merge: &Merge,
        both: &BTreeSet<Record>,
    ) {
        let lifted = |it: &Said<Entry>| self.lifted_for(clocks, it, it.by.record, both);
        let outs = self.entries.iter().map(|it| !it.what.opt_in && !lifted(it));
        let outs: Vec<bool> = outs.collect();
        for (out, stands) in self.entries.iter_mut().zip(outs) {
            if !out.what.opt_in && out.is_since(merge, both) {
                let about = out.what.about;
                out.part(both, |it| stands && about.can_be_of(it));
            }
        }
        let ended = |it: &Said<Wish>| self.ended_for(it, it.by.record, both);
        let refusals: Vec<bool> = self.wishes.iter().map(|it| !ended(it)).collect();
        for (wish, stands) in self.wishes.iter_mut().zip(refusals) {
            if wish.what.word == Word::Refused && wish.is_since(merge, both) {
                wish.part(both, |_| stands);
            }
        }
        let replaced = |it: &Said<Alone>| self.replaced_for(it, it.by.record, both);
        let times: Vec<bool> = self.times.iter().map(|it| !replaced(it)).collect();
        for (alone, stands) in self.times.iter_mut().zip(times) {
            if alone.is_since(merge, both) {
                alone.part(both, |_| stands);
            }
        }
    }

    /// Whether somebody who could may have lifted an opt-out for a record.
    fn lifted_for(
        &self,
        clocks: Clocks,
        out: &Said<Entry>,
        holder: Record,
        group: &BTreeSet<Record>,
    ) -> bool {
        self.entries.iter().any(|it| {
            it.what.lifts(&out.what)
                && it.ends(out, holder, group)
                && clocks.possibly(it.what.given, it.what.until)
        })
    }

    /// Whether there is a later word about a channel than that it is refused.
    fn ended_for(&self, refusal: &Said<Wish>, holder: Record, group: &BTreeSet<Record>) -> bool {
        let mut wishes = self.wishes.iter();
        wishes.any(|it| same_scope(it, refusal) && it.ends(refusal, holder, group))
    }

    /// Whether there is a later word about times.
    fn replaced_for(&self, said: &Said<Alone>, holder: Record, group: &BTreeSet<Record>) -> bool {
        self.times.iter().any(|it| it.ends(said, holder, group))
    }

    /// Whether a contact with the customer may be made at an address.
    pub(super) fn leave(
        &self,
        groups: &Groups,
        clocks: Clocks,
        record: Record,
        (asked, address): (Asked, Address),
    ) -> Leave {
        let group = &groups.members(record);
        let suppressed = self.suppressed.iter().any(|it| {
            it.address == address && it.purpose.is_none_or(|purpose| purpose == asked.purpose)
        });
        [
            Leave::against("the address is suppressed", suppressed, false),
            self.opted_out(groups, clocks, group, (asked, address)),
            self.consented(clocks, group, (asked, address)),
            self.refused(groups, group, asked),
            self.paused(clocks, group, asked),
        ]
        .into_iter()
        .max()
        .unwrap_or(Leave::Granted)
    }

    fn opted_out(
        &self,
        groups: &Groups,
        clocks: Clocks,
        group: &BTreeSet<Record>,
        (asked, address): (Asked, Address),
    ) -> Leave {
        // As far as an opt-in may go: one of the same record, or of one that was the same
        // customer by then and has been ever since.
        let surely_lifted = |out: &Said<Entry>| {
            self.entries.iter().any(|it| {
                let joined = groups
                    .joined(it.by.record)
                    .max(groups.joined(out.by.record));
                it.what.lifts(&out.what)
                    && it.by.at > out.by.at
                    && group.contains(&it.by.record)
                    && (it.by.record == out.by.record || it.by.at > joined)
                    && clocks.surely(it.what.given, it.what.until)
            })
        };
        let outs = || {
            let about = |it: &&Said<Entry>| !it.what.opt_in && it.what.is_about(asked, address);
            self.entries.iter().filter(about)
        };
        let must = outs().any(|out| {
            let mut holders = out.must.intersection(group);
            holders.any(|&holder| !self.lifted_for(clocks, out, holder, group))
        });
        let may = outs().any(|out| !out.may.is_disjoint(group) && !surely_lifted(out));
        Leave::against("the customer opted out", must, may)
    }

    fn consented(
        &self,
        clocks: Clocks,
        group: &BTreeSet<Record>,
        (asked, address): (Asked, Address),
    ) -> Leave {
        if !self.restrictive || asked.purpose != Purpose::Marketing {
            return Leave::Granted;
        }
        let any = |counts: &dyn Fn(&Entry) -> bool| {
            let consents = |it: &Said<Entry>| {
                group.contains(&it.by.record)
                    && it.what.opt_in
                    && it.what.is_about(asked, address)
                    && counts(&it.what)
            };
            self.entries.iter().any(consents)
        };
        let possibly = any(&|it| clocks.possibly(it.given, it.until));
        let surely = any(&|it| clocks.surely(it.given, it.until));
        Leave::against("there is no consent", !possibly, !surely)
    }

    fn refused(&self, groups: &Groups, group: &BTreeSet<Record>, asked: Asked) -> Leave {
        let about = |it: &&Said<Wish>| {
            let Wish {
                channel, purpose, ..
            } = it.what;
            it.what.word == Word::Refused
                && channel == asked.channel
                && purpose.is_none_or(|purpose| purpose == asked.purpose)
        };
        let refusals = || self.wishes.iter().filter(about);
        let ended_for = |refusal: &Said<Wish>, holder| self.ended_for(refusal, holder, group);
        // A later word of the record itself, or of the customer since the record joined it.
        let surely_ended = |refusal: &Said<Wish>, holder: Record| {
            let root = groups.root(holder);
            self.wishes.iter().any(|it| {
                let own = it.by.record == holder && it.by.at > refusal.by.at;
                let since = it.by.record == root && it.by.at > groups.joined(holder);
                same_scope(it, refusal) && (own || (holder != root && since))
            })
        };
        let stands = |holders: &BTreeSet<Record>, refusal, ended: &dyn Fn(&_, Record) -> bool| {
            let mut holders = holders.intersection(group);
            holders.any(|&holder| !ended(refusal, holder))
        };
        let must = refusals().any(|it| stands(&it.must, it, &ended_for));
        let may = refusals().any(|it| stands(&it.may, it, &surely_ended));
        Leave::against("the customer refuses the channel", must, may)
    }

    fn paused(&self, clocks: Clocks, group: &BTreeSet<Record>, asked: Asked) -> Leave {
        let covers = |it: &Break| {
            it.purpose.is_none_or(|it| it == asked.purpose)
                && it.channel.is_none_or(|it| it == asked.channel)
        };
        let stops = |it: &Alone, covers_term: &dyn Fn(Second, Second) -> bool| {
            let pause = it.pause.as_ref();
            pause.is_some_and(|(begins, ends, it)| covers(it) && covers_term(*begins, *ends))
        };
        let surely = |it: &Alone| stops(it, &|begins, ends| clocks.surely(begins, ends));
        let possibly = |it: &Alone| stops(it, &|begins, ends| clocks.possibly(begins, ends));
        let must = self.surely_alone(group).any(surely);
        let may = self.possibly_alone(group).any(possibly);
        Leave::against("the customer wants to be left alone", must, may)
    }

    /// The customer's own caps: those that bind for certain, and those that may.
    pub(super) fn own_caps(&self, group: &BTreeSet<Record>) -> (Vec<Limit>, Vec<Limit>) {
        let cap = |it: &Alone| it.seldom.then_some(OWN_CAP);
        (
            self.surely_alone(group).filter_map(cap).collect(),
            self.possibly_alone(group).filter_map(cap).collect(),
        )
    }

    /// What was said about times and no later word may have replaced.
    fn surely_alone<'a>(&'a self, group: &'a BTreeSet<Record>) -> impl Iterator<Item = &'a Alone> {
        let replaced = |said: &Said<Alone>, holder| self.replaced_for(said, holder, group);
        let stands = move |said: &&Said<Alone>| {
            let mut holders = said.must.intersection(group);
            holders.any(|&holder| !replaced(said, holder))
        };
        self.times.iter().filter(stands).map(|it| &it.what)
    }

    /// What was said about times and the record itself did not replace.
    fn possibly_alone<'a>(
        &'a self,
        group: &'a BTreeSet<Record>,
    ) -> impl Iterator<Item = &'a Alone> {
        let replaced = move |said: &Said<Alone>, holder: Record| {
            let mut later = self.times.iter();
            later.any(|it| it.by.at > said.by.at && it.by.record == holder)
        };
        let stands = move |said: &&Said<Alone>| {
            let mut holders = said.may.intersection(group);
            holders.any(|&holder| !replaced(said, holder))
        };
        self.times.iter().filter(stands).map(|it| &it.what)
    }
}
