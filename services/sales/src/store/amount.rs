//! Money as two columns.

use rapport_platform::money::Money;

use crate::error::{Error, unreadable};

const READING: &str = "reading a stored amount";

/// The minor units and the currency.
pub(crate) fn columns(amount: Option<Money>) -> (Option<i64>, Option<String>) {
    let currency = amount.map(|it| it.currency().code().to_owned());
    (amount.map(Money::minor), currency)
}

/// The amount in two columns, if there is one.
pub(crate) fn read(minor: Option<i64>, currency: Option<&str>) -> Result<Option<Money>, Error> {
    let Some((minor, currency)) = minor.zip(currency) else {
        return Ok(None);
    };
    let currency = currency
        .parse()
        .map_err(|_| unreadable(READING)("no currency"))?;
    let amount = Money::from_minor(minor, currency);
    amount.map(Some).map_err(unreadable(READING))
}
