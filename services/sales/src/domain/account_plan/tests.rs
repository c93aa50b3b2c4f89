use super::*;

#[test]
fn what_is_closed_is_not_worked_by() {
    use AccountPlanState::{Active, Closed, Draft};
    for (state, step, allowed) in [
        (Draft, Step::Write, true),
        (Draft, Step::Activate, true),
        (Draft, Step::Review, false),
        (Draft, Step::Close, true),
        (Active, Step::Write, true),
        (Active, Step::Activate, false),
        (Active, Step::Review, true),
        (Active, Step::Close, true),
        (Closed, Step::Write, false),
        (Closed, Step::Activate, true),
        (Closed, Step::Review, false),
        (Closed, Step::Close, false),
    ] {
        assert_eq!(state.allows(step).is_ok(), allowed, "{state:?} {step:?}");
    }
}

#[test]
fn attainment_is_a_part_of_the_target_and_a_gap_is_never_negative() {
    let measured = |won| Measured {
        won,
        open: 40_000,
        weighted_percent: 1_999,
    };
    for (won, target, ppm, gap) in [
        (0, 100, 0, 100),
        (50, 100, 500_000, 50),
        (1, 3, 333_333, 2),
        (150, 100, 1_500_000, 0),
        (10, 0, 0, 0),
        (i64::MAX, 1, i64::MAX, 0),
    ] {
        let measured = measured(won);
        assert_eq!(
            (measured.attainment_ppm(target), measured.gap(target)),
            (ppm, gap)
        );
        assert_eq!(measured.weighted(), 19, "rounded down");
    }
}
