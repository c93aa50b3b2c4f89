use iso_currency::Currency;
use proptest::prelude::*;
use rapport_platform::period::Period;
use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::aggregates::Aggregates;
use super::amounts::Amounts;
use super::content::{Content, Draft, DraftLine, Prices, RoundingPolicy};
use super::hash::ContentHash;
use crate::domain::price::{Entry, PriceBook, TaxTreatment, Tier};
use crate::domain::quantity::Quantity;
use crate::domain::share::Share;

fn share(ppm: i32) -> Share {
    Share::parse(ppm).unwrap()
}

fn line(quantity: &str, unit_price: i64, discount: i32, tax_rate: i32) -> DraftLine {
    DraftLine {
        description: "Pen".to_owned(),
        product: None,
        price: None,
        quantity: Quantity::parse(quantity).unwrap(),
        unit_price: Some(unit_price),
        discount: share(discount),
        tax_rate: share(tax_rate),
    }
}

fn draft(lines: Vec<DraftLine>) -> Draft {
    Draft {
        title: "Offer".to_owned(),
        currency: Currency::EUR,
        rounding: RoundingPolicy::PerLine,
        tax: TaxTreatment::Exclusive,
        discount: Share::NONE,
        lines,
        expire: None,
        terms: None,
    }
}

fn content(draft: Draft) -> Content {
    draft.price(&Prices::new(), Timestamp::EPOCH).unwrap()
}

fn amounts(draft: Draft) -> (i64, i64, i64) {
    let total = content(draft).total();
    (total.net, total.tax, total.gross())
}

/// 10 x 30.75 and 1 x 70.00, each 5 % off, at 15 % of tax.
fn worked_case(rounding: RoundingPolicy) -> Draft {
    let lines = vec![
        line("10", 3_075, 50_000, 150_000),
        line("1", 7_000, 50_000, 150_000),
    ];
    Draft {
        rounding,
        ..draft(lines)
    }
}

#[test]
fn the_policy_decides_where_amounts_are_rounded() {
    let per_line = amounts(worked_case(RoundingPolicy::PerLine));
    assert_eq!(per_line, (35_863, 5_380, 41_243));
    let document = amounts(worked_case(RoundingPolicy::Document));
    assert_eq!(document, (35_863, 5_379, 41_242));
}

#[test]
fn a_discount_on_the_whole_comes_after_those_on_lines() {
    let mut both = draft(vec![line("1", 10_000, 100_000, 0)]);
    both.discount = share(100_000);
    assert_eq!(amounts(both).0, 8_100);
}

#[test]
fn currencies_have_no_minor_unit_or_three_decimals() {
    let yen = Draft {
        currency: Currency::JPY,
        ..draft(vec![line("3", 105, 50_000, 100_000)])
    };
    assert_eq!(amounts(yen), (299, 30, 329), "299.25 and 29.9");
    let dinars = Draft {
        currency: Currency::KWD,
        ..draft(vec![line("1.5", 1_001, 0, 50_000)])
    };
    assert_eq!(amounts(dinars), (1_502, 75, 1_577), "1.5015 and 0.0751");
}

#[test]
fn prices_may_hold_the_tax() {
    let inclusive = |rounding| Draft {
        tax: TaxTreatment::Inclusive,
        rounding,
        ..draft(vec![
            line("1", 11_900, 0, 190_000),
            line("3", 999, 0, 70_000),
        ])
    };
    for rounding in [RoundingPolicy::PerLine, RoundingPolicy::Document] {
        assert_eq!(amounts(inclusive(rounding)), (12_801, 2_096, 14_897));
    }
}

#[test]
fn a_quote_has_up_to_200_lines() {
    let many = |count| draft(vec![line("1", 333, 0, 77_000); count]);
    let full = Draft {
        rounding: RoundingPolicy::Document,
        ..many(200)
    };
    assert_eq!(amounts(full), (66_600, 5_128, 71_728));
    for count in [0, 201] {
        let refused = many(count)
            .price(&Prices::new(), Timestamp::EPOCH)
            .unwrap_err();
        assert_eq!(refused.at("")[0].field, "lines");
    }
}

#[test]
fn amounts_that_could_not_be_reckoned_exactly_are_refused() {
    let huge = draft(vec![line("1000000", 1_000_000_000, 0, 1_000_000)]);
    assert_eq!(amounts(huge).0, 1_000_000_000_000_000);
    let over = draft(vec![
        line("1000000", 1_000_000_000, 0, 0),
        line("0.001", 1_000, 0, 0),
    ]);
    assert!(over.price(&Prices::new(), Timestamp::EPOCH).is_err());
}

fn listed(unit_price: Option<i64>) -> (DraftLine, Prices) {
    let ids = [1, 2].map(Uuid::from_u128);
    let tier = |from: &str, unit_price| Tier {
        min_quantity: Quantity::parse(from).unwrap(),
        unit_price,
    };
    let tiers = vec![tier("2", 1_000), tier("10", 900)];
    let entry = Entry::new(tiers, Some(600), share(250_000)).unwrap();
    let book = PriceBook {
        display_name: "List".to_owned(),
        currency: Currency::EUR,
        tax: TaxTreatment::Exclusive,
        period: Period::parse(None, Some(Timestamp::from_micros(10))).unwrap(),
        segments: Vec::new(),
        priority: 0,
    };
    let line = DraftLine {
        price: Some(ids),
        unit_price,
        ..line("10", 0, 0, 0)
    };
    (line, Prices::from([(ids, (book, entry))]))
}

#[test]
fn the_list_price_holds_where_no_other_is_given() {
    let (line, prices) = listed(None);
    let priced = draft(vec![line]).price(&prices, Timestamp::EPOCH).unwrap();
    assert_eq!(priced.lines[0].unit_price, 900);
    assert_eq!(priced.lines[0].product, Some(Uuid::from_u128(2)));
    let aggregates = Aggregates::of(&priced);
    assert_eq!(
        (
            aggregates.discount,
            aggregates.unlisted,
            aggregates.below_floor
        ),
        (0, 0, 0)
    );
    assert_eq!(aggregates.margin, Some(333_333), "3,000 of 9,000");

    let (line, mut prices) = listed(None);
    let books = prices.values_mut();
    books.for_each(|(book, _)| book.segments = vec!["segments/gold".to_owned()]);
    let special = draft(vec![line]).price(&prices, Timestamp::EPOCH).unwrap();
    let unlisted = Aggregates::of(&special).unlisted;
    assert_eq!(
        unlisted, 1,
        "whether it is for this customer, nobody has checked"
    );
}

#[test]
fn a_price_below_the_list_is_a_discount_by_another_name() {
    let (line, prices) = listed(Some(765));
    let priced = draft(vec![line]).price(&prices, Timestamp::EPOCH).unwrap();
    let aggregates = Aggregates::of(&priced);
    assert_eq!(
        (aggregates.discount, aggregates.line_discount),
        (150_000, 150_000)
    );
    assert_eq!(aggregates.below_floor, 1, "7.65 is below 6.00 / 75 %");
    assert_eq!(aggregates.margin, Some(215_686));
}

#[test]
fn a_price_that_does_not_hold_is_refused() {
    let (line, prices) = listed(None);
    let few = DraftLine {
        quantity: Quantity::parse("1").unwrap(),
        ..line.clone()
    };
    let other = DraftLine {
        product: Some(Uuid::from_u128(9)),
        ..line.clone()
    };
    let unknown = DraftLine {
        price: Some([9, 9].map(Uuid::from_u128)),
        ..line.clone()
    };
    let unpriced = DraftLine {
        price: None,
        ..line.clone()
    };
    let field = |draft: Draft, now| {
        let refused = draft
            .price(&prices, Timestamp::from_micros(now))
            .unwrap_err();
        refused.at("")[0].field.clone()
    };
    let price = "lines[0].price_book_entry";
    assert_eq!(field(draft(vec![few]), 0), price);
    assert_eq!(field(draft(vec![unknown]), 0), price);
    assert_eq!(
        field(draft(vec![line.clone()]), 10),
        price,
        "its book no longer holds"
    );
    let gross = Draft {
        tax: TaxTreatment::Inclusive,
        ..draft(vec![line.clone()])
    };
    assert_eq!(field(gross, 0), price);
    let yen = Draft {
        currency: Currency::JPY,
        ..draft(vec![line.clone()])
    };
    assert_eq!(field(yen, 0), price);
    assert_eq!(field(draft(vec![other]), 0), "lines[0].product");
    assert_eq!(field(draft(vec![unpriced]), 0), "lines[0].unit_price");
    let over = Draft {
        expire: Some(Timestamp::EPOCH),
        ..draft(vec![line])
    };
    assert_eq!(field(over, 0), "expire_time");
}

#[test]
fn aggregates_are_rounded_against_the_seller() {
    let uneven = draft(vec![line("1", 300, 0, 0), line("1", 300, 1, 0)]);
    let aggregates = Aggregates::of(&content(uneven));
    assert_eq!((aggregates.discount, aggregates.line_discount), (1, 1));
    assert_eq!((aggregates.margin, aggregates.unlisted), (None, 2));
    let free = Aggregates::of(&content(draft(vec![line("1", 0, 0, 0)])));
    assert_eq!(free.discount, 0);
}

#[test]
fn later_content_stays_within_approval_only_if_it_asks_for_no_more() {
    let approved = Aggregates {
        currency: Currency::EUR,
        total: 10_000,
        discount: 150_000,
        discount_amount: 1_765,
        line_discount: 150_000,
        margin: Some(300_000),
        below_floor: 1,
        unlisted: 1,
    };
    let less = Aggregates {
        total: 90_000,
        discount: 100_000,
        discount_amount: 1_000,
        line_discount: 0,
        margin: Some(400_000),
        below_floor: 0,
        unlisted: 0,
        ..approved
    };
    assert!(approved.stay_within(&approved) && less.stay_within(&approved));
    for more in [
        Aggregates {
            currency: Currency::USD,
            ..approved
        },
        Aggregates {
            discount_amount: 1_766,
            ..approved
        },
        Aggregates {
            discount: 150_001,
            ..approved
        },
        Aggregates {
            line_discount: 150_001,
            ..approved
        },
        Aggregates {
            margin: Some(299_999),
            ..approved
        },
        Aggregates {
            margin: None,
            ..approved
        },
        Aggregates {
            below_floor: 2,
            ..approved
        },
        Aggregates {
            unlisted: 2,
            ..approved
        },
    ] {
        assert!(!more.stay_within(&approved), "{more:?}");
    }
}

#[test]
fn whatever_changes_the_promise_changes_its_hash() {
    let (line, prices) = listed(None);
    let original = draft(vec![line]).price(&prices, Timestamp::EPOCH).unwrap();
    let hash = |content: &Content| ContentHash::of("customers/1", "", content);
    let same = hash(&original);
    assert_eq!(hash(&original.clone()), same);
    assert_eq!(same.to_string().len(), 64);
    let changes: [fn(&mut Content); 13] = [
        |it| it.title.push('.'),
        |it| it.currency = Currency::USD,
        |it| it.rounding = RoundingPolicy::Document,
        |it| it.tax = TaxTreatment::Inclusive,
        |it| it.discount = share(1),
        |it| it.expire = Some(Timestamp::EPOCH),
        |it| it.terms = Some("30 days".to_owned()),
        |it| it.lines.push(it.lines[0].clone()),
        |it| it.lines[0].description.push('.'),
        |it| it.lines[0].quantity = Quantity::parse("9").unwrap(),
        |it| it.lines[0].unit_price += 1,
        |it| it.lines[0].discount = share(1),
        |it| it.lines[0].listing = None,
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut changed = original.clone();
        change(&mut changed);
        assert_ne!(hash(&changed), same, "change {index}");
    }
    assert_ne!(ContentHash::of("customers/2", "", &original), same);
    assert_ne!(
        ContentHash::of("customers/1", "opportunities/1", &original),
        same
    );
}

fn any_line() -> impl Strategy<Value = DraftLine> {
    (
        1..1_000_000_i64,
        0..10_000_000_i64,
        0..=1_000_000,
        0..=1_000_000,
    )
        .prop_map(|(quantity, unit_price, discount, tax_rate)| DraftLine {
            quantity: Quantity::from_thousandths(quantity).unwrap(),
            ..line("1", unit_price, discount, tax_rate / 50_000 * 50_000)
        })
}

proptest! {
    #[test]
    fn totals_are_the_sums_of_their_parts_under_every_policy(
        lines in prop::collection::vec(any_line(), 1..30), discount in 0..=1_000_000,
    ) {
        for rounding in RoundingPolicy::ALL.iter().copied() {
            for tax in TaxTreatment::ALL.iter().copied() {
                let draft = Draft { rounding, tax, discount: share(discount), ..draft(lines.clone()) };
                let content = content(draft);
                let total = content.total();
                let sum = |of: fn(&Amounts) -> i64| content.lines.iter().map(|it| of(&it.amounts)).sum::<i64>();
                prop_assert_eq!(total.net, sum(|it| it.net));
                prop_assert_eq!(total.tax, sum(|it| it.tax));
                prop_assert_eq!(total.gross(), sum(|it| it.gross()));
                let rates = content.taxes();
                prop_assert_eq!(total.tax, rates.values().map(|it| it.tax).sum::<i64>());
                prop_assert_eq!(total.net, rates.values().map(|it| it.net).sum::<i64>());
            }
        }
    }

    #[test]
    fn the_document_s_total_is_the_exact_sum_rounded_once(
        lines in prop::collection::vec(any_line(), 1..30),
    ) {
        let exact: i128 = lines.iter().map(|it| {
            let price = i128::from(it.quantity.thousandths()) * i128::from(it.unit_price.unwrap());
            price * i128::from(1_000_000 - it.discount.ppm())
        }).sum();
        let rounded = (exact + 500_000_000) / 1_000_000_000;
        let draft = Draft { rounding: RoundingPolicy::Document, ..draft(lines) };
        prop_assert_eq!(i128::from(content(draft).total().net), rounded);
    }
}
