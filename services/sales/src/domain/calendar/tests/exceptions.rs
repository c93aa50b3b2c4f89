//! Instances that differ, and series in two parts.

use super::*;

const FIRST: &str = "2026-03-23T08:00:00Z";

fn weekly(rule: &str) -> Series {
    series(hour(FIRST), "Europe/Berlin", rule)
}

#[test]
fn what_is_excluded_is_not_there_and_what_moved_is_elsewhere() {
    let series = weekly("FREQ=WEEKLY;COUNT=4").except(
        [at("2026-03-30T07:00:00Z")],
        [(at("2026-04-06T07:00:00Z"), hour("2026-05-01T10:00:00Z"))],
    );
    assert_eq!(
        begins(&series, YEAR.0, YEAR.1),
        [FIRST, "2026-04-13T07:00:00Z", "2026-05-01T10:00:00Z"]
    );
    // Also where only the one or the other time is looked at.
    assert!(begins(&series, "2026-04-06T00:00:00Z", "2026-04-07T00:00:00Z").is_empty());
    assert_eq!(
        begins(&series, "2026-05-01T00:00:00Z", "2026-05-02T00:00:00Z").len(),
        1
    );
    assert_eq!(series.bounds().end, at("2026-05-01T11:00:00Z"));
}

#[test]
fn an_instance_is_known_by_the_time_of_its_rule() {
    let daily = series(hour("2026-03-28T01:30:00Z"), "Europe/Berlin", "FREQ=DAILY");
    // On the 29th the clocks leave 02:30 out, and still it is that day's instance.
    let time = daily.time_of(at("2026-03-29T01:30:00Z")).unwrap();
    assert_eq!(time.to_string(), "2026-03-29T02:30:00");
    assert!(daily.time_of(at("2026-03-29T00:30:00Z")).is_err());
    assert!(weekly("").time_of(at(FIRST)).is_ok());
}

#[test]
fn two_parts_make_the_whole() {
    for (rule, parts) in [
        (
            "FREQ=WEEKLY",
            ("FREQ=WEEKLY;UNTIL=20260406T065959Z", "FREQ=WEEKLY"),
        ),
        (
            "FREQ=WEEKLY;COUNT=5",
            ("FREQ=WEEKLY;UNTIL=20260406T065959Z", "FREQ=WEEKLY;COUNT=3"),
        ),
        (
            "FREQ=WEEKLY;UNTIL=20260501T000000Z",
            (
                "FREQ=WEEKLY;UNTIL=20260406T065959Z",
                "FREQ=WEEKLY;UNTIL=20260501T000000Z",
            ),
        ),
    ] {
        let whole = weekly(rule);
        let at_third = whole.time_of(at("2026-04-06T07:00:00Z")).unwrap();
        let ends = whole
            .rule()
            .unwrap()
            .until_before(at_third, whole.anchor())
            .unwrap();
        let goes_on = whole.rule().unwrap().from(at_third);
        assert_eq!((ends.as_str(), goes_on.as_str()), parts);
        let window = ("2026-01-01T00:00:00Z", "2026-06-01T00:00:00Z");
        let mut both = begins(&weekly(&ends), window.0, window.1);
        both.extend(begins(
            &series(hour("2026-04-06T07:00:00Z"), "Europe/Berlin", &goes_on),
            window.0,
            window.1,
        ));
        assert_eq!(both, begins(&whole, window.0, window.1), "{rule}");
    }
    let whole = weekly("FREQ=WEEKLY");
    assert_eq!(
        whole
            .rule()
            .unwrap()
            .until_before(whole.anchor().begins, whole.anchor()),
        None
    );
}

#[test]
fn whole_days_end_the_day_before() {
    let days = Slot::Days {
        first: date(2026, 3, 26),
        count: 2,
    };
    let whole = series(days, "Europe/Berlin", "FREQ=WEEKLY");
    let second = date(2026, 4, 2).at(0, 0, 0, 0);
    let ends = whole
        .rule()
        .unwrap()
        .until_before(second, whole.anchor())
        .unwrap();
    assert_eq!(ends, "FREQ=WEEKLY;UNTIL=20260401");
}

#[test]
fn what_ends_where_the_clocks_change_ends_there() {
    let daily = |first: &str, until: &str| {
        let rule = format!("FREQ=DAILY;UNTIL={until}");
        series(hour(first), "Europe/Berlin", &rule)
    };
    let spring = series(hour("2026-03-27T01:30:00Z"), "Europe/Berlin", "FREQ=DAILY");
    // 02:30 is not there on the 29th; what ends before it has the two days before.
    let left_out = spring.time_of(at("2026-03-29T01:30:00Z")).unwrap();
    let ends = spring
        .rule()
        .unwrap()
        .until_before(left_out, spring.anchor());
    assert_eq!(ends.as_deref(), Some("FREQ=DAILY;UNTIL=20260329T012959Z"));
    let ended = daily("2026-03-27T01:30:00Z", "20260329T012959Z");
    assert_eq!(
        begins(&ended, YEAR.0, YEAR.1),
        ["2026-03-27T01:30:00Z", "2026-03-28T01:30:00Z"]
    );
    // 02:00 to 03:00 is there twice on the 25th: 02:30 is before the second 02:00.
    let autumn = daily("2026-10-24T00:30:00Z", "20261025T010000Z");
    assert_eq!(
        begins(&autumn, YEAR.0, YEAR.1),
        ["2026-10-24T00:30:00Z", "2026-10-25T00:30:00Z"]
    );
    assert!(autumn.bounds().end >= at("2026-10-25T01:30:00Z"));
}
