use jiff::tz::TimeZone;
use rapport_platform::time::Timestamp;

use super::*;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn amount(units: i64, nanos: i32) -> Option<UnitCostParts<'static>> {
    Some(UnitCostParts {
        currency: "EUR",
        units,
        nanos,
    })
}

fn cost(
    per_contact: Option<UnitCostParts<'_>>,
    per_minute: Option<UnitCostParts<'_>>,
) -> Result<ChannelCost, crate::domain::invalid::InvalidFields> {
    ChannelCost::parse(&CostParts {
        channel: Channel::Phone.number(),
        per_contact,
        per_minute,
        effective: at("2026-01-01T00:00:00Z"),
    })
}

#[test]
fn contacts_cost_what_they_cost_to_the_billionth() {
    let cost = cost(amount(0, 7_500_000), amount(0, 100_000_000)).unwrap();
    assert_eq!(cost.of(3, 0).parts(), (0, 22_500_000));
    assert_eq!(cost.of(1_000_000, 0).parts(), (7_500, 0));
    // Ten cents a minute, for a second: a third of a billionth is rounded.
    assert_eq!(cost.of(0, 1).parts(), (0, 1_666_667));
    assert_eq!(cost.of(0, 90).parts(), (0, 150_000_000));
}

#[test]
fn a_cost_is_one_amount_in_one_currency() {
    let francs = UnitCostParts {
        currency: "CHF",
        ..amount(1, 0).unwrap()
    };
    let gold = UnitCostParts {
        currency: "XAU",
        ..francs
    };
    assert!(cost(amount(1, 0), Some(francs)).is_err());
    assert!(cost(Some(gold), None).is_err());
    assert!(cost(None, None).is_err());
    for (units, nanos) in [(-1, 0), (0, -1), (1_000_000, 1), (0, 1_000_000_000)] {
        assert!(cost(amount(units, nanos), None).is_err(), "{units} {nanos}");
    }
}

#[test]
fn an_answer_costs_its_part_if_every_contact_has_a_cost() {
    let cost = cost(amount(1, 0), None).unwrap();
    let three = Contacts {
        contacts: 3,
        responses: 2,
        ..Contacts::default()
    };
    let mut effect = Effect::default();
    assert_eq!(
        (effect.response_rate(), effect.cost_per_response()),
        (None, None)
    );
    effect.count(three, Some(&cost));
    assert_eq!(
        effect.cost_per_response().unwrap().parts(),
        (1, 500_000_000)
    );
    assert!((effect.response_rate().unwrap() - 2.0 / 3.0).abs() < 1e-9);
    effect.count(three, None);
    assert_eq!(effect.cost_per_response(), None);
    assert_eq!((effect.spent.parts(), effect.uncosted), ((3, 0), 3));
}

#[test]
fn a_clock_is_shifted_where_summer_begins_and_ends() {
    let zurich = TimeZone::get("Europe/Zurich").unwrap();
    let (start, end) = (at("2026-03-01T00:00:00Z"), at("2026-11-01T00:00:00Z"));
    let (summer, winter) = (at("2026-03-29T01:00:00Z"), at("2026-10-25T01:00:00Z"));
    let shift = |since, until, hours: i32| Shift {
        since,
        until,
        seconds: hours * 3600,
    };
    assert_eq!(
        shifts(&zurich, start, end),
        [
            shift(start, summer, 1),
            shift(summer, winter, 2),
            shift(winter, end, 1),
        ]
    );
    assert_eq!(shifts(&zurich, start, summer), [shift(start, summer, 1)]);
    assert_eq!(shifts(&TimeZone::UTC, start, end), [shift(start, end, 0)]);
}

#[test]
fn a_period_has_an_end_and_at_most_a_year() {
    let parse = |start: &str, end: &str| EffectQuery::parse(at(start), at(end), None, &[]);
    assert!(parse("2024-01-01T00:00:00Z", "2025-01-01T00:00:00Z").is_ok());
    assert!(parse("2024-01-01T00:00:00Z", "2025-01-01T00:00:00.000001Z").is_err());
    assert!(parse("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z").is_err());
}
