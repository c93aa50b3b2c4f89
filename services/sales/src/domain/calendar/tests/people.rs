//! Who is reminded when, and when people are busy.

use super::*;
use crate::domain::calendar::busy::{Conflict, conflicts, merged};
use crate::domain::calendar::reminder::{due, next};

#[test]
fn reminders_keep_their_distance_when_the_clocks_change() {
    let weekly = series(hour("2026-03-23T08:00:00Z"), "Europe/Berlin", "FREQ=WEEKLY");
    let mut now = at("2026-03-23T00:00:00Z");
    let mut told = Vec::new();
    while let Some(then) =
        next(&weekly, &[15, 1_440], now).filter(|it| *it < at("2026-04-01T00:00:00Z"))
    {
        let due = due(&weekly, &[15, 1_440], now, then);
        told.extend(due.iter().map(|it| (it.time.to_string(), it.minutes)));
        now = then;
    }
    let told: Vec<(&str, i32)> = told
        .iter()
        .map(|(time, minutes)| (time.as_str(), *minutes))
        .collect();
    assert_eq!(
        told,
        [
            ("2026-03-23T07:45:00Z", 15),
            ("2026-03-29T07:00:00Z", 1_440),
            ("2026-03-30T06:45:00Z", 15),
        ]
    );
}

#[test]
fn after_a_long_silence_only_what_is_still_to_come_is_told_of_and_once() {
    let daily = series(hour("2026-01-01T08:00:00Z"), "UTC", "FREQ=DAILY");
    let asleep = at("2026-01-01T00:00:00Z");
    let told = |now: &str| {
        let due = due(&daily, &[10, 60, 1_440], asleep, at(now));
        due.iter()
            .map(|it| (it.instance.original.to_string(), it.minutes))
            .collect::<Vec<_>>()
    };
    let expect = |days: &[(&str, i32)]| {
        days.iter()
            .map(|(day, minutes)| (format!("2026-06-{day}T08:00:00Z"), *minutes))
            .collect::<Vec<_>>()
    };
    assert_eq!(told("2026-06-10T07:30:00Z"), expect(&[("10", 60)]));
    assert_eq!(
        told("2026-06-10T08:15:00Z"),
        expect(&[("10", 10), ("11", 1_440)])
    );
    assert_eq!(told("2026-06-10T08:15:01Z"), expect(&[("11", 1_440)]));
}

#[test]
fn nobody_is_reminded_of_what_is_over_for_good() {
    let once = series(hour("2026-01-01T08:00:00Z"), "UTC", "");
    assert_eq!(
        next(&once, &[15], at("2026-01-01T07:44:59Z")),
        Some(at("2026-01-01T07:45:00Z"))
    );
    assert_eq!(next(&once, &[15], at("2026-01-01T07:45:00Z")), None);
    assert_eq!(next(&once, &[], at("2025-01-01T00:00:00Z")), None);
}

#[test]
fn busy_times_do_not_touch_each_other() {
    let window = stretch("2026-01-01T08:00:00Z", "2026-01-01T18:00:00Z");
    let busy = vec![
        stretch("2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z"),
        stretch("2026-01-01T07:00:00Z", "2026-01-01T09:00:00Z"),
        stretch("2026-01-01T09:00:00Z", "2026-01-01T10:00:00Z"),
        stretch("2026-01-01T12:30:00Z", "2026-01-01T12:40:00Z"),
        stretch("2026-01-01T17:00:00Z", "2026-01-02T09:00:00Z"),
        stretch("2026-01-01T15:00:00Z", "2026-01-01T15:00:00Z"),
    ];
    assert_eq!(
        merged(busy, window),
        [
            stretch("2026-01-01T08:00:00Z", "2026-01-01T10:00:00Z"),
            stretch("2026-01-01T12:00:00Z", "2026-01-01T13:00:00Z"),
            stretch("2026-01-01T17:00:00Z", "2026-01-01T18:00:00Z"),
        ]
    );
}

#[test]
fn what_only_touches_is_no_conflict() {
    let seller = uuid::Uuid::from_u128(1);
    let instance = stretch("2026-01-01T08:00:00Z", "2026-01-01T09:00:00Z");
    let own = [(seller, vec![instance])].into();
    let other = |start, end| (seller, stretch(start, end));
    let free = [
        other("2026-01-01T07:00:00Z", "2026-01-01T08:00:00Z"),
        other("2026-01-01T09:00:00Z", "2026-01-01T10:00:00Z"),
    ];
    assert_eq!(conflicts(&own, &free, 20), []);
    let busy = other("2026-01-01T08:59:59Z", "2026-01-01T10:00:00Z");
    let conflict = Conflict {
        seller,
        instance: instance.start,
        other: busy.1,
    };
    assert_eq!(conflicts(&own, &[busy, busy], 20), [conflict, conflict]);
    assert_eq!(conflicts(&own, &[busy, busy], 1), [conflict]);
    let another = (uuid::Uuid::from_u128(2), busy.1);
    assert_eq!(conflicts(&own, &[another], 20), []);
}
