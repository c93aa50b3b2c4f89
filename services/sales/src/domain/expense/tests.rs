use proptest::prelude::*;
use rapport_platform::period::Period;

use super::*;
use crate::domain::authority::{Grant, Limits};
use crate::domain::date::parse;
use crate::domain::share::Share;

fn money(minor: i64, currency: Currency) -> Money {
    Money::from_minor(minor, currency).unwrap()
}

fn line(receipt: Option<&str>) -> ExpenseLine {
    ExpenseLine {
        date: parse(2026, 3, 1).unwrap(),
        category: "hotel".to_owned(),
        description: "A night".to_owned(),
        amount: money(10_000, Currency::EUR),
        receipt: receipt.map(str::to_owned),
        customer: None,
        opportunity: None,
        campaign: None,
    }
}

#[test]
fn amounts_come_home_rounded_to_the_minor_unit() {
    use Currency::{CHF, EUR, JPY, KWD, USD};
    for (minor, from, rate, home, expected) in [
        (10_000, EUR, "1", EUR, 10_000),
        (1_000, USD, "0.925", EUR, 925),
        // 0.05 CHF are 0.05125 EUR; 0.5 cents go away from zero.
        (5, CHF, "1.025", EUR, 5),
        (100, CHF, "0.125", EUR, 13),
        (1_500, JPY, "0.006", EUR, 900),
        (1_234, KWD, "2.95", EUR, 364),
        (900, EUR, "166.67", JPY, 1_500),
        (100, EUR, "0.339", KWD, 339),
    ] {
        let rate = rate.parse().unwrap();
        let found = home_amount(money(minor, from), rate, home);
        assert_eq!(found, Ok(expected), "{minor} {} at {rate}", from.code());
    }
    let huge = home_amount(money(receivable::MOST, EUR), Decimal::TWO, JPY);
    assert!(home_amount(money(receivable::MOST, JPY), Decimal::TWO, EUR).is_err());
    assert!(huge.is_ok(), "yen have no cents");
}

#[test]
fn lines_are_judged_by_the_policy() {
    use ExpenseWarning::{Duplicate, Late, OverLimit, ReceiptMissing};
    let category = Category {
        key: "hotel".to_owned(),
        display_name: "Hotel".to_owned(),
        line_limit: Some(10_000),
        receipt_above: Some(5_000),
    };
    let today = parse(2026, 3, 31).unwrap();
    for (receipt, home, late_after, duplicate, expected) in [
        (Some("R"), 10_000, None, false, vec![]),
        (Some("R"), 10_001, None, false, vec![OverLimit]),
        (None, 5_000, None, false, vec![]),
        (None, 5_001, None, false, vec![ReceiptMissing]),
        (Some("R"), 1, Some(30), false, vec![]),
        (Some("R"), 1, Some(29), false, vec![Late]),
        (Some("R"), 1, None, true, vec![Duplicate]),
        (
            None,
            20_000,
            Some(1),
            true,
            vec![OverLimit, ReceiptMissing, Late, Duplicate],
        ),
    ] {
        let rules = (&category, late_after);
        let found = warnings(&line(receipt), home, rules, (today, duplicate));
        assert_eq!(found, expected, "{home} {late_after:?}");
    }
}

fn who(name: &str) -> Actor {
    Actor::parse(&format!("employees/{name}")).unwrap()
}

fn grant(action: Action, total: Option<i64>) -> Held {
    Held {
        id: Uuid::from_u128(1),
        grant: Grant {
            grantee: who("bob"),
            action,
            level: Level::LOWEST,
            limits: Limits {
                discount: Share::parse(0).unwrap(),
                total: total.map(|it| money(it, Currency::EUR)),
                margin: None,
                unlisted: false,
                below_floor: false,
            },
            period: Period::ALWAYS,
        },
        delegated: false,
    }
}

#[test]
fn managers_and_grants_approve_up_to_their_limits_and_nobody_his_own() {
    use NotEntitled::{NotCovered, OwnWork};
    let managers = ["employees/meg".to_owned()];
    let involved = ["employees/sam", "employees/pam"];
    let decide = |approver: &str, held: Vec<Held>, acts_for: &[&str], total: Option<i64>| {
        let authority = Authority {
            held,
            acts_for: acts_for.iter().map(|it| (*it).to_owned()).collect(),
        };
        let ask = Ask {
            total: total.map(|it| money(it, Currency::EUR)),
            managers: &managers,
            manager_limit: Some(100),
            involved: &involved,
        };
        approve(&who(approver), &authority, &ask).map(|by| by.is_some())
    };
    let holds = |total| vec![grant(Action::ApproveExpenses, total)];
    assert_eq!(decide("meg", vec![], &[], Some(100)), Ok(false));
    assert_eq!(decide("meg", vec![], &[], Some(101)), Err(NotCovered));
    assert_eq!(decide("meg", vec![], &[], None), Ok(false), "to reject it");
    assert_eq!(decide("meg", holds(None), &[], Some(101)), Ok(true));
    assert_eq!(
        decide("dep", vec![], &["employees/meg"], Some(100)),
        Ok(false)
    );
    assert_eq!(decide("bob", holds(Some(500)), &[], Some(500)), Ok(true));
    assert_eq!(
        decide("bob", holds(Some(500)), &[], Some(501)),
        Err(NotCovered)
    );
    let quotes = vec![grant(Action::ApproveQuotes, None)];
    assert_eq!(decide("bob", quotes, &[], Some(1)), Err(NotCovered));
    assert_eq!(decide("bob", vec![], &[], Some(1)), Err(NotCovered));
    assert_eq!(decide("sam", holds(None), &[], Some(1)), Err(OwnWork));
    assert_eq!(
        decide("pam", holds(None), &[], Some(1)),
        Err(OwnWork),
        "she wrote it"
    );
    let acting = decide("meg", vec![], &["employees/sam"], Some(1));
    assert_eq!(acting, Err(OwnWork), "she acts for him");
}

#[test]
fn each_state_allows_its_steps() {
    use ExpenseState::{Approved, Draft, Reimbursed, Rejected, Submitted};
    for (state, allowed) in [
        (Draft, vec![Step::Write, Step::Submit, Step::Delete]),
        (Submitted, vec![Step::Withdraw, Step::Decide]),
        (Approved, vec![]),
        (Rejected, vec![Step::Write]),
        (Reimbursed, vec![]),
    ] {
        let steps = [
            Step::Write,
            Step::Submit,
            Step::Withdraw,
            Step::Delete,
            Step::Decide,
        ];
        let steps = steps.into_iter();
        let found: Vec<_> = steps.filter(|it| state.allows(*it).is_ok()).collect();
        assert_eq!(found, allowed, "{state}");
    }
}

proptest! {
    #[test]
    fn at_a_rate_of_one_nothing_is_lost(minor in 1..receivable::MOST) {
        let amount = money(minor, Currency::EUR);
        prop_assert_eq!(home_amount(amount, Decimal::ONE, Currency::EUR), Ok(minor));
    }
}
