//! The permit protocol, walked through in every order in which its steps can happen.
//!
//! Two gateways, the service behind them, the dispatcher, the customer and the clock take their
//! steps in any order; a gateway or the dispatcher may die between any two. Each step is what one
//! transaction does, and decides by the code that decides in production: [`Standing::decide`],
//! [`Standing::clearance`], [`Clearance::grants`], [`PermitState::at`] and [`Settlement::of`].
//!
//! What must hold: never more contacts in a window than the cap allows, none whose dispatch was
//! judged after the customer had refused, and room for another contact as soon as nothing counts.

use std::time::Duration;

use rapport_platform::time::Timestamp;
use stateright::{Checker as _, HasDiscoveries, Model, Property};
use uuid::Uuid;

use super::cap::{Cap, CountedContact, Progress};
use super::clearance::Clearance;
use super::consent::Ledger;
use super::decision::Contact;
use super::permit::{PermitState, Settlement, Step};
use super::policy::{ContactPolicy, PolicyParts};
use super::purposes::PurposeSet;
use super::reach::Reach;
use super::standing::{Reachable, Standing};
use crate::domain::channel::{Channel, ChannelSet, Purpose};
use crate::domain::contact_point::ContactPointState;
use crate::domain::preferences::{ChannelChoice, PreferenceChange, Preferences};
use crate::domain::rank::Rank;
use rapport_platform::period::Period;

/// Length of one step of the clock.
const TICK: Duration = Duration::from_mins(1);
/// Steps of the clock after which nothing is looked at any more.
const LAST: u8 = 3;
/// How long a contact counts, and how long a permit waits to be confirmed.
const WINDOW: u8 = 2;
const TTL: u8 = 1;
/// The most contacts in a window: with a single one no clearance would ever be used.
const MOST: usize = 2;

/// What is left out of the protocol, to see that the walk finds what that breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Without {
    Nothing,
    /// A refusal does not revoke the clearance.
    Revocation,
    /// What has expired is not noted, and another clock may confirm it.
    NotedExpiry,
    /// The dispatcher does not look again.
    DispatchCheck,
}

struct Protocol(Without);

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct Permit {
    state: PermitState,
    since: u8,
    expires: u8,
    made: bool,
}

/// How far a gateway is with its call.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
enum Gateway {
    Idle,
    Reserved(usize),
    Done,
}

/// A contact that waits to be made.
#[derive(Clone, Copy, Debug, Hash, PartialEq, Eq)]
enum Delivery {
    Queued(usize),
    /// Judged again and about to leave.
    Leaving(usize),
    Sent,
    Refused,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq)]
struct State {
    now: u8,
    refused: bool,
    permits: Vec<Permit>,
    clearance: Option<(i64, i64, i64, i32)>,
    gateways: [Gateway; 2],
    deliveries: Vec<Delivery>,
    sent: Vec<u8>,
    judged_after_refusal: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Reserve(usize),
    /// The service takes the permit and queues the contact.
    Forward(usize),
    /// A clock that is one step behind takes the permit.
    ForwardLate(usize),
    Crash(usize),
    Judge(usize),
    Send(usize),
    Refuse,
    Tick,
}

fn instant(tick: u8) -> Timestamp {
    Timestamp::EPOCH.saturating_add(TICK * (1_000 + u32::from(tick)))
}

fn policy() -> ContactPolicy {
    let window = Some(TICK * u32::from(WINDOW));
    let cap = Cap::parse(
        i32::try_from(MOST).unwrap(),
        window,
        Reach::everything(),
        false,
    );
    ContactPolicy::parse(PolicyParts {
        caps: vec![cap.unwrap()],
        ..PolicyParts::default()
    })
    .unwrap()
}

fn contact() -> Contact {
    Contact::plain(Channel::Email, Purpose::Marketing)
}

impl State {
    fn standing(&self) -> Standing {
        let mut preferences = Preferences::default();
        if self.refused {
            let refused = ChannelChoice::Refused.number();
            let change = PreferenceChange::parse(0, Channel::Email.number(), refused, 0).unwrap();
            preferences.apply(&[change], "users/1", instant(0)).unwrap();
        }
        let counted = self.permits.iter().filter_map(|permit| {
            let progress = match permit.state {
                PermitState::Confirmed if permit.made => Progress::Made,
                PermitState::Confirmed => Progress::InDelivery,
                PermitState::Reserved => Progress::Granted {
                    expires: instant(permit.expires),
                },
                _ => return None,
            };
            Some(CountedContact {
                channel: Channel::Email,
                purpose: Purpose::Marketing,
                campaign: None,
                since: instant(permit.since),
                progress,
            })
        });
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
            contacts: counted.collect(),
        }
    }

    fn clearance(&self) -> Option<Clearance> {
        self.clearance.map(|(open, from, until, spare)| Clearance {
            open,
            from: Timestamp::from_micros(from),
            until: Timestamp::from_micros(until),
            spare,
        })
    }

    /// What reserving does: within the clearance, or by looking at everything.
    fn reserve(&mut self, without: Without) -> Option<usize> {
        let now = instant(self.now);
        let cleared = self
            .clearance()
            .is_some_and(|it| it.grants(Channel::Email, Purpose::Marketing, now));
        let granted = if cleared {
            if let Some((.., spare)) = &mut self.clearance {
                *spare -= 1;
            }
            true
        } else {
            self.look_at_everything(without)
        };
        if !granted {
            return None;
        }
        self.permits.push(Permit {
            state: PermitState::Reserved,
            since: self.now,
            expires: self.now + TTL,
            made: false,
        });
        if !cleared {
            self.renew_clearance();
        }
        Some(self.permits.len() - 1)
    }

    fn look_at_everything(&mut self, without: Without) -> bool {
        let now = instant(self.now);
        let mut standing = self.standing();
        if standing.drop_expired(now) && without != Without::NotedExpiry {
            let now = self.now;
            for permit in &mut self.permits {
                if permit.state == PermitState::Reserved && permit.expires <= now {
                    permit.state = PermitState::Expired;
                }
            }
        }
        standing.decide(&policy(), &contact(), now).is_allowed()
    }

    fn renew_clearance(&mut self) {
        let now = instant(self.now);
        let kinds = [(Channel::Email, Purpose::Marketing)];
        let mut standing = self.standing();
        standing.drop_expired(now);
        let made = standing.clearance(&policy(), kinds, now);
        self.clearance = Some((
            made.open,
            made.from.as_micros(),
            made.until.as_micros(),
            made.spare,
        ));
    }

    /// What the service does with a call that was let through, by a clock that shows `tick`.
    fn forward(&mut self, permit: usize, tick: u8) {
        let state = self.permits[permit].state;
        let state = state.at(instant(self.permits[permit].expires), instant(tick));
        let mut standing = self.standing();
        standing.contacts.clear();
        let welcome = standing.decide(&policy(), &contact(), instant(tick));
        match Settlement::Confirm.of(state) {
            Step::Enter(confirmed) if welcome.is_allowed() => {
                self.permits[permit].state = confirmed;
                self.deliveries.push(Delivery::Queued(permit));
            }
            Step::Enter(_) => self.permits[permit].state = PermitState::Released,
            Step::Nothing | Step::Impossible(_) => {}
        }
    }

    fn judge(&mut self, delivery: usize, without: Without) {
        let Delivery::Queued(permit) = self.deliveries[delivery] else {
            return;
        };
        let mut standing = self.standing();
        standing.contacts.clear();
        let decision = standing.decide(&policy(), &contact(), instant(self.now));
        if decision.is_allowed() || without == Without::DispatchCheck {
            self.judged_after_refusal |= self.refused;
            self.deliveries[delivery] = Delivery::Leaving(permit);
        } else {
            self.permits[permit].state = PermitState::Released;
            self.deliveries[delivery] = Delivery::Refused;
        }
    }

    fn send(&mut self, delivery: usize) {
        let Delivery::Leaving(permit) = self.deliveries[delivery] else {
            return;
        };
        self.deliveries[delivery] = Delivery::Sent;
        self.permits[permit].made = true;
        self.permits[permit].since = self.now;
        self.sent.push(self.now);
    }

    fn within_cap(&self) -> bool {
        let in_window = |end: u8| {
            let begins = i16::from(end) - i16::from(WINDOW);
            let inside = |it: &&u8| i16::from(**it) > begins && **it <= end;
            self.sent.iter().filter(inside).count()
        };
        (0..=LAST).all(|end| in_window(end) <= MOST)
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State {
            now: 0,
            refused: false,
            permits: Vec::new(),
            clearance: None,
            gateways: [Gateway::Idle; 2],
            deliveries: Vec::new(),
            sent: Vec::new(),
            judged_after_refusal: false,
        }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (index, gateway) in state.gateways.iter().enumerate() {
            match gateway {
                Gateway::Idle => actions.push(Action::Reserve(index)),
                Gateway::Reserved(_) => {
                    actions.extend([Action::Forward(index), Action::Crash(index)]);
                    if state.now > 0 {
                        actions.push(Action::ForwardLate(index));
                    }
                }
                Gateway::Done => actions.push(Action::Crash(index)),
            }
        }
        for (index, delivery) in state.deliveries.iter().enumerate() {
            match delivery {
                Delivery::Queued(_) => actions.push(Action::Judge(index)),
                Delivery::Leaving(_) => actions.push(Action::Send(index)),
                Delivery::Sent | Delivery::Refused => {}
            }
        }
        if !state.refused {
            actions.push(Action::Refuse);
        }
        if state.now < LAST {
            actions.push(Action::Tick);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Reserve(gateway) => {
                let permit = state.reserve(self.0);
                state.gateways[gateway] = permit.map_or(Gateway::Done, Gateway::Reserved);
            }
            Action::Forward(gateway) | Action::ForwardLate(gateway) => {
                let Gateway::Reserved(permit) = state.gateways[gateway] else {
                    return None;
                };
                let behind = u8::from(matches!(action, Action::ForwardLate(_)));
                state.forward(permit, state.now - behind);
                state.gateways[gateway] = Gateway::Done;
            }
            Action::Crash(gateway) => state.gateways[gateway] = Gateway::Idle,
            Action::Judge(delivery) => state.judge(delivery, self.0),
            Action::Send(delivery) => state.send(delivery),
            Action::Refuse => {
                state.refused = true;
                if self.0 != Without::Revocation {
                    state.clearance = None;
                }
            }
            Action::Tick => state.now += 1,
        }
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("the cap holds", |_, state: &State| state.within_cap()),
            Property::always("her word holds", |_, state: &State| {
                !state.judged_after_refusal
            }),
            Property::always("nothing is granted after her word", |_, state: &State| {
                let mut asked = state.clone();
                !state.refused || asked.reserve(Without::Nothing).is_none()
            }),
            Property::always("what does not count leaves room", |_, state: &State| {
                let mut later = state.clone();
                later.now = LAST + WINDOW + TTL;
                let pending = state
                    .deliveries
                    .iter()
                    .any(|it| matches!(it, Delivery::Queued(_) | Delivery::Leaving(_)));
                state.refused || pending || later.reserve(Without::Nothing).is_some()
            }),
            Property::sometimes("a contact is made", |_, state: &State| {
                !state.sent.is_empty()
            }),
            Property::sometimes("more are made than one window holds", |_, state: &State| {
                state.sent.len() > MOST
            }),
        ]
    }

    fn within_boundary(&self, state: &State) -> bool {
        state.permits.len() <= 3
    }
}

#[test]
fn no_order_of_steps_breaks_the_protocol() {
    let walk = Protocol(Without::Nothing)
        .checker()
        .threads(2)
        .spawn_bfs()
        .join();
    walk.assert_properties();
    assert!(
        walk.unique_state_count() > 1_000,
        "{}",
        walk.unique_state_count()
    );
}

#[test]
fn each_part_of_the_protocol_is_needed() {
    for (without, broken) in [
        (Without::Revocation, "nothing is granted after her word"),
        (Without::NotedExpiry, "the cap holds"),
        (Without::DispatchCheck, "her word holds"),
    ] {
        let walk = Protocol(without)
            .checker()
            .finish_when(HasDiscoveries::AnyFailures)
            .spawn_bfs()
            .join();
        assert!(walk.discovery(broken).is_some(), "{without:?}");
    }
}
