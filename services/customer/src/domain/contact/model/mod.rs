//! The permit protocol, walked through in every order in which its steps can happen.
//!
//! Two gateways, the services behind them, the dispatcher, the customer and the clock take their
//! steps in any order; a gateway or the dispatcher may die between any two, and what a call came
//! to may never be known. Each step is what one transaction does, and decides by the code that
//! decides in production: [`Standing::decide`], [`Standing::clearance`], [`Clearance::grants`],
//! [`PermitState::at`], [`Settlement::of`] and [`RetryPolicy::after`].
//!
//! What must hold: never more contacts leave in a window than the cap allows, none whose dispatch
//! was judged after the customer had refused, none twice without a word that it may be the second
//! time, and there is room for another contact as soon as nothing counts.
//!
//! [`Standing::decide`]: super::standing::Standing::decide
//! [`Standing::clearance`]: super::standing::Standing::clearance
//! [`Clearance::grants`]: super::clearance::Clearance::grants
//! [`PermitState::at`]: super::permit::PermitState::at
//! [`Settlement::of`]: super::permit::Settlement::of
//! [`RetryPolicy::after`]: crate::domain::delivery::RetryPolicy::after

mod delivery;
mod look;
mod permit;
mod state;

use stateright::{Checker as _, HasDiscoveries, Model, Property};

use super::permit::Settlement;
use crate::domain::delivery::AttemptResult;
use delivery::Stage;
use state::{LAST, MOST, State, TTL, WINDOW};

/// What is left out of the protocol, to see that the walk finds what that breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Without {
    Nothing,
    /// A refusal does not revoke the clearance.
    Revocation,
    /// What has expired is not noted when a contact is asked for, and another clock may confirm it.
    NotedExpiry,
    /// Nor when a contact is taken over that may no longer have counted.
    NotedExpiryAtTakeover,
    /// The dispatcher does not look again.
    DispatchCheck,
    /// What was confirmed is taken over without another look at the caps.
    CapsAtTakeover,
    /// What counts again when it is taken over leaves the clearance as it was.
    RevocationAtTakeover,
    /// A contact that is taken over keeps counting from when it was confirmed.
    PuttingBack,
    /// An attempt that was interrupted is taken for none.
    Interruption,
    /// What will not be made keeps its permit.
    CallingOff,
}

/// Whose RPC it is for which the gateway reserves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// The customer service's own: it queues the contact in the transaction that takes the permit.
    Own,
    /// Another service's: it hands the contact over some time after its work is done.
    HandedOver,
}

struct Protocol {
    way: Way,
    without: Without,
}

/// How far a gateway is with its call.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq, PartialOrd, Ord)]
enum Gateway {
    Idle,
    /// The call is under way, with this permit.
    Reserved(usize),
    /// The service has done its work, which the gateway is about to hear.
    Done(usize),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Reserve(usize),
    /// The service does its work: by the right clock, or by one that is a step behind.
    Work(usize, Clock),
    /// The service refuses to, or what it did is rolled back: the gateway gives the permit back.
    RollBack(usize),
    /// The gateway hears that the work is done, and confirms the permit.
    Confirm(usize),
    /// The gateway dies, or never hears what the call came to.
    Lose(usize),
    TakeOver(usize, Clock),
    /// The dispatcher begins an attempt, also with what another one left behind.
    Begin(usize),
    Leave(usize),
    Report(usize, AttemptResult),
    Refuse,
    /// Something else about the customer changes, and the clearance is revoked.
    Change,
    Tick,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    Right,
    Behind,
}

impl Clock {
    fn shows(self, now: u8) -> u8 {
        match self {
            Self::Right => now,
            Self::Behind => now.saturating_sub(1),
        }
    }

    /// The clocks that show something else.
    fn all(now: u8) -> &'static [Self] {
        match now {
            0 => &[Self::Right],
            _ => &[Self::Right, Self::Behind],
        }
    }
}

impl Protocol {
    fn steps_of_gateway(&self, state: &State, index: usize, actions: &mut Vec<Action>) {
        let clocks = Clock::all(state.now).iter();
        match state.gateways[index] {
            Gateway::Idle => actions.push(Action::Reserve(index)),
            Gateway::Reserved(_) => {
                actions.extend([Action::RollBack(index), Action::Lose(index)]);
                match self.way {
                    Way::Own => actions.extend(clocks.map(|&it| Action::Work(index, it))),
                    // Nobody looks at a clock.
                    Way::HandedOver => actions.push(Action::Work(index, Clock::Right)),
                }
            }
            Gateway::Done(_) => {
                actions.extend([Action::Confirm(index), Action::Lose(index)]);
            }
        }
    }

    /// Everything that can go wrong with a message is tried with the first of the customer
    /// service's own; the others leave at once and are known to have left. An attempt that failed
    /// for now is as good as one that begins later.
    fn steps_of_dispatcher(&self, state: &State, index: usize, actions: &mut Vec<Action>) {
        use AttemptResult::{FailedPermanently, Sent, Unknown};
        let report = |result| Action::Report(index, result);
        match state.parcels[index].stage {
            Stage::Queued => actions.push(Action::Begin(index)),
            Stage::Begun(until) if state.now < until => {
                actions.extend([Action::Leave(index), report(FailedPermanently)]);
            }
            Stage::Left(until) if state.now < until => {
                actions.extend([Sent, Unknown].map(report));
            }
            Stage::Begun(_) | Stage::Left(_) => actions.push(Action::Begin(index)),
            Stage::Over => {}
        }
    }

    /// The gateway's call reaches the service.
    fn work(&self, state: &mut State, index: usize, clock: Clock) {
        let Gateway::Reserved(permit) = state.gateways[index] else {
            return;
        };
        state.gateways[index] = match self.way {
            Way::Own => {
                state.take(permit, clock.shows(state.now));
                Gateway::Idle
            }
            Way::HandedOver => {
                state.handed_over.insert(permit);
                Gateway::Done(permit)
            }
        };
    }

    fn begin(&self, state: &mut State, index: usize) {
        state.begin(index);
        let goes_well = index > 0 || self.way == Way::HandedOver;
        if goes_well && state.parcels[index].stage != Stage::Over {
            state.leave(index);
            state.report(index, AttemptResult::Sent);
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::new(self.without)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for index in 0..state.gateways.len() {
            self.steps_of_gateway(state, index, actions);
        }
        for &permit in &state.handed_over {
            let clocks = Clock::all(state.now).iter();
            actions.extend(clocks.map(|&clock| Action::TakeOver(permit, clock)));
        }
        for index in 0..state.parcels.len() {
            self.steps_of_dispatcher(state, index, actions);
        }
        if !state.refused {
            actions.push(Action::Refuse);
        }
        if state.clearance.is_some() {
            actions.push(Action::Change);
        }
        if state.now < LAST {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        let now = state.now;
        match action {
            Action::Reserve(index) => {
                let permit = state.reserve();
                state.gateways[index] = permit.map_or(Gateway::Idle, Gateway::Reserved);
            }
            Action::Work(index, clock) => self.work(&mut state, index, clock),
            Action::RollBack(index) => {
                let Gateway::Reserved(permit) = state.gateways[index] else {
                    return None;
                };
                state.settle(permit, Settlement::Release, now);
                state.gateways[index] = Gateway::Idle;
            }
            Action::Confirm(index) => {
                let Gateway::Done(permit) = state.gateways[index] else {
                    return None;
                };
                state.settle(permit, Settlement::Confirm, now);
                state.gateways[index] = Gateway::Idle;
            }
            Action::Lose(index) => state.gateways[index] = Gateway::Idle,
            Action::TakeOver(permit, clock) => {
                state.handed_over.remove(&permit);
                state.take_over(permit, clock.shows(now));
            }
            Action::Begin(index) => self.begin(&mut state, index),
            Action::Leave(index) => state.leave(index),
            Action::Report(index, result) => state.report(index, result),
            Action::Refuse => state.refuse(),
            Action::Change => state.clearance = None,
            Action::Tick => state.now += 1,
        }
        // It does not matter which gateway it is.
        state.gateways.sort_unstable();
        (state != *last).then_some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("the cap holds", |_, state: &State| state.within_cap()),
            Property::always("her word holds", |_, state: &State| {
                !state.judged_after_refusal
            }),
            Property::always("nothing is granted after her word", |_, state: &State| {
                !state.refused || state.clone().reserve().is_none()
            }),
            Property::always("nothing leaves twice unsaid", |_, state: &State| {
                !state.twice_unsaid
            }),
            Property::always("what does not count leaves room", |_, state: &State| {
                let mut later = state.clone();
                later.now = LAST + WINDOW + TTL;
                let mut all = (0..MOST).map(|_| later.reserve());
                state.refused || state.is_pending() || all.all(|it| it.is_some())
            }),
            Property::sometimes("a contact is made", |_, state: &State| state.messages() > 0),
            Property::sometimes("more are made than one window holds", |_, state: &State| {
                state.messages() > MOST
            }),
        ]
    }

    fn within_boundary(&self, state: &State) -> bool {
        state.permits.len() <= 3
    }
}

fn walk(way: Way) {
    let without = Without::Nothing;
    let walk = Protocol { way, without }
        .checker()
        .threads(2)
        .spawn_bfs()
        .join();
    walk.assert_properties();
    let states = walk.unique_state_count();
    assert!(states > 5_000, "{states}");
}

#[test]
fn no_order_of_steps_breaks_the_protocol() {
    walk(Way::Own);
}

#[test]
fn no_order_of_steps_breaks_the_protocol_of_what_is_handed_over() {
    walk(Way::HandedOver);
}

#[test]
fn each_part_of_the_protocol_is_needed() {
    use Way::{HandedOver, Own};
    for (way, without, broken) in [
        (
            Own,
            Without::Revocation,
            "nothing is granted after her word",
        ),
        (Own, Without::NotedExpiry, "the cap holds"),
        (Own, Without::DispatchCheck, "her word holds"),
        (Own, Without::Interruption, "nothing leaves twice unsaid"),
        (Own, Without::CallingOff, "what does not count leaves room"),
        (HandedOver, Without::CapsAtTakeover, "the cap holds"),
        (HandedOver, Without::RevocationAtTakeover, "the cap holds"),
        (HandedOver, Without::NotedExpiryAtTakeover, "the cap holds"),
        (HandedOver, Without::PuttingBack, "the cap holds"),
    ] {
        let walk = Protocol { way, without }
            .checker()
            .finish_when(HasDiscoveries::AnyFailures)
            .spawn_bfs()
            .join();
        assert!(walk.discovery(broken).is_some(), "{without:?}");
    }
}
