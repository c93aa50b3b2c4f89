//! Looking at a customer's standing, by the code that looks at it in production.
//!
//! A walk meets few standings, each of them many times: what was decided once is kept.

use std::cell::RefCell;
use std::collections::HashMap;

use rapport_platform::period::Period;
use uuid::Uuid;

use super::permit::{Counted, Permit};
use super::state::{State, contact, instant, policy, tick};
use crate::domain::channel::{Channel, ChannelSet, Purpose};
use crate::domain::contact::clearance::Clearance;
use crate::domain::contact::consent::Ledger;
use crate::domain::contact::purposes::PurposeSet;
use crate::domain::contact::refusal::ContactRefusal;
use crate::domain::contact::standing::{Reachable, Standing};
use crate::domain::contact_point::ContactPointState;
use crate::domain::preferences::{ChannelChoice, PreferenceChange, Preferences};
use crate::domain::rank::Rank;

/// What counts beside the contact in question.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(super) enum Beside {
    /// Everything: it is a new one.
    Everything,
    /// Everything but itself, which counts already and may have stopped to.
    Itself(Counted),
    /// Nothing: it counts already.
    Nothing,
}

/// What was found.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    /// The customer's own time.
    pub(super) at: u8,
    /// Whether something had expired.
    pub(super) expired: bool,
    pub(super) allowed: bool,
    pub(super) beyond_cap: bool,
}

/// All that a decision rests on: who counts, whether the customer refused, and what a clock shows.
type Case = (Vec<Counted>, bool, u8);

thread_local! {
    static FOUND: RefCell<HashMap<(Case, Beside), Found>> = RefCell::default();
    static CLEARED: RefCell<HashMap<Case, Cleared>> = RefCell::default();
}

/// A clearance, in the order of its fields.
pub(super) type Cleared = (i64, u8, i32);

impl State {
    fn case(&self, tick: u8) -> Case {
        let mut counted: Vec<Counted> = self.permits.iter().filter_map(Permit::counted).collect();
        counted.sort_unstable();
        (counted, self.refused, tick)
    }

    /// Judges a contact by a clock that shows `tick`.
    pub(super) fn look(&self, tick: u8, beside: Beside) -> Found {
        let key = (self.case(tick), beside);
        FOUND.with_borrow_mut(|found| {
            let fresh = || found_in(&key.0, beside);
            *found.entry(key.clone()).or_insert_with(fresh)
        })
    }

    /// What may be granted from `tick` on without another look.
    pub(super) fn cleared(&self, tick: u8) -> Cleared {
        let case = self.case(tick);
        CLEARED.with_borrow_mut(|cleared| {
            let fresh = || cleared_in(&case);
            *cleared.entry(case.clone()).or_insert_with(fresh)
        })
    }
}

/// Whether a clearance grants a contact now.
pub(super) fn grants((open, from, spare): Cleared, now: u8) -> bool {
    let clearance = Clearance {
        open,
        from: instant(from),
        until: instant(u8::MAX),
        spare,
    };
    clearance.grants(Channel::Email, Purpose::Marketing, instant(now))
}

fn found_in((counted, refused, shown): &Case, beside: Beside) -> Found {
    let mut standing = standing(counted, *refused);
    let at = standing.time(instant(*shown));
    let expired = standing.drop_expired(at);
    match beside {
        Beside::Everything => {}
        Beside::Itself(own) => {
            let own = own.contact();
            let place = standing.contacts.iter().position(|it| *it == own);
            place.map(|place| standing.contacts.remove(place));
        }
        Beside::Nothing => standing.contacts.clear(),
    }
    let decision = standing.decide(&policy(), &contact(), at);
    Found {
        at: tick(at),
        expired,
        allowed: decision.is_allowed(),
        beyond_cap: decision.reasons().contains(&ContactRefusal::CapReached),
    }
}

fn cleared_in((counted, refused, shown): &Case) -> Cleared {
    let mut standing = standing(counted, *refused);
    let at = instant(*shown);
    standing.drop_expired(at);
    let kinds = [(Channel::Email, Purpose::Marketing)];
    let Clearance {
        open,
        from,
        until: _,
        spare,
    } = standing.clearance(&policy(), kinds, at);
    (open, tick(from), spare)
}

fn standing(counted: &[Counted], refused: bool) -> Standing {
    let mut preferences = Preferences::default();
    if refused {
        let refused = ChannelChoice::Refused.number();
        let change = PreferenceChange::parse(0, Channel::Email.number(), refused, 0).unwrap();
        preferences.apply(&[change], "users/1", instant(0)).unwrap();
    }
    Standing {
        preferences,
        quiet_hours: Vec::new(),
        pauses: Vec::new(),
        caps: Vec::new(),
        zone: None,
        ledger: Ledger::default(),
        addresses: vec![Reachable {
            contact_point: Uuid::from_u128(1),
            address: Uuid::from_u128(1),
            channels: ChannelSet::from_iter([Channel::Email]),
            rank: Rank::LAST,
            valid: Period::ALWAYS,
            state: ContactPointState::Active,
            suppressed: PurposeSet::default(),
        }],
        contacts: counted.iter().map(|it| it.contact()).collect(),
    }
}
