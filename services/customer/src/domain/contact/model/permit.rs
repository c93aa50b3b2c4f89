//! What happens to permits.

use super::Without;
use super::look::{Beside, grants};
use super::state::{State, TTL, instant};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::cap::{CountedContact, Progress};
use crate::domain::contact::permit::{PermitState, Settlement, Step};

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub(super) struct Permit {
    pub(super) state: PermitState,
    /// When it was made, or else granted.
    since: u8,
    expires: u8,
    made: bool,
}

/// A contact that may count: since when, and how far it came.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Counted {
    Granted { since: u8, expires: u8 },
    InDelivery { since: u8 },
    Made { since: u8 },
}

impl Permit {
    pub(super) fn counted(&self) -> Option<Counted> {
        let (since, expires) = (self.since, self.expires);
        match self.state {
            PermitState::Confirmed if self.made => Some(Counted::Made { since }),
            PermitState::Confirmed => Some(Counted::InDelivery { since }),
            PermitState::Reserved => Some(Counted::Granted { since, expires }),
            _ => None,
        }
    }

    /// Its state by a clock that shows `tick`.
    fn at(&self, tick: u8) -> PermitState {
        self.state.at(instant(self.expires), instant(tick))
    }
}

impl Counted {
    pub(super) fn contact(self) -> CountedContact {
        let (since, progress) = match self {
            Self::Granted { since, expires } => {
                let expires = instant(expires);
                (since, Progress::Granted { expires })
            }
            Self::InDelivery { since } => (since, Progress::InDelivery),
            Self::Made { since } => (since, Progress::Made),
        };
        CountedContact {
            channel: Channel::Email,
            purpose: Purpose::Marketing,
            campaign: None,
            since: instant(since),
            progress,
        }
    }
}

impl State {
    /// What reserving does: within the clearance, or by looking at everything.
    pub(super) fn reserve(&mut self) -> Option<usize> {
        let now = self.now;
        match &mut self.clearance {
            Some(cleared) if grants(*cleared, now) => {
                cleared.2 -= 1;
                Some(self.grant(now))
            }
            _ => self.look_at_everything(now),
        }
    }

    fn grant(&mut self, since: u8) -> usize {
        self.permits.push(Permit {
            state: PermitState::Reserved,
            since,
            expires: since + TTL,
            made: false,
        });
        self.permits.len() - 1
    }

    /// Judges another contact by a clock that shows `shown`.
    fn look_at_everything(&mut self, shown: u8) -> Option<usize> {
        let found = self.look(shown, Beside::Everything);
        if found.expired && !self.lacks(Without::NotedExpiry) {
            self.note_expired(found.at);
        }
        let permit = found.allowed.then(|| self.grant(found.at));
        self.clearance = Some(self.cleared(found.at));
        permit
    }

    fn note_expired(&mut self, at: u8) {
        for permit in &mut self.permits {
            permit.state = permit.at(at);
        }
    }

    /// What an RPC of the customer service does with a call that was let through: it takes the
    /// permit, or another one when that has expired, and queues the contact. The gateway may confirm
    /// what was taken, which changes nothing; what the customer refuses it gives back.
    pub(super) fn take(&mut self, permit: usize, shown: u8) {
        let taken = match self.permits[permit].at(shown) {
            PermitState::Reserved => {
                let welcome = self.look(shown, Beside::Nothing).allowed;
                welcome.then_some(permit)
            }
            _ => self.look_at_everything(shown),
        };
        match taken {
            Some(taken) => self.put_in_delivery(taken),
            None => self.settle(permit, Settlement::Release, self.now),
        }
    }

    /// What is done with a contact that another service hands over: its cause has committed, so
    /// that it can only end, not be refused.
    pub(super) fn take_over(&mut self, permit: usize, shown: u8) {
        let taken = match self.permits[permit].at(shown) {
            PermitState::Reserved => Some(permit),
            PermitState::Confirmed => self.take_back(permit, shown),
            _ => self.look_at_everything(shown),
        };
        if let Some(permit) = taken {
            self.put_in_delivery(permit);
        }
    }

    /// A contact that was confirmed when its call was done is made only when it is delivered;
    /// others may have been granted since it stopped counting.
    fn take_back(&mut self, permit: usize, shown: u8) -> Option<usize> {
        let own = self.permits[permit].counted();
        let found = self.look(shown, own.map_or(Beside::Everything, Beside::Itself));
        if found.expired && !self.lacks(Without::NotedExpiryAtTakeover) {
            self.note_expired(found.at);
        }
        if !self.lacks(Without::RevocationAtTakeover) {
            self.clearance = None;
        }
        if found.beyond_cap && !self.lacks(Without::CapsAtTakeover) {
            self.release(permit);
            return None;
        }
        Some(permit)
    }

    fn put_in_delivery(&mut self, permit: usize) {
        let puts_back = !self.lacks(Without::PuttingBack);
        let row = &mut self.permits[permit];
        row.made &= !puts_back;
        row.state = PermitState::Confirmed;
        self.queue(permit);
    }

    /// What the gateway says became of a call.
    pub(super) fn settle(&mut self, permit: usize, settlement: Settlement, shown: u8) {
        let Step::Enter(next) = settlement.of(self.permits[permit].at(shown)) else {
            return;
        };
        self.permits[permit].state = next;
        if next == PermitState::Confirmed {
            self.make(permit, shown);
        }
    }

    /// A contact was made, or may have been.
    pub(super) fn made(&mut self, permit: usize) {
        let row = &self.permits[permit];
        if row.state == PermitState::Confirmed && !row.made {
            self.make(permit, self.now);
        }
    }

    fn make(&mut self, permit: usize, shown: u8) {
        let permit = &mut self.permits[permit];
        permit.made = true;
        permit.since = permit.since.max(shown);
    }

    /// A contact will not be made.
    pub(super) fn call_off(&mut self, permit: usize) {
        if !self.lacks(Without::CallingOff) {
            self.release(permit);
        }
    }

    fn release(&mut self, permit: usize) {
        self.permits[permit].state = PermitState::Released;
    }
}
