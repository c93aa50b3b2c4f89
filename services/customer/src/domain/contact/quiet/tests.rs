use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn time(hours: i32, minutes: i32) -> TimeOfDayParts {
    TimeOfDayParts {
        hours,
        minutes,
        ..TimeOfDayParts::default()
    }
}

fn quiet(start: (i32, i32), end: (i32, i32), days: &[i32]) -> QuietHours {
    QuietHours::parse(time(start.0, start.1), time(end.0, end.1), days, &[]).unwrap()
}

fn new_york() -> TimeZone {
    TimeZone::get("America/New_York").unwrap()
}

#[test]
fn a_night_in_which_clocks_go_forward_ends_an_hour_earlier() {
    let night = quiet((21, 0), (8, 0), &[]);
    let asked = at("2026-03-07T23:30:00-05:00");

    assert!(night.covers(&new_york(), asked));
    assert_eq!(
        night.over_from(&new_york(), asked),
        at("2026-03-08T12:00:00Z")
    );
}

#[test]
fn it_may_go_by_another_clock_than_the_customers() {
    let night = quiet((21, 0), (8, 0), &[]).by_clock(Some(new_york()));
    let asked = at("2026-03-07T23:30:00-05:00");
    let over = at("2026-03-08T12:00:00Z");

    assert!(night.covers(&TimeZone::UTC, asked) && !night.covers(&TimeZone::UTC, over));
    assert_eq!(night.over_from(&TimeZone::UTC, asked), over);
    assert_eq!(night.same_until(&TimeZone::UTC, asked), over);
}

#[test]
fn a_night_in_which_clocks_go_back_is_an_hour_longer() {
    let night = quiet((21, 0), (8, 0), &[]);
    let asked = at("2026-10-31T23:30:00-04:00");

    assert_eq!(
        night.over_from(&new_york(), asked),
        at("2026-11-01T13:00:00Z")
    );
}

#[test]
fn an_end_that_the_clock_skips_comes_when_it_is_changed() {
    let night = quiet((22, 0), (2, 30), &[]);
    let asked = at("2026-03-08T01:00:00-05:00");

    assert_eq!(
        night.over_from(&new_york(), asked),
        at("2026-03-08T07:00:00Z")
    );
}

#[test]
fn the_end_is_not_quiet_and_the_minute_before_is() {
    let noon = quiet((12, 0), (13, 0), &[]);

    for (local, expected) in [
        ("2026-01-05T11:59:59.999999Z", false),
        ("2026-01-05T12:00:00Z", true),
        ("2026-01-05T12:59:59.999999Z", true),
        ("2026-01-05T13:00:00Z", false),
    ] {
        assert_eq!(noon.covers(&TimeZone::UTC, at(local)), expected, "{local}");
    }
}

#[test]
fn a_day_names_the_evening_on_which_the_night_begins() {
    // Friday the 2nd of January 2026.
    let friday = quiet((22, 0), (6, 0), &[5]);

    for (local, expected) in [
        ("2026-01-02T05:00:00Z", false),
        ("2026-01-02T23:00:00Z", true),
        ("2026-01-03T05:00:00Z", true),
        ("2026-01-03T23:00:00Z", false),
    ] {
        assert_eq!(
            friday.covers(&TimeZone::UTC, at(local)),
            expected,
            "{local}"
        );
    }
}

#[test]
fn a_period_that_ends_when_it_begins_lasts_a_day() {
    let sunday = quiet((0, 0), (0, 0), &[7]);

    assert!(sunday.covers(&TimeZone::UTC, at("2026-01-04T00:00:00Z")));
    assert!(sunday.covers(&TimeZone::UTC, at("2026-01-04T23:59:00Z")));
    assert!(!sunday.covers(&TimeZone::UTC, at("2026-01-05T00:00:00Z")));
    let over = sunday.over_from(&TimeZone::UTC, at("2026-01-04T12:00:00Z"));
    assert_eq!(over, at("2026-01-05T00:00:00Z"));
}

#[test]
fn what_is_no_time_of_day_is_refused() {
    for (start, end) in [
        (time(24, 0), time(8, 0)),
        (time(-1, 0), time(8, 0)),
        (time(8, 60), time(9, 0)),
        (time(8, 0), time(24, 1)),
        (
            TimeOfDayParts {
                seconds: 1,
                ..time(8, 0)
            },
            time(9, 0),
        ),
        (time(i32::MAX, 0), time(9, 0)),
    ] {
        assert!(
            QuietHours::parse(start, end, &[], &[]).is_err(),
            "{start:?}"
        );
    }
    assert!(QuietHours::parse(time(8, 0), time(24, 0), &[], &[]).is_ok());
    assert!(QuietHours::parse(time(8, 0), time(9, 0), &[0], &[]).is_err());
    assert!(QuietHours::parse(time(8, 0), time(9, 0), &[8], &[]).is_err());
}

proptest! {
    /// Minute by minute, the end and the term say the same as the clock.
    #[test]
    fn a_term_is_as_quiet_as_its_first_minute(
        start in 0..MINUTES_PER_DAY,
        end in 0..=MINUTES_PER_DAY,
        days in proptest::collection::vec(1..=7_i32, 0..4),
        minute in 0..(14 * 24 * 60_i64),
        zone in prop::sample::select(vec![
            "America/New_York", "Europe/Zurich", "Australia/Lord_Howe", "Asia/Kathmandu", "UTC",
        ]),
    ) {
        let zone = TimeZone::get(zone).unwrap();
        let hours = quiet((start / 60, start % 60), (end / 60, end % 60), &days);
        let minutes = |count: i64| Timestamp::from_micros(count * 60_000_000);
        // Two weeks around the change of the clocks in New York; Zurich's and Lord Howe's come later.
        let first = at("2026-03-25T00:00:00Z").as_micros() / 60_000_000 + minute;
        let now = minutes(first);
        let quiet_now = hours.covers(&zone, now);
        let until = hours.same_until(&zone, now);

        prop_assert!(until > now);
        let mut probe = first;
        while minutes(probe) < until && probe < first + 2 * 24 * 60 {
            prop_assert_eq!(hours.covers(&zone, minutes(probe)), quiet_now, "{}", minutes(probe));
            probe += 1;
        }
    }
}
