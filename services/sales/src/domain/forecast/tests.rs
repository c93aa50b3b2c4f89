use proptest::prelude::*;

use super::*;

const BOSS: Uuid = Uuid::from_u128(1);
const ANNA: Uuid = Uuid::from_u128(2);
const BOB: Uuid = Uuid::from_u128(3);

fn money(minor: i64, currency: Currency) -> Money {
    Money::from_minor(minor, currency).unwrap()
}

fn open(owner: Uuid, units: i64, probability: u8) -> Fact {
    Fact {
        owner,
        amount: money(units * 100, Currency::USD),
        state: OpportunityState::Open,
        category: ForecastCategory::Pipeline,
        probability,
        count: 1,
    }
}

fn members() -> Vec<Member> {
    vec![
        Member {
            seller: ANNA,
            manager: Some(BOSS),
        },
        Member {
            seller: BOB,
            manager: Some(ANNA),
        },
        Member {
            seller: BOSS,
            manager: None,
        },
    ]
}

fn rates(pairs: &[(Currency, &str)]) -> Rates {
    let rates = pairs
        .iter()
        .map(|(currency, rate)| (*currency, rate.parse().unwrap()));
    Rates::into(Currency::USD, rates.collect())
}

#[test]
fn open_is_weighted_by_its_probability_and_lost_is_nothing() {
    let lost = Fact {
        state: OpportunityState::Lost,
        category: ForecastCategory::Omitted,
        ..open(ANNA, 60_000, 0)
    };
    let facts = [open(ANNA, 100_000, 50), open(ANNA, 40_000, 25), lost];
    let rows = roll_up(&members(), &facts, &[], &rates(&[])).unwrap();
    let boss = &rows[0];
    assert_eq!(
        (boss.team.weighted, boss.team.pipeline),
        (6_000_000, 14_000_000)
    );
    assert_eq!(
        (boss.own, boss.team.open_count, boss.team.won_count),
        (Amounts::default(), 2, 0)
    );
}

#[test]
fn categories_stand_apart_and_adjustments_from_facts() {
    let of = |category, state| Fact {
        category,
        state,
        ..open(BOB, 1, 100)
    };
    let facts = [
        of(ForecastCategory::Commit, OpportunityState::Open),
        of(ForecastCategory::BestCase, OpportunityState::Open),
        of(ForecastCategory::Closed, OpportunityState::Won),
        of(ForecastCategory::Omitted, OpportunityState::Open),
    ];
    let adjustments = [(BOB, money(-50, Currency::USD))];
    let rows = roll_up(&members(), &facts, &adjustments, &rates(&[])).unwrap();
    let order: Vec<_> = rows.iter().map(|row| row.member.seller).collect();
    assert_eq!(order, [BOSS, ANNA, BOB]);
    let expected = Amounts {
        closed: 100,
        commit: 100,
        best_case: 100,
        pipeline: 0,
        weighted: 300,
        adjustment: -50,
        open_count: 2,
        won_count: 1,
    };
    assert_eq!((rows[2].own, rows[0].team), (expected, expected));
}

#[test]
fn amounts_are_converted_by_their_currencys_minor_units() {
    let fact = |minor, currency| Fact {
        amount: money(minor, currency),
        ..open(ANNA, 0, 100)
    };
    let facts = [
        fact(10_000, Currency::JPY),
        fact(1_500, Currency::KWD),
        fact(1, Currency::USD),
    ];
    let rates = rates(&[(Currency::JPY, "0.0066"), (Currency::KWD, "3.25")]);
    let rows = roll_up(&members(), &facts, &[], &rates).unwrap();
    // 66.00 + 4.875, half to even, + 0.01
    assert_eq!(rows[0].team.pipeline, 6_600 + 488 + 1);
    let missing = roll_up(&members(), &[fact(1, Currency::EUR)], &[], &rates);
    assert_eq!(missing, Err(RateMissing(Currency::EUR)));
}

#[test]
fn nobody_sets_his_own_quota() {
    let above = [ANNA, BOSS];
    assert!(may_commit(Some(ANNA), BOB, &above, false));
    assert!(may_commit(Some(BOSS), BOB, &above, false));
    assert!(may_commit(None, BOB, &above, false));
    assert!(!may_commit(Some(BOB), BOB, &above, false));
    assert!(may_commit(Some(BOB), BOB, &above, true));
    assert!(!may_commit(Some(BOB), ANNA, &[BOSS], true));
}

#[test]
fn rates_are_positive_and_not_endless() {
    for good in ["1", "0.0066", "1234567890.0123456789"] {
        assert!(rate(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "0",
        "0.0",
        "-1",
        "1e3",
        ".5",
        "1.",
        "12345678901",
        "1,5",
        "+1",
    ] {
        assert!(rate(bad).is_err(), "{bad}");
    }
    assert!(pair("USD", "USD").is_err() && pair("XAU", "USD").is_err());
}

proptest! {
    #[test]
    fn a_team_is_the_sum_of_its_members(
        facts in proptest::collection::vec((1u128..4, 0i64..1_000_000, 0u8..=100, any::<bool>()), 0..30),
    ) {
        let facts: Vec<_> = facts.into_iter().map(|(owner, minor, probability, euros)| {
            let currency = if euros { Currency::EUR } else { Currency::USD };
            Fact { amount: money(minor, currency), probability, ..open(Uuid::from_u128(owner), 0, 0) }
        }).collect();
        let rows = roll_up(&members(), &facts, &[], &rates(&[(Currency::EUR, "1.0842")])).unwrap();
        let weighted: i64 = rows.iter().map(|row| row.own.weighted).sum();
        let pipeline: i64 = rows.iter().map(|row| row.own.pipeline).sum();
        prop_assert_eq!((rows[0].team.weighted, rows[0].team.pipeline), (weighted, pipeline));
    }
}
