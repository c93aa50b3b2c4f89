use proptest::prelude::*;

use super::*;

fn proto(currency_code: &str, units: i64, nanos: i32) -> MoneyProto {
    MoneyProto {
        currency_code: currency_code.into(),
        units,
        nanos,
    }
}

fn euros(cents: i64) -> Money {
    Money::from_minor(cents, Currency::EUR).unwrap()
}

fn shares(cents: i64, weights: &[u64]) -> Vec<i64> {
    euros(cents)
        .allocate(weights)
        .unwrap()
        .into_iter()
        .map(Money::minor)
        .collect()
}

#[test]
fn each_currency_has_its_own_minor_unit() {
    for (wire, minor, shown) in [
        (proto("EUR", 12, 500_000_000), 1_250, "12.50 EUR"),
        (proto("EUR", -12, -500_000_000), -1_250, "-12.50 EUR"),
        (proto("EUR", 0, -10_000_000), -1, "-0.01 EUR"),
        (proto("JPY", 1_250, 0), 1_250, "1250 JPY"),
        (proto("KWD", 1, 1_000_000), 1_001, "1.001 KWD"),
    ] {
        let money = Money::try_from(&wire).unwrap();
        assert_eq!(money.minor(), minor);
        assert_eq!(money.to_string(), shown);
        assert_eq!(MoneyProto::from(money), wire);
    }
}

#[test]
fn what_is_not_exactly_money_is_refused() {
    for (wire, error) in [
        (proto("", 1, 0), MoneyError::UnknownCurrency),
        (proto("eur", 1, 0), MoneyError::UnknownCurrency),
        (proto("XAU", 1, 0), MoneyError::NoMinorUnit),
        (proto("EUR", 0, 1_000_000), MoneyError::TooFine),
        (proto("JPY", 0, 500_000_000), MoneyError::TooFine),
        (proto("EUR", 1, -10_000_000), MoneyError::Nanos),
        (proto("EUR", -1, 10_000_000), MoneyError::Nanos),
        (proto("EUR", 0, 1_000_000_000), MoneyError::Nanos),
        (proto("EUR", 0, i32::MIN), MoneyError::Nanos),
        (proto("EUR", i64::MAX, 0), MoneyError::OutOfRange),
        (proto("EUR", i64::MIN, 0), MoneyError::OutOfRange),
    ] {
        assert_eq!(Money::try_from(&wire), Err(error), "{wire:?}");
    }
    let violation = Money::from_proto("quote.total", &proto("EUR", 0, 1)).unwrap_err();
    assert_eq!(violation.field, "quote.total");
}

#[test]
fn decimals_are_exact_or_refused() {
    let decimal = |text: &str| Money::from_decimal(text.parse().unwrap(), Currency::EUR);
    assert_eq!(decimal("12.5"), Ok(euros(1_250)));
    assert_eq!(decimal("12.500"), Ok(euros(1_250)));
    assert_eq!(decimal("1000"), Ok(euros(100_000)));
    assert_eq!(decimal("0.001"), Err(MoneyError::TooFine));
    assert_eq!(decimal("92233720368547758.08"), Err(MoneyError::OutOfRange));
    assert_eq!(
        Money::from_decimal(Decimal::MAX, Currency::EUR),
        Err(MoneyError::OutOfRange)
    );
    assert_eq!(Decimal::from(euros(-1_250)).to_string(), "-12.50");
}

#[test]
fn sums_do_not_mix_currencies_and_do_not_overflow() {
    assert_eq!(euros(150).checked_add(euros(50)), Ok(euros(200)));
    assert_eq!(euros(150).checked_sub(euros(200)), Ok(euros(-50)));
    let yen = Money::from_minor(1, Currency::JPY).unwrap();
    assert_eq!(euros(1).checked_add(yen), Err(MoneyError::CurrencyMismatch));
    assert_eq!(
        euros(i64::MAX).checked_add(euros(1)),
        Err(MoneyError::OutOfRange)
    );
    assert_eq!(
        euros(i64::MIN).checked_sub(euros(1)),
        Err(MoneyError::OutOfRange)
    );
}

#[test]
fn cents_left_over_go_to_the_largest_remainder_then_to_the_first() {
    assert_eq!(shares(100, &[1, 1, 1]), [34, 33, 33]);
    assert_eq!(shares(101, &[1, 1, 1]), [34, 34, 33]);
    assert_eq!(shares(-100, &[1, 1, 1]), [-34, -33, -33]);
    assert_eq!(shares(10, &[6, 3, 2]), [5, 3, 2]);
    assert_eq!(shares(5, &[0, 1, 0]), [0, 5, 0]);
    assert_eq!(shares(0, &[2, 1]), [0, 0]);
    assert_eq!(shares(i64::MIN, &[1]), [i64::MIN]);
    assert_eq!(euros(1).allocate(&[0, 0]), Err(MoneyError::NoWeight));
    assert_eq!(euros(1).allocate(&[]), Err(MoneyError::NoWeight));
}

proptest! {
    #[test]
    fn allocation_loses_nothing_and_rounds_by_less_than_one(
        minor: i64,
        weights in prop::collection::vec(any::<u64>(), 1..20),
    ) {
        let sum: u128 = weights.iter().copied().map(u128::from).sum();
        prop_assume!(sum > 0);
        let shares = shares(minor, &weights);
        prop_assert_eq!(shares.iter().copied().map(i128::from).sum::<i128>(), i128::from(minor));
        for (share, weight) in shares.into_iter().zip(weights) {
            // Lower bound of the exact share; the share is that or one more.
            let exact = u128::from(minor.unsigned_abs()) * u128::from(weight) / sum;
            let more = u128::from(share.unsigned_abs()).checked_sub(exact);
            prop_assert!(matches!(more, Some(0 | 1)));
        }
    }

    #[test]
    fn every_amount_survives_the_wire_and_the_decimal(minor: i64, index in 0..4_usize) {
        let currency = [Currency::EUR, Currency::JPY, Currency::KWD, Currency::CLF][index];
        let money = Money::from_minor(minor, currency).unwrap();
        prop_assert_eq!(Money::try_from(&MoneyProto::from(money)), Ok(money));
        prop_assert_eq!(Money::from_decimal(money.into(), currency), Ok(money));
    }

    #[test]
    fn no_wire_amount_panics(code in "[A-Z]{3}|\\PC*", units: i64, nanos: i32) {
        let _ = Money::try_from(&proto(&code, units, nanos));
    }
}
