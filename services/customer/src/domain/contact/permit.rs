//! The leave to contact a customer once.

use rapport_platform::time::Timestamp;

use rapport_platform::numbered;

numbered! {
    /// Where a permit stands.
    pub enum PermitState as "state" {
        /// The contact may be made until it expires.
        Reserved = 1 "RESERVED",
        /// The contact was made, or is in delivery.
        Confirmed = 2 "CONFIRMED",
        /// The contact was given up.
        Released = 3 "RELEASED",
        /// Nobody confirmed it in time.
        Expired = 4 "EXPIRED",
        /// It was never granted.
        Refused = 5 "REFUSED",
    }
}

impl PermitState {
    /// The state at `now` of what is stored as this one: what nobody settled in time has expired,
    /// whether or not somebody noted it.
    #[must_use]
    pub fn at(self, expires: Timestamp, now: Timestamp) -> Self {
        match self {
            Self::Reserved if expires <= now => Self::Expired,
            state => state,
        }
    }

    /// The state and what can be done, for whom it stands in the way.
    pub const fn why_not(self) -> &'static str {
        match self {
            Self::Reserved => "is reserved: confirm or release it",
            Self::Confirmed => "is confirmed: the contact was made or is in delivery",
            Self::Released => "was released: reserve another one",
            Self::Expired => "has expired: reserve another one",
            Self::Refused => "was refused: its refusals say when and how to contact the customer",
        }
    }
}

/// What somebody wants to become of a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// The contact was made.
    Confirm,
    /// It was given up.
    Release,
}

/// What is to be done with a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It enters this state.
    Enter(PermitState),
    /// It is so already.
    Nothing,
    /// Its state does not allow it.
    Impossible(PermitState),
}

impl Settlement {
    /// What becomes of a permit in that state, as it is now.
    pub const fn of(self, state: PermitState) -> Step {
        match (self, state) {
            (Self::Confirm, PermitState::Reserved) => Step::Enter(PermitState::Confirmed),
            (Self::Release, PermitState::Reserved) => Step::Enter(PermitState::Released),
            (Self::Confirm, PermitState::Confirmed)
            | (Self::Release, PermitState::Released | PermitState::Expired) => Step::Nothing,
            (_, state) => Step::Impossible(state),
        }
    }
}
