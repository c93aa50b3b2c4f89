//! What people commit to, and the rates between currencies.

use iso_currency::Currency;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::domain::opportunity::value;

/// Most digits of a rate on either side of the point.
const MAX_RATE_DIGITS: usize = 10;

/// Reads a rate: positive, with at most ten digits on both sides of the point.
pub fn rate(raw: &str) -> Result<Decimal, Invalid> {
    let (whole, fraction) = raw.split_once('.').unwrap_or((raw, "0"));
    let digits = |part: &str| {
        !part.is_empty()
            && part.len() <= MAX_RATE_DIGITS
            && part.bytes().all(|it| it.is_ascii_digit())
    };
    let parsed = (digits(whole) && digits(fraction)).then(|| raw.parse::<Decimal>().ok());
    let positive = parsed.flatten().filter(|rate| !rate.is_zero());
    let why = "must be a positive number of at most 10 digits before and 10 after the point";
    positive.ok_or_else(|| Invalid::new(why))
}

/// Reads a currency that can be paid in.
pub fn currency(code: &str) -> Result<Currency, Invalid> {
    let currency = Currency::from_code(code).filter(|it| it.exponent().is_some());
    currency.ok_or_else(|| Invalid::new("must be a current ISO 4217 code such as EUR"))
}

/// Reads the pair of currencies of a rate.
pub fn pair(from: &str, to: &str) -> Result<(Currency, Currency), InvalidFields> {
    let mut faults = InvalidFields::default();
    let from = faults.take("from_currency", currency(from));
    let to = faults.take("to_currency", currency(to));
    if from.is_some() && from == to {
        faults.push("to_currency", Invalid::new("must be another currency"));
    }
    faults.finish(from.zip(to))
}

/// Reads what a seller is to bring.
pub fn quota(amount: Result<Option<Money>, Invalid>) -> Result<Money, Invalid> {
    amount
        .and_then(value::amount)?
        .ok_or_else(|| Invalid::new("is required"))
}

/// Reads by how much a forecast is adjusted, up or down.
pub fn adjustment(amount: Result<Option<Money>, Invalid>) -> Result<Money, Invalid> {
    let amount = amount?.ok_or_else(|| Invalid::new("is required"))?;
    let size = Money::from_minor(amount.minor().saturating_abs(), amount.currency());
    value::amount(size.ok())?;
    Ok(amount)
}

/// Whether a caller may set what a seller is to bring, or adjust his forecast.
///
/// `caller` is the seller who calls, if he sells; `above` are those who manage the seller. Who does
/// not sell has the permission for all.
pub fn may_commit(caller: Option<Uuid>, seller: Uuid, above: &[Uuid], own: bool) -> bool {
    caller.is_none_or(|caller| above.contains(&caller) || (own && caller == seller))
}
