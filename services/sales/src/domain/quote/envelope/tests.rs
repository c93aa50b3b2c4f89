use iso_currency::Currency;
use proptest::prelude::*;
use rapport_platform::money::Money;
use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::*;
use crate::domain::price::TaxTreatment;
use crate::domain::quantity::Quantity;
use crate::domain::quote::content::{Prices, RoundingPolicy};

fn share(ppm: i32) -> Share {
    Share::parse(ppm).unwrap()
}

fn line(description: &str, quantity: &str, cents: i64, discount: i32) -> DraftLine {
    DraftLine {
        description: description.to_owned(),
        product: None,
        price: None,
        quantity: Quantity::parse(quantity).unwrap(),
        unit_price: Some(cents),
        discount: share(discount),
        tax_rate: share(190_000),
    }
}

/// A pen of the list and a service at a price of its own, each 15 % off.
fn draft() -> Draft {
    let listed = DraftLine {
        product: Some(Uuid::from_u128(1)),
        price: Some([2, 1].map(Uuid::from_u128)),
        ..line("Pen", "10", 1_000, 150_000)
    };
    Draft {
        title: "Offer".to_owned(),
        currency: Currency::EUR,
        rounding: RoundingPolicy::PerLine,
        tax: TaxTreatment::Exclusive,
        discount: Share::NONE,
        lines: vec![listed, line("Engraving", "2", 5_000, 150_000)],
        expire: Some(Timestamp::from_micros(10)),
        terms: None,
    }
}

fn aggregates() -> Aggregates {
    Aggregates {
        currency: Currency::EUR,
        total: 10_000,
        discount: 150_000,
        discount_amount: 3_000,
        line_discount: 150_000,
        margin: None,
        below_floor: 0,
        unlisted: 1,
    }
}

fn promise(change: impl FnOnce(&mut Draft)) -> Promise {
    let mut draft = draft();
    change(&mut draft);
    Promise {
        aggregates: aggregates(),
        draft,
    }
}

fn judged(aggregates: Aggregates) -> Promise {
    Promise {
        aggregates,
        ..promise(|_| {})
    }
}

fn levels(codes: &[i32]) -> BTreeSet<Level> {
    let levels = codes.iter().map(|code| Level::parse(*code).unwrap());
    levels.collect()
}

/// Whether Bob's approval on levels 1 and 2, up to 20 % and 200.00, reaches so far.
fn reaches(promise: &Promise, needed: &[i32], author: &str) -> bool {
    let approval = Approval {
        promise: self::promise(|_| {}),
        levels: levels(&[1, 2]),
        approvers: vec!["employees/bob".to_owned()],
        limits: vec![Limits {
            discount: share(200_000),
            total: Money::from_minor(20_000, Currency::EUR).ok(),
            margin: None,
            unlisted: false,
            below_floor: false,
        }],
    };
    approval.reaches(promise, &levels(needed), author)
}

#[test]
fn an_approval_reaches_to_what_its_approvers_and_levels_cover() {
    let ada = "employees/ada";
    let same = promise(|_| {});
    assert!(reaches(&same, &[1, 2], ada) && reaches(&same, &[], ada));
    assert!(!reaches(&same, &[1, 3], ada), "a level that nobody asked");
    assert!(!reaches(&same, &[1], "employees/bob"), "his own words");
    let of = |total| {
        judged(Aggregates {
            total,
            ..aggregates()
        })
    };
    assert!(reaches(&of(20_000), &[1], ada), "more for the full price");
    assert!(!reaches(&of(20_001), &[1], ada), "more than he may approve");
    let deeper = judged(Aggregates {
        discount: 160_000,
        ..aggregates()
    });
    assert!(!reaches(&deeper, &[1], ada));
}

#[test]
fn what_asks_for_no_more_stays_within_what_was_approved() {
    let approved = promise(|_| {});
    let changes: [fn(&mut Draft); 7] = [
        |it| it.title = "Another name".to_owned(),
        |it| it.expire = Some(Timestamp::from_micros(9)),
        |it| it.lines[0].discount = share(149_999),
        |it| it.lines[0].unit_price = Some(1_001),
        |it| it.lines[0].quantity = Quantity::parse("11").unwrap(),
        |it| it.lines[1].unit_price = Some(5_001),
        // The same money, given in another way.
        |it| {
            it.discount = share(150_000);
            it.lines
                .iter_mut()
                .for_each(|line| line.discount = Share::NONE);
        },
    ];
    for (index, change) in changes.into_iter().enumerate() {
        assert!(promise(change).stays_within(&approved), "change {index}");
    }
}

#[test]
fn what_nobody_approved_does_not_stay_within() {
    let approved = promise(|_| {});
    type Change = fn(&mut Draft);
    let changes: [(&str, Change); 19] = [
        ("later", |it| it.expire = Some(Timestamp::from_micros(11))),
        ("for ever", |it| it.expire = None),
        ("rounded", |it| it.rounding = RoundingPolicy::Document),
        ("tax within", |it| it.tax = TaxTreatment::Inclusive),
        ("terms", |it| it.terms = Some("90 days".to_owned())),
        ("more off", |it| it.discount = share(1)),
        ("deeper", |it| it.lines[0].discount = share(150_001)),
        ("cheaper", |it| it.lines[0].unit_price = Some(999)),
        ("nearly free", |it| it.lines[1].unit_price = Some(1)),
        ("another product", |it| {
            it.lines[1].product = Some(Uuid::from_u128(3))
        }),
        ("another price", |it| {
            it.lines[0].price = Some([3, 1].map(Uuid::from_u128))
        }),
        ("of no list", |it| it.lines[0].price = None),
        ("other words", |it| it.lines[1].description.push('s')),
        ("another tax", |it| it.lines[1].tax_rate = share(0)),
        ("fewer", |it| {
            it.lines[0].quantity = Quantity::parse("9").unwrap()
        }),
        ("more by hand", |it| {
            it.lines[1].quantity = Quantity::parse("3").unwrap()
        }),
        ("a line more", |it| it.lines.push(it.lines[0].clone())),
        ("a line less", |it| it.lines.truncate(1)),
        ("another order", |it| it.lines.reverse()),
    ];
    for (name, change) in changes {
        assert!(!promise(change).stays_within(&approved), "{name}");
    }
}

prop_compose! {
    fn any_lines()(
        lines in prop::collection::vec((1_i64..50, 0_i64..2_000, 0..=1_000_000_i32), 1..4),
        document in 0..=1_000_000_i32,
    ) -> Draft {
        let lines = lines.into_iter().map(|(quantity, cents, discount)| {
            line("Pen", &quantity.to_string(), cents, discount)
        });
        Draft { lines: lines.collect(), discount: share(document), ..draft() }
    }
}

proptest! {
    #[test]
    fn nothing_within_an_approval_brings_in_less_than_was_approved(
        approved in any_lines(),
        later in any_lines(),
    ) {
        let promised = |draft: Draft| {
            let content = draft.clone().price(&Prices::new(), Timestamp::EPOCH).unwrap();
            Promise { aggregates: Aggregates::of(&content), draft }
        };
        // Half of the later ones differ by their discounts and prices only.
        let mut alike = later.clone();
        alike.lines.truncate(approved.lines.len());
        for (own, agreed) in alike.lines.iter_mut().zip(&approved.lines) {
            own.quantity = agreed.quantity;
        }
        for later in [later, alike] {
            let (later, approved) = (promised(later), promised(approved.clone()));
            if later.stays_within(&approved) {
                prop_assert!(later.aggregates.total >= approved.aggregates.total);
            }
        }
    }
}
