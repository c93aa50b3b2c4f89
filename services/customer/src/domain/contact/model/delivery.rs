//! What happens to contacts that wait to be made.

use std::time::Duration;

use super::Without;
use super::look::Beside;
use super::state::{State, instant};
use crate::domain::delivery::{AttemptResult, DeliveryState, Next, RetryPolicy};

/// How long an attempt is held before another dispatcher takes it up.
const LEASE: u8 = 1;
/// A message is tried twice, without a rest.
const RETRY: RetryPolicy = RetryPolicy {
    max_attempts: 2,
    first_delay: Duration::from_secs(1),
    longest_delay: Duration::from_secs(1),
};

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
pub(super) struct Parcel {
    permit: usize,
    attempts: u32,
    /// Whether its receiver is told that it may have come before.
    doubtful: bool,
    /// When it left, the first time or another: a bit for each step of the clock.
    left: u8,
    pub(super) stage: Stage,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
pub(super) enum Stage {
    Queued,
    /// Judged and about to leave, held until then.
    Begun(u8),
    /// On the other side, which nobody knows yet.
    Left(u8),
    Over,
}

impl Parcel {
    pub(super) fn left_at(&self, tick: u8) -> bool {
        self.left & (1 << tick) != 0
    }

    pub(super) fn has_left(&self) -> bool {
        self.left != 0
    }
}

impl State {
    pub(super) fn queue(&mut self, permit: usize) {
        self.parcels.push(Parcel {
            permit,
            attempts: 0,
            doubtful: false,
            left: 0,
            stage: Stage::Queued,
        });
    }

    /// Begins an attempt if the customer still lets it.
    pub(super) fn begin(&mut self, index: usize) {
        let interrupted = self.parcels[index].stage != Stage::Queued;
        if interrupted && !self.lacks(Without::Interruption) {
            self.parcels[index].doubtful = true;
        }
        if self.parcels[index].attempts >= RETRY.max_attempts {
            self.give_up(index);
            return;
        }
        if !self.look(self.now, Beside::Nothing).allowed && !self.lacks(Without::DispatchCheck) {
            self.give_up(index);
            return;
        }
        self.judged_after_refusal |= self.refused;
        let until = self.now + LEASE;
        let parcel = &mut self.parcels[index];
        parcel.attempts += 1;
        parcel.stage = Stage::Begun(until);
    }

    pub(super) fn leave(&mut self, index: usize) {
        let parcel = &mut self.parcels[index];
        let Stage::Begun(until) = parcel.stage else {
            return;
        };
        self.twice_unsaid |= parcel.has_left() && !parcel.doubtful;
        parcel.left |= 1 << self.now;
        parcel.stage = Stage::Left(until);
    }

    pub(super) fn report(&mut self, index: usize, result: AttemptResult) {
        let parcel = &mut self.parcels[index];
        parcel.doubtful |= result == AttemptResult::Unknown;
        match RETRY.after(result, parcel.attempts, None, instant(self.now), 0.0) {
            Next::Again(_) => parcel.stage = Stage::Queued,
            Next::Over(DeliveryState::Sent) => {
                parcel.stage = Stage::Over;
                let permit = parcel.permit;
                self.made(permit);
            }
            Next::Over(_) => self.give_up(index),
        }
    }

    /// Ends a delivery. What may have been sent counts as sent.
    fn give_up(&mut self, index: usize) {
        let parcel = &mut self.parcels[index];
        parcel.stage = Stage::Over;
        let (permit, doubtful) = (parcel.permit, parcel.doubtful);
        match doubtful {
            true => self.made(permit),
            false => self.call_off(permit),
        }
    }
}
