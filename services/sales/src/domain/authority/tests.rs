use iso_currency::Currency;

use super::*;

fn quote(discount: i32) -> Aggregates {
    Aggregates {
        currency: Currency::EUR,
        total: 10_000,
        discount,
        discount_amount: 1_000,
        line_discount: discount,
        margin: Some(300_000),
        below_floor: 0,
        unlisted: 0,
    }
}

fn who(id: &str) -> Actor {
    Actor::parse(&format!("employees/{id}")).unwrap()
}

fn euros(minor: i64) -> Option<Money> {
    Money::from_minor(minor, Currency::EUR).ok()
}

fn up_to(discount: i32) -> Limits {
    Limits {
        discount: Share::parse(discount).unwrap(),
        total: None,
        margin: None,
        unlisted: false,
        below_floor: false,
    }
}

fn held(grantee: &str, delegated: bool, action: Action) -> Held {
    Held {
        id: Uuid::from_u128(1),
        grant: Grant {
            grantee: who(grantee),
            action,
            level: Level::LOWEST,
            limits: up_to(200_000),
            period: Period::ALWAYS,
        },
        delegated,
    }
}

#[test]
fn limits_cover_what_they_name() {
    let limits = up_to(150_000);
    assert!(limits.cover(&quote(150_000)) && !limits.cover(&quote(150_001)));
    let one_line = Aggregates {
        discount: 0,
        ..quote(150_001)
    };
    assert!(!limits.cover(&one_line), "a single line counts too");
    let capped = |minor| Limits {
        total: euros(minor),
        ..limits
    };
    assert!(capped(10_000).cover(&quote(0)) && !capped(9_999).cover(&quote(0)));
    let yen = Aggregates {
        currency: Currency::JPY,
        ..quote(0)
    };
    assert!(!capped(10_000).cover(&yen) && limits.cover(&yen));
    let earning = |least| Limits {
        margin: Some(least),
        ..limits
    };
    assert!(earning(300_000).cover(&quote(0)) && !earning(300_001).cover(&quote(0)));
    let unknown = Aggregates {
        margin: None,
        ..quote(0)
    };
    assert!(!earning(-1_000_000).cover(&unknown));
}

/// What Bob holds, and for whom he acts.
fn bob(held: &[Held], acts_for: &[&str]) -> Authority {
    Authority {
        held: held.to_vec(),
        acts_for: acts_for.iter().map(|it| (*it).to_owned()).collect(),
    }
}

#[test]
fn nobody_approves_his_own_nor_while_he_acts_for_those_whose_it_is() {
    use Action::{ApproveQuotes, QuoteFreely};
    let own = held("bob", false, ApproveQuotes);
    let lent = held("ada", true, ApproveQuotes);
    let freely = held("bob", false, QuoteFreely);
    let entitled = |authority: &Authority, involved: &[&str]| {
        let quote = quote(150_000);
        let reach = |limits: &Limits| limits.cover(&quote);
        let found = entitle(
            &who("bob"),
            authority,
            (Action::ApproveQuotes, Level::LOWEST),
            reach,
            involved,
        );
        found.map(|it| it.grant.grantee.to_string())
    };
    let ada = "employees/ada";
    let own_only = bob(std::slice::from_ref(&own), &[]);
    assert_eq!(entitled(&own_only, &[ada]).as_deref(), Ok("employees/bob"));
    assert_eq!(
        entitled(&own_only, &["employees/bob"]),
        Err(NotEntitled::OwnWork)
    );
    let lent_only = bob(std::slice::from_ref(&lent), &[ada]);
    assert_eq!(entitled(&lent_only, &[]).as_deref(), Ok(ada));
    assert_eq!(entitled(&lent_only, &[ada]), Err(NotEntitled::OwnWork));
    let both = bob(&[lent, own.clone()], &[ada]);
    assert_eq!(
        entitled(&both, &[]).as_deref(),
        Ok("employees/bob"),
        "his own first"
    );
    assert_eq!(entitled(&both, &[ada]), Err(NotEntitled::OwnWork));
    let for_nobody_of_rank = bob(&[own], &[ada]);
    assert_eq!(
        entitled(&for_nobody_of_rank, &[ada]),
        Err(NotEntitled::OwnWork)
    );
    assert_eq!(
        entitled(&bob(&[freely], &[]), &[]),
        Err(NotEntitled::NotCovered)
    );
    assert_eq!(entitled(&bob(&[], &[]), &[]), Err(NotEntitled::NotCovered));
}

#[test]
fn a_level_above_that_of_the_grant_is_not_covered() {
    let authority = bob(&[held("bob", false, Action::ApproveQuotes)], &[]);
    let second = Level::parse(2).unwrap();
    let found = entitle(
        &who("bob"),
        &authority,
        (Action::ApproveQuotes, second),
        |_| true,
        &[],
    );
    assert_eq!(found, Err(NotEntitled::NotCovered));
    assert!(Level::parse(0).is_err() && Level::parse(11).is_err());
    assert_eq!(Level::parse(10).unwrap().above(), None);
}

#[test]
fn what_is_lent_does_not_free_ones_own_quotes() {
    let free = |held: &[Held]| may_quote_freely(held, Level::LOWEST, &quote(200_000));
    assert!(free(&[held("bob", false, Action::QuoteFreely)]));
    assert!(!free(&[held("ada", true, Action::QuoteFreely)]));
    assert!(!free(&[held("bob", false, Action::ApproveQuotes)]));
}

#[test]
fn delegations_end_within_a_year_and_lead_to_somebody_else() {
    let day = |days: u64| Timestamp::EPOCH.saturating_add(Duration::from_secs(days * 86_400));
    let lend = |to: &str, days| {
        let people = ("employees/ada", to);
        let lent = Delegation::parse(people, (day(0), day(days)));
        lent.map_err(|faults| faults.at("")[0].field.clone())
    };
    assert!(lend("employees/bob", 366).is_ok());
    assert_eq!(lend("employees/bob", 367).unwrap_err(), "valid_to_time");
    assert_eq!(lend("employees/bob", 0).unwrap_err(), "valid_to_time");
    assert_eq!(lend("employees/ada", 1).unwrap_err(), "delegate");
    assert_eq!(lend("customers/1", 1).unwrap_err(), "delegate");
}
