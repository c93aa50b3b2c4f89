//! When events take place, by cases.

mod exceptions;
mod people;
mod written;

use std::time::{Duration, Instant};

use jiff::civil::date;
use proptest::prelude::*;
use rapport_platform::time::Timestamp;
use rapport_platform::zone::ZoneName;

use super::series::Series;
use super::slot::{Slot, SlotParts, Stretch};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn stretch(start: &str, end: &str) -> Stretch {
    Stretch {
        start: at(start),
        end: at(end),
    }
}

/// An hour from an instant on.
fn hour(start: &str) -> Slot {
    Slot::Timed {
        start: at(start),
        seconds: 3_600,
    }
}

fn series(slot: Slot, zone: &str, rule: &str) -> Series {
    let zone = ZoneName::parse(zone).unwrap().zone();
    Series::parse(slot, zone, rule).unwrap()
}

fn refused(slot: Slot, rule: &str) -> String {
    let zone = ZoneName::parse("Europe/Berlin").unwrap().zone();
    Series::parse(slot, zone, rule).unwrap_err().to_string()
}

/// When the instances in a window begin.
fn begins(series: &Series, from: &str, to: &str) -> Vec<String> {
    let instances = series.instances(stretch(from, to), 1_000);
    instances
        .iter()
        .map(|it| it.stretch.start.to_string())
        .collect()
}

const YEAR: (&str, &str) = ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z");

#[test]
fn nine_o_clock_stays_nine_o_clock_when_the_clocks_change() {
    for (zone, first, rule, days) in [
        // Forward on 29 March, back on 25 October.
        (
            "Europe/Berlin",
            "2026-03-23T08:00:00Z",
            "FREQ=WEEKLY;COUNT=2",
            vec!["2026-03-23T08:00:00Z", "2026-03-30T07:00:00Z"],
        ),
        (
            "Europe/Berlin",
            "2026-10-19T07:00:00Z",
            "FREQ=WEEKLY;COUNT=2",
            vec!["2026-10-19T07:00:00Z", "2026-10-26T08:00:00Z"],
        ),
        // Forward on 8 March, back on 1 November.
        (
            "America/New_York",
            "2026-03-06T14:00:00Z",
            "FREQ=WEEKLY;COUNT=2",
            vec!["2026-03-06T14:00:00Z", "2026-03-13T13:00:00Z"],
        ),
        (
            "America/New_York",
            "2026-10-30T13:00:00Z",
            "FREQ=WEEKLY;COUNT=2",
            vec!["2026-10-30T13:00:00Z", "2026-11-06T14:00:00Z"],
        ),
        // Half an hour back on 5 April.
        (
            "Australia/Lord_Howe",
            "2026-04-03T22:00:00Z",
            "FREQ=DAILY;COUNT=3",
            vec![
                "2026-04-03T22:00:00Z",
                "2026-04-04T22:30:00Z",
                "2026-04-05T22:30:00Z",
            ],
        ),
    ] {
        let series = series(hour(first), zone, rule);
        assert_eq!(begins(&series, YEAR.0, YEAR.1), days, "{zone}");
    }
}

#[test]
fn a_time_that_the_clocks_leave_out_is_later_and_one_that_is_twice_is_the_first() {
    let gap = series(
        hour("2026-03-28T01:30:00Z"),
        "Europe/Berlin",
        "FREQ=DAILY;COUNT=3",
    );
    // 02:30 is there on neither side of the gap on the 29th: it is 03:30.
    assert_eq!(
        begins(&gap, YEAR.0, YEAR.1),
        [
            "2026-03-28T01:30:00Z",
            "2026-03-29T01:30:00Z",
            "2026-03-30T00:30:00Z"
        ]
    );
    let twice = series(
        hour("2026-10-24T00:30:00Z"),
        "Europe/Berlin",
        "FREQ=DAILY;COUNT=3",
    );
    assert_eq!(
        begins(&twice, YEAR.0, YEAR.1),
        [
            "2026-10-24T00:30:00Z",
            "2026-10-25T00:30:00Z",
            "2026-10-26T01:30:00Z"
        ]
    );
    // Once, it takes place at either of them.
    for start in ["2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z"] {
        let once = series(hour(start), "Europe/Berlin", "");
        assert_eq!(begins(&once, YEAR.0, YEAR.1), [start]);
    }
    assert!(refused(hour("2026-10-25T01:30:00Z"), "FREQ=DAILY").contains("twice"));
}

#[test]
fn months_without_a_31st_are_skipped() {
    let series = series(
        hour("2026-01-31T08:00:00Z"),
        "Europe/Berlin",
        "FREQ=MONTHLY;COUNT=4",
    );
    assert_eq!(
        begins(&series, YEAR.0, YEAR.1),
        [
            "2026-01-31T08:00:00Z",
            "2026-03-31T07:00:00Z",
            "2026-05-31T07:00:00Z",
            "2026-07-31T07:00:00Z"
        ]
    );
}

#[test]
fn whole_days_last_as_long_as_the_clocks_say() {
    let days = |month, day| Slot::Days {
        first: date(2026, month, day),
        count: 1,
    };
    for (day, hours) in [(days(3, 28), 24), (days(3, 29), 23), (days(10, 25), 25)] {
        let series = series(day, "Europe/Berlin", "");
        let stretch = series.instances(stretch(YEAR.0, YEAR.1), 1)[0].stretch;
        assert_eq!(
            stretch.end.since(stretch.start),
            Duration::from_secs(hours * 3_600)
        );
    }
    let weekly = series(days(3, 26), "Europe/Berlin", "FREQ=WEEKLY;UNTIL=20260402");
    assert_eq!(
        begins(&weekly, YEAR.0, YEAR.1),
        ["2026-03-25T23:00:00Z", "2026-04-01T22:00:00Z"]
    );
}

#[test]
fn an_end_is_the_last_time_or_before_it() {
    let first = hour("2026-03-23T08:00:00Z");
    // 09:00 in Berlin is 07:00 in UTC by then.
    for (until, count) in [("20260406T070000Z", 3), ("20260406T065959Z", 2)] {
        let series = series(
            first,
            "Europe/Berlin",
            &format!("FREQ=WEEKLY;UNTIL={until}"),
        );
        assert_eq!(begins(&series, YEAR.0, YEAR.1).len(), count, "{until}");
    }
    let forever = series(first, "Europe/Berlin", "FREQ=WEEKLY");
    assert_eq!(forever.bounds().end, Timestamp::MAX);
    let counted = series(first, "Europe/Berlin", "FREQ=WEEKLY;COUNT=3");
    assert_eq!(
        counted.bounds(),
        stretch("2026-03-23T08:00:00Z", "2026-04-06T08:00:00Z")
    );
}

#[test]
fn rubbish_is_refused_and_never_takes_long() {
    let started = Instant::now();
    for rule in [
        "FREQ=SECONDLY",
        "FREQ=HOURLY;COUNT=10",
        "FREQ=DAILY;COUNT=1000000000",
        "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;INTERVAL=0",
        "FREQ=DAILY;INTERVAL=65536",
        "FREQ=DAILY;BYHOUR=1,2,3",
        "FREQ=DAILY;FREQ=WEEKLY",
        "FREQ=DAILY;COUNT=1;UNTIL=20270101T000000Z",
        "FREQ=DAILY;UNTIL=20260101",
        "FREQ=DAILY;UNTIL=99991231T235959Z",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=WEEKLY;BYDAY=TU",
        "FREQ=",
        "FREQ",
        "=",
        ";",
        "DAILY",
        "FREQ=DAILY;",
        "FREQ=DAILY;X=1",
        "FREQ=MONTHLY;BYSETPOS=1",
        "FREQ=DAILY\nDTSTART:20200101T000000Z",
        "FREQ=DAILY;BYEASTER=1",
        "FREQ=MONTHLY;BYDAY=99MO",
    ] {
        let why = refused(hour("2026-03-23T08:00:00Z"), rule);
        assert!(why.contains("recurrence_rule"), "{rule}: {why}");
    }
    let daily = series(hour("1970-01-01T08:00:00Z"), "UTC", "FREQ=DAILY");
    assert_eq!(
        begins(&daily, "2199-12-30T00:00:00Z", "9999-01-01T00:00:00Z").len(),
        2
    );
    assert!(
        started.elapsed() < Duration::from_secs(20),
        "{:?}",
        started.elapsed()
    );
}

#[test]
fn what_has_held_for_long_is_looked_for_where_one_looks() {
    let daily = series(hour("1970-01-01T08:00:00Z"), "Europe/Berlin", "FREQ=DAILY");
    let from = date(2190, 1, 1).at(9, 0, 0, 0);
    let first = daily.rule().unwrap().times_from(from).next().unwrap();
    assert_eq!(
        first.date(),
        date(2189, 12, 31),
        "and not 80,000 days before"
    );
    let found = begins(&daily, "2190-01-01T00:00:00Z", "2190-01-03T00:00:00Z");
    assert_eq!(found, ["2190-01-01T08:00:00Z", "2190-01-02T08:00:00Z"]);
    assert!(daily.time_of(at("2190-01-02T08:00:00Z")).is_ok());
}

#[test]
fn a_slot_is_read_as_times_or_as_days() {
    let times = |start: &str, end: &str| SlotParts {
        times: (Some(at(start)), Some(at(end))),
        ..SlotParts::default()
    };
    assert!(Slot::parse(&times("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z")).is_ok());
    for (parts, field) in [
        (SlotParts::default(), "start_time"),
        (
            times("2026-01-02T00:00:00Z", "2026-01-01T00:00:00Z"),
            "end_time",
        ),
        (
            times("2026-01-01T00:00:00Z", "2026-02-01T00:00:01Z"),
            "end_time",
        ),
        (
            times("2026-01-01T00:00:00.5Z", "2026-01-01T00:00:01Z"),
            "start_time",
        ),
        (
            times("1969-12-31T23:00:00Z", "1970-01-01T00:00:00Z"),
            "start_time",
        ),
        (
            SlotParts {
                dates: (Some(date(2026, 1, 1)), None),
                ..SlotParts::default()
            },
            "end_date",
        ),
        (
            SlotParts {
                dates: (Some(date(2026, 1, 2)), Some(date(2026, 1, 2))),
                ..SlotParts::default()
            },
            "end_date",
        ),
        (
            SlotParts {
                dates: (Some(date(2026, 1, 2)), Some(date(2026, 2, 3))),
                ..SlotParts::default()
            },
            "end_date",
        ),
    ] {
        assert!(
            Slot::parse(&parts)
                .unwrap_err()
                .to_string()
                .starts_with(field),
            "{parts:?}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_text_breaks_the_reader_of_rules(rule in "[A-Z=;,0-9+-]{0,60}|FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;(BYDAY|BYMONTHDAY|BYYEARDAY|BYWEEKNO|BYMONTH|BYSETPOS|INTERVAL|COUNT|WKST)=[-+0-9A-Z,]{1,8}){0,3}") {
        let zone = ZoneName::parse("Europe/Berlin").unwrap().zone();
        let _ = Series::parse(hour("2026-03-23T08:00:00Z"), zone, &rule);
    }

    #[test]
    fn where_one_looks_changes_nothing_about_what_is_there(
        rule in "FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;INTERVAL=[1-5])?(;WKST=(SU|MO|WE))?(;BYMONTH=(2,3|1,6,12))?(;BYDAY=(MO|MO,TH,FR|SA,SU)|;BYMONTHDAY=(1,15|-1|29,31))?",
        set_pos in "(;BYSETPOS=(1|-1|2))?",
        first in 0_i64..700,
        then in 0_u64..12_000,
    ) {
        let zone = ZoneName::parse("Europe/Berlin").unwrap().zone();
        let set_pos = if rule.contains("BYDAY") { set_pos } else { String::new() };
        let start = super::slot::instant(&zone, super::slot::shifted(date(1999, 11, 30).at(9, 0, 0, 0), first * 86_400));
        let rule = format!("{rule}{set_pos}");
        // The first time is one of the rule's, which few days are.
        let begins = (0..400).find_map(|day| {
            let start = super::slot::instant(&zone, super::slot::shifted(super::slot::civil(&zone, start), day * 86_400));
            Series::parse(Slot::Timed { start, seconds: 3_600 }, zone.clone(), &rule).ok()
        });
        prop_assume!(begins.is_some());
        let series = begins.unwrap();
        let start = series.bounds().start.saturating_add(Duration::from_secs(then * 86_400));
        let window = Stretch { start, end: start.saturating_add(Duration::from_secs(900 * 86_400)) };
        let all: Vec<_> = series.rule().unwrap().times().map(|it| super::slot::instant(&zone, it)).take_while(|it| *it < window.end).collect();
        let here: Vec<_> = all.into_iter().filter(|it| it.saturating_add(Duration::from_secs(3_600)) > window.start).collect();
        let found: Vec<_> = series.instances(window, 1_000).iter().map(|it| it.original).collect();
        prop_assert_eq!(&found, &here, "{}", rule);
        let named = here.iter().copied().collect();
        prop_assert_eq!(series.times_of(&named).into_keys().collect::<Vec<_>>(), here);
    }

    #[test]
    fn every_daily_instance_is_at_the_same_time_on_the_wall(days in 0_u64..400, hours in 0_u64..24) {
        let zone = ZoneName::parse("America/New_York").unwrap().zone();
        let start = at("2026-01-01T05:00:00Z").saturating_add(Duration::from_secs(days * 86_400 + hours * 3_600));
        let wall = super::slot::civil(&zone, start).time();
        prop_assume!(wall.hour() != 2 && wall.hour() != 1);
        let series = Series::parse(Slot::Timed { start, seconds: 60 }, zone.clone(), "FREQ=DAILY").unwrap();
        let window = Stretch { start, end: start.saturating_add(Duration::from_secs(400 * 86_400)) };
        for instance in series.instances(window, 400) {
            prop_assert_eq!(super::slot::civil(&zone, instance.stretch.start).time(), wall);
        }
    }
}
