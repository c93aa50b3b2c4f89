//! Amounts of money: minor units with their ISO 4217 currency, exact everywhere.

mod allocation;

use std::fmt;

use iso_currency::Currency;
use rapport_proto::google::r#type::Money as MoneyProto;
use rust_decimal::Decimal;

use crate::problem::FieldViolation;

const NANOS_DIGITS: u32 = 9;
const NANOS_PER_UNIT: i128 = 1_000_000_000;

/// An amount in the minor unit of its currency: 1,250 is 12.50 EUR, or 1,250 JPY.
///
/// Stored as two columns, BIGINT and the three letters of the currency; `google.type.Money`
/// on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Money {
    minor: i64,
    currency: Currency,
}

/// Why an amount is not money or can't be reckoned with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not one of the currencies in use.
    #[error("needs `currency_code` to be a current ISO 4217 code such as EUR")]
    UnknownCurrency,
    /// Gold, testing codes and the like.
    #[error("is in a currency without a minor unit, which can't be paid in")]
    NoMinorUnit,
    /// Finer than the currency's coins.
    #[error("has more decimals than its currency")]
    TooFine,
    /// `units` and `nanos` contradict each other, or `nanos` holds a whole unit.
    #[error("needs `nanos` between -999999999 and 999999999, with the sign of `units`")]
    Nanos,
    /// More than 64 bits of minor units.
    #[error("is too large")]
    OutOfRange,
    /// Two amounts in different currencies.
    #[error("is in another currency")]
    CurrencyMismatch,
    /// There is nobody to allocate to.
    #[error("needs a weight above zero to be divided by")]
    NoWeight,
}

impl Money {
    /// So many minor units.
    ///
    /// # Errors
    /// `NoMinorUnit` for codes that nobody pays with, such as XAU.
    pub fn from_minor(minor: i64, currency: Currency) -> Result<Self, MoneyError> {
        decimals(currency).map(|_| Self { minor, currency })
    }

    /// The amount, if it is a whole number of minor units: nothing is ever rounded.
    pub fn from_decimal(amount: Decimal, currency: Currency) -> Result<Self, MoneyError> {
        let decimals = decimals(currency)?;
        let amount = amount.normalize();
        let missing = decimals
            .checked_sub(amount.scale())
            .ok_or(MoneyError::TooFine)?;
        10_i128
            .checked_pow(missing)
            .and_then(|factor| amount.mantissa().checked_mul(factor))
            .and_then(|minor| i64::try_from(minor).ok())
            .map(|minor| Self { minor, currency })
            .ok_or(MoneyError::OutOfRange)
    }

    /// Reads an amount from a request; `field` is its path there.
    pub fn from_proto(field: &str, proto: &MoneyProto) -> Result<Self, FieldViolation> {
        Self::try_from(proto).map_err(|error| FieldViolation::new(field, error.to_string()))
    }

    /// Minor units.
    pub fn minor(self) -> i64 {
        self.minor
    }

    /// ISO 4217.
    pub fn currency(self) -> Currency {
        self.currency
    }

    /// The sum, of amounts in one currency.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_add)
    }

    /// The difference, of amounts in one currency.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.combine(other, i64::checked_sub)
    }

    fn combine(
        self,
        other: Self,
        operation: fn(i64, i64) -> Option<i64>,
    ) -> Result<Self, MoneyError> {
        if self.currency != other.currency {
            return Err(MoneyError::CurrencyMismatch);
        }
        let minor = operation(self.minor, other.minor).ok_or(MoneyError::OutOfRange)?;
        Ok(Self { minor, ..self })
    }

    /// Divides the amount in proportion to `weights` without losing a cent: by largest
    /// remainder, ties to the first.
    ///
    /// # Errors
    /// `NoWeight` when all weights are zero.
    pub fn allocate(self, weights: &[u64]) -> Result<Vec<Self>, MoneyError> {
        let shares = allocation::allocate(self.minor, weights).ok_or(MoneyError::NoWeight)?;
        Ok(shares
            .into_iter()
            .map(|minor| Self { minor, ..self })
            .collect())
    }

    fn decimals(self) -> u32 {
        // Checked when the amount was made.
        decimals(self.currency).unwrap_or_default()
    }
}

/// The code of a currency that can be paid in: for prices that are finer than its coins.
///
/// # Errors
/// `UnknownCurrency`; `NoMinorUnit` for gold and the like.
pub fn currency_code(code: &str) -> Result<String, MoneyError> {
    let currency = Currency::from_code(code).ok_or(MoneyError::UnknownCurrency)?;
    decimals(currency).map(|_| currency.code().to_owned())
}

fn decimals(currency: Currency) -> Result<u32, MoneyError> {
    currency
        .exponent()
        .map(u32::from)
        .ok_or(MoneyError::NoMinorUnit)
}

impl From<Money> for Decimal {
    fn from(money: Money) -> Self {
        Decimal::from_i128_with_scale(i128::from(money.minor), money.decimals())
    }
}

/// With as many decimals as the currency has: `12.50 EUR`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", Decimal::from(*self), self.currency.code())
    }
}

impl TryFrom<&MoneyProto> for Money {
    type Error = MoneyError;

    fn try_from(proto: &MoneyProto) -> Result<Self, MoneyError> {
        let MoneyProto {
            currency_code,
            units,
            nanos,
        } = proto;
        let currency = Currency::from_code(currency_code).ok_or(MoneyError::UnknownCurrency)?;
        let contradict = (*units > 0 && *nanos < 0) || (*units < 0 && *nanos > 0);
        if contradict || i128::from(*nanos).abs() >= NANOS_PER_UNIT {
            return Err(MoneyError::Nanos);
        }
        let nanos = i128::from(*units) * NANOS_PER_UNIT + i128::from(*nanos);
        let nanos_per_minor = 10_i128.pow(NANOS_DIGITS.saturating_sub(decimals(currency)?));
        if nanos % nanos_per_minor != 0 {
            return Err(MoneyError::TooFine);
        }
        let minor = i64::try_from(nanos / nanos_per_minor).map_err(|_| MoneyError::OutOfRange)?;
        Ok(Self { minor, currency })
    }
}

impl From<Money> for MoneyProto {
    fn from(money: Money) -> Self {
        let minor_per_unit = 10_i64.pow(money.decimals());
        let nanos_per_minor = 10_i64.pow(NANOS_DIGITS.saturating_sub(money.decimals()));
        let nanos = money.minor % minor_per_unit * nanos_per_minor;
        Self {
            currency_code: money.currency.code().to_owned(),
            units: money.minor / minor_per_unit,
            // Below one unit, so it fits.
            nanos: i32::try_from(nanos).unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
