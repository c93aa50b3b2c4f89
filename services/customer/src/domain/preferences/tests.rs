use super::*;

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

use Channel::{Email, Phone};
use ChannelChoice::{Allowed, Refused};
use Purpose::Sales;

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
