use std::time::Duration;

use jiff::tz::TimeZone;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;
use crate::domain::channel::ChannelSet;
use crate::domain::contact::cap::{CountedContact, Progress};
use crate::domain::contact::consent::{
    Confirmation, ConsentEvent, ConsentScope, ConsentStatus, Ledger, Member,
};
use crate::domain::contact::pause::Pause;
use crate::domain::contact::policy::{PolicyParts, PurposeRule};
use crate::domain::contact::purposes::PurposeSet;
use crate::domain::contact::quiet::{QuietHours, TimeOfDayParts};
use crate::domain::contact::reach::Reach;
use crate::domain::contact::standing::Reachable;
use crate::domain::contact_point::ContactPointState;
use crate::domain::preferences::{PreferenceChange, Preferences};
use crate::domain::rank::Rank;
use rapport_platform::period::Period;

const HOUR: Duration = Duration::from_hours(1);

/// Hours around which everything happens: the night in which New York's clocks go forward.
fn hour(number: i64) -> Timestamp {
    let first: Timestamp = "2026-03-06T00:00:00Z".parse().unwrap();
    Timestamp::from_micros(first.as_micros() + number * 3_600_000_000)
}

fn any_reach() -> impl Strategy<Value = Reach> {
    let channels = prop::collection::vec(1..=12, 0..3);
    let purposes = prop::collection::vec(1..=3, 0..2);
    (channels, purposes)
        .prop_map(|(channels, purposes)| Reach::parse(&channels, &purposes).unwrap())
}

fn any_cap(per_campaign: bool) -> impl Strategy<Value = Cap> {
    (1..5, 1..60_u32, any_reach()).prop_map(move |(most, hours, reach)| {
        Cap::parse(most, Some(HOUR * hours), reach, per_campaign).unwrap()
    })
}

fn any_quiet() -> impl Strategy<Value = QuietHours> {
    (0..24, 0..=24, prop::collection::vec(1..=7, 0..3)).prop_map(|(start, end, days)| {
        let time = |hours| TimeOfDayParts {
            hours,
            ..TimeOfDayParts::default()
        };
        QuietHours::parse(time(start), time(end), &days, &[]).unwrap()
    })
}

fn any_pause() -> impl Strategy<Value = Pause> {
    (0..60_i64, 1..40_i64, any_reach()).prop_map(|(start, length, reach)| {
        Pause::parse(hour(start), hour(start + length), reach).unwrap()
    })
}

fn any_event() -> impl Strategy<Value = ConsentEvent> {
    let scope = prop_oneof![
        3 => Just(ConsentScope::All),
        3 => (1..=12).prop_map(|it| ConsentScope::Channel(Channel::try_from(it).unwrap())),
        1 => Just(ConsentScope::ContactPoint(Uuid::from_u128(1))),
    ];
    let purpose = prop::option::of((1..=3).prop_map(|it| Purpose::try_from(it).unwrap()));
    let term = (0..40_i64, 0..30_i64, prop::option::of(1..40_i64));
    (any::<u128>(), scope, purpose, any::<bool>(), term).prop_map(
        |(id, scope, purpose, opts_in, (given, wait, length))| ConsentEvent {
            id: Uuid::from_u128(id),
            member: Uuid::nil(),
            scope,
            purpose,
            topic: None,
            status: match opts_in {
                true => ConsentStatus::OptIn,
                false => ConsentStatus::OptOut,
            },
            capture_time: hour(given),
            confirmation: Confirmation::NotAsked,
            effective_time: hour(given + wait),
            expire_time: length.map(|length| hour(given + wait + length)),
            record_time: hour(given),
        },
    )
}

fn any_contact() -> impl Strategy<Value = CountedContact> {
    (1..=12, 1..=5, 0..48_i64, 0..3).prop_map(|(channel, purpose, since, progress)| {
        CountedContact {
            channel: Channel::try_from(channel).unwrap(),
            purpose: Purpose::try_from(purpose).unwrap(),
            campaign: None,
            since: hour(since),
            progress: match progress {
                0 => Progress::Made,
                1 => Progress::InDelivery,
                _ => Progress::Granted {
                    expires: hour(since + 30),
                },
            },
        }
    })
}

fn any_address() -> impl Strategy<Value = Reachable> {
    let valid = (prop::option::of(0..60_i64), prop::option::of(60..90_i64));
    (0..8_190_i32, valid, any::<bool>()).prop_map(|(channels, (from, to), works)| Reachable {
        contact_point: Uuid::from_u128(1),
        address: Uuid::from_u128(1),
        channels: ChannelSet::from_bits(channels),
        rank: Rank::LAST,
        valid: Period::parse(from.map(hour), to.map(hour)).unwrap(),
        state: match works {
            true => ContactPointState::Active,
            false => ContactPointState::Bounced,
        },
        suppressed: PurposeSet::default(),
    })
}

fn any_standing() -> impl Strategy<Value = Standing> {
    let choices = prop::collection::vec((0..=3, 1..=12, 1..=2), 0..4);
    (
        choices,
        prop::collection::vec(any_quiet(), 0..2),
        prop::collection::vec(any_pause(), 0..2),
        prop::collection::vec(any_cap(false), 0..2),
        any::<bool>(),
        prop::collection::vec(any_event(), 0..4),
        prop::collection::vec(any_address(), 0..3),
        prop::collection::vec(any_contact(), 0..6),
    )
        .prop_map(
            |(choices, quiet_hours, pauses, caps, abroad, events, addresses, contacts)| {
                let mut preferences = Preferences::default();
                for (purpose, channel, choice) in choices {
                    let change = PreferenceChange::parse(purpose, channel, choice, 0).unwrap();
                    preferences.apply(&[change], "users/1", hour(0)).unwrap();
                }
                let me = Member {
                    customer: Uuid::nil(),
                    joined: None,
                };
                Standing {
                    preferences,
                    quiet_hours,
                    pauses,
                    caps,
                    zone: abroad.then(|| TimeZone::get("America/New_York").unwrap()),
                    ledger: Ledger::new(events, vec![me]),
                    addresses,
                    contacts,
                }
            },
        )
}

fn any_policy() -> impl Strategy<Value = ContactPolicy> {
    let rules = prop::collection::vec(1..=3, 3);
    let caps = prop::collection::vec(any_cap(false), 0..3);
    let by_campaign = prop::collection::vec(any_cap(true), 0..2);
    (rules, caps, by_campaign).prop_map(|(modes, mut caps, by_campaign)| {
        caps.extend(by_campaign);
        let rules = (1..).zip(modes);
        ContactPolicy::parse(PolicyParts {
            purposes: rules
                .map(|(purpose, mode)| PurposeRule::parse(purpose, mode, false).unwrap())
                .collect(),
            caps,
            ..PolicyParts::default()
        })
        .unwrap()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// Whatever is granted within a clearance, a decision would have granted as well, however
    /// much was granted and however much time has passed.
    #[test]
    fn a_clearance_grants_nothing_that_a_decision_refuses(
        mut standing in any_standing(),
        policy in any_policy(),
        made_at in 0..60_i64,
        asked in prop::collection::vec((1..=12, 1..=5, 0..8_i64), 1..8),
    ) {
        let mut now = standing.time(hour(made_at));
        standing.drop_expired(now);
        let mut clearance = standing.clearance(&policy, all_kinds(), now);
        for (channel, purpose, later) in asked {
            now = now.saturating_add(HOUR * u32::try_from(later).unwrap());
            let channel = Channel::try_from(channel).unwrap();
            let purpose = Purpose::try_from(purpose).unwrap();
            if !clearance.grants(channel, purpose, now) {
                continue;
            }
            clearance.spare -= 1;
            let contact = Contact::plain(channel, purpose);
            let decision = standing.decide(&policy, &contact, now);
            prop_assert!(decision.is_allowed(), "{:?}", decision.obstacles);
            standing.contacts.push(CountedContact {
                channel,
                purpose,
                campaign: None,
                since: now,
                progress: Progress::InDelivery,
            });
        }
    }

    /// At the instant that a refusal names, the contact may be made if nothing else happened.
    #[test]
    fn the_earliest_instant_is_one_at_which_the_contact_may_be_made(
        standing in any_standing(),
        policy in any_policy(),
        at in 0..60_i64,
        channel in prop::sample::select(Channel::ALL),
        purpose in prop::sample::select(Purpose::ALL),
    ) {
        let now = standing.time(hour(at));
        let contact = Contact::plain(channel, purpose);
        let decision = standing.decide(&policy, &contact, now);
        if let Some(earliest) = decision.earliest {
            prop_assert!(earliest > now);
            let mut then = standing.clone();
            then.contacts.retain(|it| !it.has_expired(now));
            then.contacts = then.contacts.into_iter().map(CountedContact::as_if_made).collect();
            prop_assert!(then.allows(&policy, &contact, earliest));
            // What was granted or is in delivery for longer than a cap's window counts until it
            // ends, which nobody can foretell: the instant is then a cautious one.
            let overdue = standing.caps_about(&policy, &contact).any(|(cap, _)| {
                let is_to_come = |it: &CountedContact| {
                    it.progress != Progress::Made && !it.has_expired(now)
                };
                let stays = |it: &CountedContact| {
                    is_to_come(it) && it.since.saturating_add(cap.window()) <= now
                };
                standing.contacts.iter().any(stays)
            });
            let just_before = Timestamp::from_micros(earliest.as_micros() - 1);
            prop_assert!(
                just_before < now || overdue || !then.allows(&policy, &contact, just_before)
            );
        }
        for channel in decision.open_channels {
            prop_assert!(standing.allows(&policy, &Contact::plain(channel, purpose), now));
        }
    }
}
