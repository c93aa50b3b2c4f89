use proptest::prelude::*;

use super::*;
use crate::domain::preferences::{ChannelChoice, PreferenceChange};

use Channel::{CallCentre, Community, Email, InPerson, Phone, Post, Sms, Web};
use ChannelChoice::{Allowed, Refused};
use ContactRefusal::{ChannelRefused, NoUsableContactPoint};
use Purpose::{Legal, Marketing, Sales, Service, Transactional};

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

/// An entry as the story tells it.
type Entry = (Option<Purpose>, Channel, ChannelChoice, i32);

fn change((purpose, channel, choice, rank): Entry) -> PreferenceChange {
    let purpose = purpose.map_or(0, Purpose::number);
    PreferenceChange::parse(purpose, channel.number(), choice.number(), rank).unwrap()
}

fn preferences(entries: &[Entry]) -> Preferences {
    let changes: Vec<_> = entries.iter().copied().map(change).collect();
    let mut preferences = Preferences::default();
    preferences.apply(&changes, "employees/1", at(1)).unwrap();
    preferences
}

/// Someone about whom nothing is known but an address that serves these channels.
fn reached_by(channels: ChannelSet) -> Standing {
    Standing {
        preferences: Preferences::default(),
        quiet_hours: Vec::new(),
        pauses: Vec::new(),
        caps: Vec::new(),
        zone: None,
        ledger: Ledger::default(),
        addresses: vec![Reachable {
            contact_point: Uuid::from_u128(1),
            address: Uuid::from_u128(1),
            channels,
            rank: Rank::LAST,
            valid: Period::ALWAYS,
            state: ContactPointState::Active,
            suppressed: PurposeSet::default(),
        }],
        contacts: Vec::new(),
    }
}

fn contact(channel: Channel, purpose: Purpose) -> Contact {
    Contact {
        channel,
        purpose,
        topic: None,
        campaign: None,
        contact_point: None,
    }
}

fn decide(
    preferences: &Preferences,
    reachable: ChannelSet,
    channel: Channel,
    purpose: Purpose,
) -> Decision {
    let standing = Standing {
        preferences: preferences.clone(),
        ..reached_by(reachable)
    };
    standing.survey(&ContactPolicy::default(), &contact(channel, purpose), at(2))
}

#[test]
fn do_not_email_her_phone_her() {
    let hers = preferences(&[(None, Email, Refused, 0), (None, Phone, Allowed, 1)]);
    let reachable = ChannelSet::from_iter([Email, Phone, CallCentre, Sms]);

    let decision = decide(&hers, reachable, Email, Marketing);

    assert!(!decision.is_allowed());
    assert_eq!(decision.reasons(), [ChannelRefused]);
    assert_eq!(decision.open_channels, [Phone, CallCentre, Sms]);
    assert!(decide(&hers, reachable, Phone, Marketing).is_allowed());
}

#[test]
fn the_least_permissive_choice_decides() {
    let all = ChannelSet::from_iter([Email, Phone]);
    for (entries, purpose, refused) in [
        (&[][..], Marketing, false),
        (&[(None, Email, Refused, 0)], Marketing, true),
        (&[(Some(Marketing), Email, Refused, 0)], Marketing, true),
        (&[(Some(Marketing), Email, Refused, 0)], Service, false),
        (
            &[(None, Email, Refused, 0), (Some(Sales), Email, Allowed, 0)],
            Sales,
            true,
        ),
        (
            &[(None, Email, Allowed, 0), (Some(Sales), Email, Refused, 0)],
            Sales,
            true,
        ),
        (
            &[(None, Email, Allowed, 0), (Some(Sales), Email, Refused, 0)],
            Service,
            false,
        ),
        (&[(None, Phone, Refused, 0)], Marketing, false),
        (&[(None, Email, Refused, 0)], Transactional, false),
        (&[(None, Email, Refused, 0)], Legal, false),
    ] {
        let decision = decide(&preferences(entries), all, Email, purpose);
        assert_eq!(!decision.is_allowed(), refused, "{entries:?} {purpose}");
    }
}

#[test]
fn a_dead_address_is_a_reason_of_its_own() {
    let refusing = preferences(&[(None, Email, Refused, 0)]);
    let nothing = ChannelSet::default();

    for (preferences, channel, purpose, refusals) in [
        (
            &Preferences::default(),
            Email,
            Marketing,
            &[NoUsableContactPoint][..],
        ),
        (
            &refusing,
            Email,
            Marketing,
            &[ChannelRefused, NoUsableContactPoint],
        ),
        (&refusing, Email, Legal, &[NoUsableContactPoint]),
        (&Preferences::default(), Web, Marketing, &[]),
    ] {
        let decision = decide(preferences, nothing, channel, purpose);
        assert_eq!(decision.reasons(), refusals, "{channel} {purpose}");
    }
}

#[test]
fn open_channels_come_in_the_customers_order() {
    let reachable = ChannelSet::from_iter([Phone, CallCentre, Sms, Email, Post]);
    let hers = preferences(&[
        (None, Email, Refused, 0),
        (None, CallCentre, Refused, 1),
        (None, Post, Allowed, 0),
        (Some(Sales), Sms, Allowed, 2),
        (None, Web, Allowed, 1),
        (None, Community, Refused, 0),
        (Some(Service), InPerson, Allowed, 3),
    ]);

    assert_eq!(
        decide(&hers, reachable, Email, Sales).open_channels,
        [Web, Sms, Post, Phone]
    );
    assert_eq!(
        decide(&hers, reachable, Email, Service).open_channels,
        [Web, InPerson, Post, Phone, Sms]
    );
}

#[test]
fn a_place_for_the_purpose_goes_before_the_one_for_all() {
    let reachable = ChannelSet::from_iter([Phone, Sms, Post]);
    let hers = preferences(&[
        (None, Phone, Allowed, 1),
        (None, Sms, Allowed, 2),
        (Some(Sales), Phone, Allowed, 3),
    ]);

    assert_eq!(
        decide(&hers, reachable, Post, Sales).open_channels,
        [Sms, Phone]
    );
    assert_eq!(
        decide(&hers, reachable, Post, Service).open_channels,
        [Phone, Sms]
    );
}

#[test]
fn a_receipt_offers_what_is_reachable_whatever_was_refused() {
    let hers = preferences(&[(None, Phone, Refused, 0), (None, Web, Refused, 0)]);

    let decision = decide(&hers, ChannelSet::from_iter([Phone]), Email, Transactional);

    assert_eq!(decision.reasons(), [NoUsableContactPoint]);
    assert_eq!(decision.open_channels, [Phone]);
}

fn any_preferences() -> impl Strategy<Value = Preferences> {
    let entry = (0..=3, 1..=12, 1..=2, 0..=5);
    prop::collection::vec(entry, 0..40).prop_map(|entries| {
        let mut preferences = Preferences::default();
        for (purpose, channel, choice, rank) in entries {
            let change = PreferenceChange::parse(purpose, channel, choice, rank).unwrap();
            preferences.apply(&[change], "users/1", at(1)).unwrap();
        }
        preferences
    })
}

proptest! {
    #[test]
    fn what_is_offered_instead_would_itself_be_allowed(
        preferences in any_preferences(),
        bits in 0..=8_190_i32,
        channel in prop::sample::select(Channel::ALL),
        purpose in prop::sample::select(Purpose::ALL),
    ) {
        let reachable = ChannelSet::from_bits(bits);
        let decision = decide(&preferences, reachable, channel, purpose);

        prop_assert!(!decision.open_channels.contains(&channel));
        for &open in &decision.open_channels {
            prop_assert!(decide(&preferences, reachable, open, purpose).is_allowed());
        }
    }

    #[test]
    fn no_further_refusal_opens_a_channel(
        preferences in any_preferences(),
        bits in 0..=8_190_i32,
        refused in prop::sample::select(Channel::ALL),
        purpose in prop::sample::select(&[Marketing, Sales, Service][..]),
    ) {
        let reachable = ChannelSet::from_bits(bits);
        let mut stricter = preferences.clone();
        let refusal = PreferenceChange::parse(0, refused.number(), Refused.number(), 0).unwrap();
        stricter.apply(&[refusal], "users/1", at(2)).unwrap();

        prop_assert!(!decide(&stricter, reachable, refused, purpose).is_allowed());
        for &channel in Channel::ALL {
            let before = decide(&preferences, reachable, channel, purpose);
            let after = decide(&stricter, reachable, channel, purpose);
            prop_assert!(before.is_allowed() || !after.is_allowed());
            prop_assert!(!after.open_channels.contains(&refused));
        }
    }
}
