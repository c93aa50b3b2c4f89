//! What can happen, and the histories that it makes.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{ADDRESSES, PEOPLE, Record};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::delivery::AttemptResult;

/// What happens next. Whatever is named by a number is one of those that there are.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// The clock goes on.
    Pass { minutes: i64 },
    /// The next caller's clock is behind.
    Back { seconds: i64 },
    /// A customer permits or forbids.
    Consent(Consent),
    /// A customer chooses about a channel.
    Prefer(Wish),
    /// A customer says when and how often it wants to be contacted.
    Times(Times),
    /// An address is not to be used, for one purpose or all.
    Suppress {
        address: usize,
        purpose: Option<Purpose>,
    },
    /// An address may be used again.
    Lift { which: usize },
    /// Two records become one customer.
    Merge { survivor: Record, merged: Record },
    /// One customer becomes two records again.
    Undo { which: usize },
    /// Both, at once.
    ThereAndBack { survivor: Record, merged: Record },
    /// Somebody wants to contact a customer, and may ask again.
    Reserve {
        record: Record,
        asked: Asked,
        again: bool,
    },
    /// Somebody wants to contact many.
    Batch {
        records: BTreeSet<Record>,
        asked: Asked,
    },
    /// A contact was made.
    Confirm { which: usize },
    /// A contact was given up.
    Release { which: usize },
    /// A message is to be delivered.
    Send { record: Record, purpose: Purpose },
    /// What is due is delivered, and ends so.
    Deliver { ends: Vec<AttemptResult> },
    /// Somebody wants to know what the ledger says, and will ask about this instant again.
    Ask {
        record: Record,
        point: Option<usize>,
    },
}

/// A contact that somebody wants to make.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    pub(super) channel: Channel,
    pub(super) purpose: Purpose,
    /// About the newsletter.
    pub(super) news: bool,
    /// At this one of the record's own addresses.
    pub(super) point: Option<usize>,
}

impl Asked {
    /// Every kind of contact that is not bound to an address.
    pub(super) fn every() -> impl Iterator<Item = Self> {
        let about = [
            (Purpose::Marketing, false),
            (Purpose::Marketing, true),
            (Purpose::Service, false),
        ];
        let channels = [Channel::Email, Channel::Phone].into_iter();
        channels.flat_map(move |channel| {
            about.map(|(purpose, news)| Self {
                channel,
                purpose,
                news,
                point: None,
            })
        })
    }
}

#[derive(Clone, Debug)]
pub(super) struct Consent {
    pub(super) record: Record,
    pub(super) opt_in: bool,
    pub(super) scope: Scope,
    pub(super) purpose: Option<Purpose>,
    pub(super) news: bool,
    /// How many minutes ago it was said: what comes late by letter is recorded after what was
    /// said since.
    pub(super) ago: i64,
    /// How many minutes an opt-in counts; none: without end.
    pub(super) lasts: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Scope {
    All,
    Channel(Channel),
    /// One of the record's own addresses.
    Point(usize),
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Wish {
    pub(super) record: Record,
    pub(super) channel: Channel,
    pub(super) purpose: Option<Purpose>,
    pub(super) word: Word,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Allowed,
    Refused,
    Withdrawn,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Times {
    pub(super) record: Record,
    pub(super) pause: Option<Break>,
    /// Whether the customer wants one contact in [`super::OWN_CAP`] at most.
    pub(super) seldom: bool,
}

/// A pause, in minutes from now on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Break {
    pub(super) begins: i64,
    pub(super) lasts: i64,
    pub(super) purpose: Option<Purpose>,
    pub(super) channel: Option<Channel>,
}

pub(super) fn histories() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 40..80)
}

fn step() -> impl Strategy<Value = Step> {
    let pair = || {
        let other = 1..PEOPLE.len();
        (record(), other).prop_map(|(one, step)| (one, (one + step) % PEOPLE.len()))
    };
    prop_oneof![
        10 => (1..100_i64).prop_map(|minutes| Step::Pass { minutes }),
        2 => (1..300_i64).prop_map(|seconds| Step::Back { seconds }),
        10 => consent().prop_map(Step::Consent),
        4 => wish().prop_map(Step::Prefer),
        2 => times().prop_map(Step::Times),
        2 => (0..ADDRESSES.len(), prop::option::of(purpose()))
            .prop_map(|(address, purpose)| Step::Suppress { address, purpose }),
        4 => (0..99_usize).prop_map(|which| Step::Lift { which }),
        6 => pair().prop_map(|(survivor, merged)| Step::Merge { survivor, merged }),
        4 => (0..99_usize).prop_map(|which| Step::Undo { which }),
        1 => pair().prop_map(|(survivor, merged)| Step::ThereAndBack { survivor, merged }),
        20 => (record(), asked(), any::<bool>())
            .prop_map(|(record, asked, again)| Step::Reserve { record, asked, again }),
        4 => (prop::collection::btree_set(record(), 1..5), asked())
            .prop_map(|(records, asked)| Step::Batch {
                records,
                asked: Asked { point: None, ..asked },
            }),
        8 => (0..99_usize).prop_map(|which| Step::Confirm { which }),
        5 => (0..99_usize).prop_map(|which| Step::Release { which }),
        8 => (record(), purpose()).prop_map(|(record, purpose)| Step::Send { record, purpose }),
        8 => prop::collection::vec(end(), 0..4).prop_map(|ends| Step::Deliver { ends }),
        3 => (record(), prop::option::of(0..9_usize))
            .prop_map(|(record, point)| Step::Ask { record, point }),
    ]
}

/// Some more often than others, so that much happens to them.
fn record() -> impl Strategy<Value = Record> {
    prop_oneof![4 => Just(0), 4 => Just(1), 2 => Just(2), 1 => 3..PEOPLE.len()]
}

fn channel() -> impl Strategy<Value = Channel> {
    prop_oneof![2 => Just(Channel::Email), 1 => Just(Channel::Phone)]
}

fn purpose() -> impl Strategy<Value = Purpose> {
    prop_oneof![2 => Just(Purpose::Marketing), 1 => Just(Purpose::Service)]
}

fn asked() -> impl Strategy<Value = Asked> {
    let point = prop::option::weighted(0.2, 0..9_usize);
    (channel(), purpose(), any::<bool>(), point).prop_map(|(channel, purpose, news, point)| Asked {
        channel,
        purpose,
        news: news && purpose == Purpose::Marketing,
        point,
    })
}

fn consent() -> impl Strategy<Value = Consent> {
    let scope = prop_oneof![
        3 => Just(Scope::All),
        1 => channel().prop_map(Scope::Channel),
        2 => (0..9_usize).prop_map(Scope::Point),
    ];
    let purpose = prop::option::weighted(0.8, purpose());
    let lasts = prop::option::weighted(0.3, 10..200_i64);
    let parts = (
        record(),
        prop::bool::weighted(0.6),
        scope,
        purpose,
        prop::bool::weighted(0.2),
        prop::option::weighted(0.3, 1..200_i64),
        lasts,
    );
    parts.prop_map(
        |(record, opt_in, scope, purpose, news, ago, lasts)| Consent {
            record,
            opt_in,
            scope,
            purpose,
            news: news && purpose == Some(Purpose::Marketing),
            ago: ago.unwrap_or_default(),
            lasts: lasts.filter(|_| opt_in),
        },
    )
}

fn wish() -> impl Strategy<Value = Wish> {
    let word = prop_oneof![
        Just(Word::Allowed),
        Just(Word::Refused),
        Just(Word::Withdrawn)
    ];
    (record(), channel(), prop::option::of(purpose()), word).prop_map(
        |(record, channel, purpose, word)| Wish {
            record,
            channel,
            purpose,
            word,
        },
    )
}

fn times() -> impl Strategy<Value = Times> {
    let reach = (prop::option::of(purpose()), prop::option::of(channel()));
    let pause = (0..60_i64, 1..240_i64, reach);
    let pause = pause.prop_map(|(begins, lasts, (purpose, channel))| Break {
        begins,
        lasts,
        purpose,
        channel,
    });
    (record(), prop::option::of(pause), any::<bool>()).prop_map(|(record, pause, seldom)| Times {
        record,
        pause,
        seldom,
    })
}

fn end() -> impl Strategy<Value = AttemptResult> {
    prop_oneof![
        2 => Just(AttemptResult::Sent),
        1 => Just(AttemptResult::FailedTemporarily),
        1 => Just(AttemptResult::FailedPermanently),
        1 => Just(AttemptResult::Unknown),
    ]
}
