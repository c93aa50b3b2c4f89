use iso_currency::Currency;
use proptest::prelude::*;

use super::*;

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn evidence(common: i64, owners: i64, suggested_owners: i64, customers: i64) -> Evidence {
    Evidence {
        common,
        owners,
        suggested_owners,
        customers,
    }
}

fn cross(product: u128, because: u128, evidence: Evidence) -> Candidate {
    Candidate {
        product: id(product),
        because: id(because),
        kind: SuggestionKind::CrossSell,
        evidence,
        price_step: None,
    }
}

fn up(product: u128, because: u128, evidence: Evidence) -> Candidate {
    Candidate {
        kind: SuggestionKind::UpSell,
        price_step: Money::from_minor(100, Currency::EUR).ok(),
        ..cross(product, because, evidence)
    }
}

fn products(ranked: &[Ranked]) -> Vec<u128> {
    let ids = ranked.iter().map(|it| it.candidate.product.as_u128());
    ids.collect()
}

#[test]
fn scores_are_drawn_toward_what_customers_own_at_large() {
    for (evidence, prior_weight, score, lift) in [
        // 40 of 100 own it too, and 100 of 1,000 at large: (40 + 10 * 0.1) / 110.
        (evidence(40, 100, 100, 1_000), 10, 372_727, 3_727_272),
        // Nothing drawn: confidence 0.4, lift 4.
        (evidence(40, 100, 100, 1_000), 0, 400_000, 4_000_000),
        // 2 of 2 say less than 40 of 100.
        (evidence(2, 2, 100, 1_000), 10, 250_000, 2_500_000),
        // Owned as often as at large.
        (evidence(10, 100, 100, 1_000), 10, 100_000, 1_000_000),
        (evidence(0, 0, 0, 0), 10, 0, 0),
        (evidence(0, 0, 0, 0), 0, 0, 0),
    ] {
        let reckoned = (
            evidence.score_ppm(prior_weight),
            evidence.lift_ppm(prior_weight),
        );
        assert_eq!(reckoned, (score, lift), "{evidence:?}");
    }
}

#[test]
fn what_few_own_or_everybody_owns_goes_with_nothing() {
    let policy = SuggestionPolicy::default();
    let ranked = rank(
        vec![
            cross(1, 9, evidence(2, 2, 2, 1_000)),
            cross(2, 9, evidence(90, 100, 950, 1_000)),
            cross(3, 9, evidence(3, 10, 20, 1_000)),
        ],
        &policy,
    );
    assert_eq!(products(&ranked), [3]);
}

#[test]
fn the_best_reason_stands_and_the_order_does_not_depend_on_how_they_come() {
    let policy = SuggestionPolicy::default();
    let mut all = vec![
        cross(1, 8, evidence(30, 100, 50, 1_000)),
        cross(1, 9, evidence(60, 100, 50, 1_000)),
        cross(3, 9, evidence(30, 100, 50, 1_000)),
        cross(2, 9, evidence(30, 100, 50, 1_000)),
        up(4, 9, evidence(0, 100, 0, 1_000)),
    ];
    let ranked = rank(all.clone(), &policy);
    assert_eq!(products(&ranked), [1, 2, 3, 4]);
    assert_eq!(ranked[0].candidate.because, id(9));
    all.reverse();
    assert_eq!(rank(all, &policy), ranked);
}

#[test]
fn too_few_are_told_of_in_no_number() {
    let policy = SuggestionPolicy::default();
    let ranked = rank(vec![up(4, 9, evidence(2, 3, 2, 9))], &policy);
    assert_eq!(ranked[0].candidate.evidence, Evidence::default());
    assert_eq!((ranked[0].score_ppm, ranked[0].lift_ppm), (0, 0));
    let why = explain(&ranked[0].candidate, "Basic", "GTX");
    assert_eq!(why, "The next dearer product of the series GTX after Basic");
    let ranked = rank(vec![up(4, 9, evidence(4, 5, 4, 9))], &policy);
    let why = explain(&ranked[0].candidate, "Basic", "GTX");
    assert_eq!(
        why,
        "The next dearer product of the series GTX; 4 of 5 customers who own Basic own it too"
    );
}

#[test]
fn policies_and_situations_stay_within_bounds() {
    let good = *SuggestionPolicy::default().parts();
    assert_eq!(
        SuggestionPolicy::parse(good),
        Ok(SuggestionPolicy::default())
    );
    for (parts, field) in [
        (
            PolicyParts {
                max_suggestions: 0,
                ..good
            },
            "max_suggestions",
        ),
        (
            PolicyParts {
                valid_days: 366,
                ..good
            },
            "valid_days",
        ),
        (
            PolicyParts {
                prior_weight: -1,
                ..good
            },
            "prior_weight",
        ),
        (
            PolicyParts {
                min_common_customers: 1,
                ..good
            },
            "min_common_customers",
        ),
        (
            PolicyParts {
                declined_days: 3_651,
                ..good
            },
            "declined_days",
        ),
    ] {
        let refused = SuggestionPolicy::parse(parts).unwrap_err().at("");
        assert_eq!(refused[0].field, field);
    }
    assert!(situation("after-service2").is_ok());
    for wrong in ["", "-a", "A", "a b", "\u{0}", &"a".repeat(64)] {
        assert!(situation(wrong).is_err(), "{wrong}");
    }
}

proptest! {
    #[test]
    fn a_score_lies_between_confidence_and_share(
        customers in 1..1_000_000_i64, owners in 0..=1_000_000_i64, suggested in 0..=1_000_000_i64,
        common in 0..=1_000_000_i64, prior_weight in 1..10_000_i32
    ) {
        let owners = 1 + owners % customers;
        let suggested = suggested % (customers + 1);
        let common = common % (owners.min(suggested) + 1);
        let confidence = part(common.into(), owners.into());
        let share = part(suggested.into(), customers.into());
        let score = evidence(common, owners, suggested, customers).score_ppm(prior_weight);
        prop_assert!((confidence.min(share)..=confidence.max(share) + 1).contains(&score));
    }
}
