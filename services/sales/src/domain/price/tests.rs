use super::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_micros(second * 1_000_000)
}

fn book() -> PriceBook {
    PriceBook {
        display_name: "List".to_owned(),
        currency: Currency::EUR,
        tax: TaxTreatment::Exclusive,
        period: Period::ALWAYS,
        segments: Vec::new(),
        priority: 0,
    }
}

fn asked() -> Asked {
    Asked {
        currency: Currency::EUR,
        tax: TaxTreatment::Exclusive,
        segments: vec!["segments/gold".to_owned()],
        at: at(100),
    }
}

fn holding(from: Option<i64>, to: Option<i64>) -> PriceBook {
    PriceBook {
        period: Period::parse(from.map(at), to.map(at)).unwrap(),
        ..book()
    }
}

fn of(segment: &str) -> PriceBook {
    PriceBook {
        segments: vec![segment.to_owned()],
        ..book()
    }
}

fn quantity(text: &str) -> Quantity {
    Quantity::parse(text).unwrap()
}

fn tier(min_quantity: &str, unit_price: i64) -> Tier {
    Tier {
        min_quantity: quantity(min_quantity),
        unit_price,
    }
}

fn entry(tiers: &[Tier]) -> Entry {
    Entry::new(tiers.to_vec(), None, Share::NONE).unwrap()
}

#[test]
fn a_book_fits_or_says_why_not() {
    let yen = PriceBook {
        currency: Currency::JPY,
        ..book()
    };
    let gross = PriceBook {
        tax: TaxTreatment::Inclusive,
        ..book()
    };
    for (book, verdict) in [
        (book(), BookVerdict::Fits),
        (of("segments/gold"), BookVerdict::Fits),
        (holding(Some(100), Some(101)), BookVerdict::Fits),
        (yen, BookVerdict::OtherCurrency),
        (gross, BookVerdict::OtherTaxTreatment),
        (holding(Some(101), None), BookVerdict::NotYetValid),
        (holding(None, Some(100)), BookVerdict::NoLongerValid),
        (of("segments/silver"), BookVerdict::OtherSegment),
    ] {
        assert_eq!(book.judge(&asked()), verdict, "{book:?}");
    }
}

#[test]
fn books_are_placed_by_priority_then_segment_then_newness_then_age_of_the_record() {
    let [one, two, three, four, five] = [1, 2, 3, 4, 5].map(Uuid::from_u128);
    let urgent = PriceBook {
        priority: 1,
        ..book()
    };
    let mut books = [
        (two, book()),
        (one, book()),
        (three, holding(Some(50), None)),
        (four, of("segments/gold")),
        (five, urgent),
    ];
    books.sort_by_key(|(id, book)| book.place(*id));
    assert_eq!(books.map(|(id, _)| id), [five, four, three, one, two]);
}

#[test]
fn the_tier_that_the_quantity_reaches_holds() {
    let entry = entry(&[tier("100", 80), tier("1", 100), tier("10", 90)]);
    for (asked, price) in [
        ("0.999", None),
        ("1", Some(100)),
        ("9.999", Some(100)),
        ("10", Some(90)),
        ("100", Some(80)),
        ("1000000", Some(80)),
    ] {
        let found = entry.tier(quantity(asked)).map(|it| it.unit_price);
        assert_eq!(found, price, "{asked}");
    }
}

#[test]
fn the_first_price_that_the_quantity_reaches_wins_and_the_others_say_why_not() {
    let bulk = entry(&[tier("10", 80)]);
    let (list, old) = (entry(&[tier("1", 100)]), entry(&[tier("1", 70)]));
    let entries = [&bulk, &list, &old];

    let (verdicts, winner) = choose(&entries, quantity("5"));
    assert_eq!(
        verdicts,
        [
            PriceVerdict::QuantityTooSmall,
            PriceVerdict::Won,
            PriceVerdict::Outranked
        ]
    );
    assert_eq!(winner, Some((1, tier("1", 100))));

    let (_, winner) = choose(&entries, quantity("10"));
    assert_eq!(winner, Some((0, tier("10", 80))));
    assert_eq!(choose(&[], quantity("1")), (Vec::new(), None));
}

#[test]
fn the_floor_price_is_the_lowest_that_keeps_the_margin() {
    let floor = |cost, ppm| {
        let entry = Entry::new(vec![tier("1", 100)], cost, Share::parse(ppm).unwrap());
        entry.unwrap().floor_price()
    };
    assert_eq!(floor(Some(80), 200_000), Some(100));
    assert_eq!(floor(Some(100), 300_000), Some(143), "142.86 rounded up");
    assert_eq!(floor(Some(100), 0), Some(100));
    assert_eq!(floor(None, 0), None);
}

#[test]
fn entries_that_contradict_themselves_are_refused() {
    let twice = Entry::new(vec![tier("1", 1), tier("1.0", 2)], None, Share::NONE);
    assert_eq!(twice.unwrap_err().at("")[0].field, "tiers");
    assert!(Entry::new(Vec::new(), None, Share::NONE).is_err());
    let groundless = Entry::new(vec![tier("1", 1)], None, Share::parse(1).unwrap());
    assert_eq!(groundless.unwrap_err().at("")[0].field, "floor_margin_ppm");
}

#[test]
fn amounts_of_one_unit_are_in_the_currency_and_not_negative() {
    let euros = |minor| Money::from_minor(minor, Currency::EUR).unwrap();
    assert_eq!(unit_amount(euros(0), Currency::EUR), Ok(0));
    assert!(unit_amount(euros(-1), Currency::EUR).is_err());
    assert!(unit_amount(euros(1), Currency::JPY).is_err());
    assert!(unit_amount(euros(MOST + 1), Currency::EUR).is_err());
    assert!(currency("XAU").is_err() && currency("eur").is_err() && currency("KWD").is_ok());
}

#[test]
fn a_book_is_for_segments_by_their_names() {
    let parts = |segments: &[&str]| {
        let segments: Vec<_> = segments.iter().map(|it| (*it).to_owned()).collect();
        let parts = PriceBookParts {
            display_name: "List",
            currency_code: "EUR",
            tax_treatment: 1,
            period: (None, None),
            segments: &segments,
            priority: 0,
        };
        PriceBook::parse(&parts).map(|book| book.segments)
    };
    assert_eq!(
        parts(&["segments/b", "segments/a", "segments/b"]).unwrap(),
        ["segments/a", "segments/b"]
    );
    for wrong in ["gold", "segments/", "segments/a\u{0}", "segments/a/b"] {
        assert_eq!(parts(&[wrong]).unwrap_err().at("")[0].field, "segments");
    }
}
