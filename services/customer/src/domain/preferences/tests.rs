use proptest::prelude::*;

use super::*;
use crate::domain::channel::ChannelSet;

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

use Channel::{CallCentre, Community, Email, InPerson, Phone, Post, Sms, Web};
use ChannelChoice::{Allowed, Refused};
use ContactRefusal::{ChannelRefused, NoUsableContactPoint};
use Purpose::{Legal, Marketing, Sales, Service, Transactional};

#[test]
fn do_not_email_her_phone_her() {
    let hers = preferences(&[(None, Email, Refused, 0), (None, Phone, Allowed, 1)]);
    let reachable = ChannelSet::from_iter([Email, Phone, CallCentre, Sms]);

    let decision = hers.decide(reachable, Email, Marketing);

    assert!(!decision.is_allowed());
    assert_eq!(decision.refusals(), [ChannelRefused]);
    assert_eq!(decision.open_channels(), [Phone, CallCentre, Sms]);
    assert!(hers.decide(reachable, Phone, Marketing).is_allowed());
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
        let decision = preferences(entries).decide(all, Email, purpose);
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
        let decision = preferences.decide(nothing, channel, purpose);
        assert_eq!(decision.refusals(), refusals, "{channel} {purpose}");
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
        hers.decide(reachable, Email, Sales).open_channels(),
        [Web, Sms, Post, Phone]
    );
    assert_eq!(
        hers.decide(reachable, Email, Service).open_channels(),
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
        hers.decide(reachable, Post, Sales).open_channels(),
        [Sms, Phone]
    );
    assert_eq!(
        hers.decide(reachable, Post, Service).open_channels(),
        [Phone, Sms]
    );
}

#[test]
fn a_receipt_offers_what_is_reachable_whatever_was_refused() {
    let hers = preferences(&[(None, Phone, Refused, 0), (None, Web, Refused, 0)]);

    let decision = hers.decide(ChannelSet::from_iter([Phone]), Email, Transactional);

    assert_eq!(decision.refusals(), [NoUsableContactPoint]);
    assert_eq!(decision.open_channels(), [Phone]);
}

#[test]
fn a_choice_is_recorded_once_and_withdrawn_by_none() {
    let mut hers = preferences(&[(None, Email, Refused, 0), (None, Phone, Allowed, 1)]);
    let again = change((None, Email, Refused, 0));
    let moved = change((None, Phone, Allowed, 2));
    hers.apply(&[again, moved], "users/2", at(2)).unwrap();

    let recorders: Vec<_> = hers
        .entries()
        .iter()
        .map(|(_, it)| it.recorder().to_owned())
        .collect();
    assert_eq!(recorders, ["users/2", "employees/1"]);

    let withdrawn = PreferenceChange::parse(0, Email.number(), 0, 0).unwrap();
    hers.apply(&[withdrawn], "users/2", at(3)).unwrap();
    assert_eq!(hers.entries().len(), 1);
}

#[test]
fn two_choices_for_one_scope_are_refused_and_change_nothing() {
    let mut hers = Preferences::default();
    let changes = [
        change((None, Email, Refused, 0)),
        change((Some(Sales), Email, Allowed, 0)),
        change((None, Email, Allowed, 0)),
    ];

    let refused = hers.apply(&changes, "users/2", at(1)).unwrap_err();

    assert_eq!(refused.at("entries")[0].field, "entries[2]");
    assert_eq!(hers, Preferences::default());
}

#[test]
fn a_choice_without_effect_or_sense_is_refused() {
    for (numbers, field) in [
        ([4, 6, 2, 0], "it.purpose"),
        ([5, 6, 2, 0], "it.purpose"),
        ([9, 6, 2, 0], "it.purpose"),
        ([0, 0, 2, 0], "it.channel"),
        ([0, 13, 2, 0], "it.channel"),
        ([0, 6, 3, 0], "it.choice"),
        ([0, 6, 2, 101], "it.rank"),
    ] {
        let [purpose, channel, choice, rank] = numbers;
        let refused = PreferenceChange::parse(purpose, channel, choice, rank).unwrap_err();
        assert_eq!(refused.at("it")[0].field, field);
    }
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
        let decision = preferences.decide(reachable, channel, purpose);

        prop_assert!(!decision.open_channels().contains(&channel));
        for &open in decision.open_channels() {
            prop_assert!(preferences.decide(reachable, open, purpose).is_allowed());
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

        prop_assert!(!stricter.decide(reachable, refused, purpose).is_allowed());
        for &channel in Channel::ALL {
            let before = preferences.decide(reachable, channel, purpose);
            let after = stricter.decide(reachable, channel, purpose);
            prop_assert!(before.is_allowed() || !after.is_allowed());
            prop_assert!(!after.open_channels().contains(&refused));
        }
    }
}
