//! What everybody knows together.

use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::time::Duration;

use rapport_platform::time::Timestamp;

use super::delivery::{Parcel, Stage};
use super::look::Cleared;
use super::permit::Permit;
use super::{Gateway, Without};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::cap::Cap;
use crate::domain::contact::decision::Contact;
use crate::domain::contact::policy::{ContactPolicy, PolicyParts};
use crate::domain::contact::reach::Reach;

/// Length of one step of the clock.
const TICK: Duration = Duration::from_mins(1);
/// Steps of the clock after which nothing is looked at any more.
pub(super) const LAST: u8 = 3;
/// How long a contact counts, and how long a permit waits to be confirmed.
pub(super) const WINDOW: u8 = 2;
pub(super) const TTL: u8 = 1;
/// The most contacts in a window: with a single one no clearance would ever be used.
pub(super) const MOST: usize = 2;

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub(super) struct State {
    pub(super) without: Omission,
    pub(super) now: u8,
    pub(super) refused: bool,
    pub(super) permits: Vec<Permit>,
    pub(super) clearance: Option<Cleared>,
    pub(super) gateways: [Gateway; 2],
    /// Contacts whose cause has committed, by the permits of their calls.
    pub(super) handed_over: BTreeSet<usize>,
    pub(super) parcels: Vec<Parcel>,
    pub(super) judged_after_refusal: bool,
    pub(super) twice_unsaid: bool,
}

/// What is left out: the same in every state of a walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Omission(Without);

impl Hash for Omission {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

pub(super) fn instant(tick: u8) -> Timestamp {
    Timestamp::EPOCH.saturating_add(TICK * (1_000 + u32::from(tick)))
}

/// The step of the clock that shows the instant.
pub(super) fn tick(instant: Timestamp) -> u8 {
    let steps = instant.since(Timestamp::EPOCH).as_secs() / TICK.as_secs();
    u8::try_from(steps - 1_000).unwrap()
}

pub(super) fn policy() -> ContactPolicy {
    let window = Some(TICK * u32::from(WINDOW));
    let most = i32::try_from(MOST).unwrap();
    let cap = Cap::parse(most, window, Reach::everything(), false);
    ContactPolicy::parse(PolicyParts {
        caps: vec![cap.unwrap()],
        ..PolicyParts::default()
    })
    .unwrap()
}

pub(super) fn contact() -> Contact {
    Contact::plain(Channel::Email, Purpose::Marketing)
}

impl State {
    pub(super) fn new(without: Without) -> Self {
        Self {
            without: Omission(without),
            now: 0,
            refused: false,
            permits: Vec::new(),
            clearance: None,
            gateways: [Gateway::Idle; 2],
            handed_over: BTreeSet::new(),
            parcels: Vec::new(),
            judged_after_refusal: false,
            twice_unsaid: false,
        }
    }

    pub(super) fn lacks(&self, part: Without) -> bool {
        self.without.0 == part
    }

    pub(super) fn refuse(&mut self) {
        self.refused = true;
        if !self.lacks(Without::Revocation) {
            self.clearance = None;
        }
    }

    /// Whether something is yet to end by itself.
    pub(super) fn is_pending(&self) -> bool {
        let open = |parcel: &Parcel| parcel.stage != Stage::Over;
        !self.handed_over.is_empty() || self.parcels.iter().any(open)
    }

    /// Whether no window has more messages than the cap allows; one that left twice is one.
    pub(super) fn within_cap(&self) -> bool {
        let in_window = |end: u8| {
            let window = (0..=end).rev().take(usize::from(WINDOW));
            let left = |it: &&Parcel| window.clone().any(|tick| it.left_at(tick));
            self.parcels.iter().filter(left).count()
        };
        (0..=LAST).all(|end| in_window(end) <= MOST)
    }

    /// The messages that have left.
    pub(super) fn messages(&self) -> usize {
        self.parcels.iter().filter(|it| it.has_left()).count()
    }
}
