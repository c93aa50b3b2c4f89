//! What an opportunity brings, and of which products.

use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use uuid::Uuid;

use crate::domain::product::not_negative;

/// Most lines of an opportunity.
const MAX_LINES: usize = 200;
/// Most pieces of one line.
const MAX_QUANTITY: i64 = 1_000_000;
/// Largest amount, in minor units: sums of very many opportunities still fit 64 bits.
const MAX_AMOUNT: i64 = 100_000_000_000_000;

/// A product on an opportunity, as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineRequest {
    product: Uuid,
    quantity: i64,
    amount: Option<Money>,
}

impl LineRequest {
    /// Reads a line; a quantity of 0 means one.
    pub fn parse(
        product: Result<Uuid, Invalid>,
        quantity: i64,
        given: Result<Option<Money>, Invalid>,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let product = faults.take("product", product);
        let quantity = match quantity {
            0 => Ok(1),
            1..=MAX_QUANTITY => Ok(quantity),
            _ => Err(Invalid::new("must be between 1 and 1000000")),
        };
        let quantity = faults.take("quantity", quantity);
        let amount = faults.take("amount", given.and_then(amount));
        let complete = product.zip(quantity).zip(amount);
        faults.finish(complete.map(|((product, quantity), amount)| Self {
            product,
            quantity,
            amount,
        }))
    }

    /// What is to be sold.
    pub const fn product(&self) -> Uuid {
        self.product
    }
}

/// A product on an opportunity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// What is to be sold.
    pub product: Uuid,
    /// How many.
    pub quantity: i64,
    /// What they bring together.
    pub amount: Money,
}

/// What an opportunity brings in all, and its lines, which always add up to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Value {
    amount: Option<Money>,
    lines: Vec<Line>,
}

impl Value {
    /// The value of these lines, which cost `price_of` a piece where they say nothing else; or of
    /// `amount`, among which they are then divided in proportion.
    pub fn of(
        amount: Option<Money>,
        requests: &[LineRequest],
        price_of: impl Fn(Uuid) -> Option<Money>,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        if requests.len() > MAX_LINES {
            faults.push("lines", Invalid::new("are too many: at most 200"));
            return faults.finish(None);
        }
        let mut lines = Vec::with_capacity(requests.len());
        for (index, request) in requests.iter().enumerate() {
            let line = priced(request, price_of(request.product));
            lines.extend(faults.take(&format!("lines[{index}].amount"), line));
        }
        let sum = if lines.len() == requests.len() {
            faults.take("lines", sum(&lines)).flatten()
        } else {
            None
        };
        let value = Self { amount: sum, lines };
        let value = match amount {
            Some(amount) => faults.take("amount", value.worth(amount)),
            None => Some(value),
        };
        faults.finish(value)
    }

    /// A value that was stored.
    pub fn stored(amount: Option<Money>, lines: Vec<Line>) -> Self {
        Self { amount, lines }
    }

    /// The same lines, worth `amount` together.
    pub fn worth(&self, amount: Money) -> Result<Self, Invalid> {
        if self.amount == Some(amount) || self.lines.is_empty() {
            return Ok(Self {
                amount: Some(amount),
                lines: self.lines.clone(),
            });
        }
        if self
            .amount
            .is_some_and(|sum| sum.currency() != amount.currency())
        {
            return Err(Invalid::new("must be in the currency of the lines"));
        }
        let by_amount = self.lines.iter().map(|line| line.amount.minor());
        let by_quantity = self.lines.iter().map(|line| line.quantity);
        let shares = allocate(amount, by_amount).or_else(|_| allocate(amount, by_quantity))?;
        let lines = self.lines.iter().zip(shares);
        let lines = lines
            .map(|(line, amount)| Line { amount, ..*line })
            .collect();
        Ok(Self {
            amount: Some(amount),
            lines,
        })
    }

    /// What it brings in all, if anybody knows.
    pub const fn amount(&self) -> Option<Money> {
        self.amount
    }

    /// The products.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }
}

/// An amount that an opportunity can have.
pub fn amount(given: Option<Money>) -> Result<Option<Money>, Invalid> {
    match not_negative(given)? {
        Some(amount) if amount.minor() > MAX_AMOUNT => Err(Invalid::new(
            "is too large: at most 100,000,000,000,000 of the currency's smallest unit",
        )),
        amount => Ok(amount),
    }
}

fn priced(request: &LineRequest, price: Option<Money>) -> Result<Line, Invalid> {
    let total = |price: Money| {
        let minor = price.minor().checked_mul(request.quantity);
        minor.and_then(|minor| Money::from_minor(minor, price.currency()).ok())
    };
    let by_price = || amount(price.and_then(total));
    let amount = match request.amount {
        Some(amount) => Some(amount),
        None => by_price()?,
    };
    let missing = || Invalid::new("is required: the product has no list price");
    Ok(Line {
        product: request.product,
        quantity: request.quantity,
        amount: amount.ok_or_else(missing)?,
    })
}

fn sum(lines: &[Line]) -> Result<Option<Money>, Invalid> {
    let mut amounts = lines.iter().map(|line| line.amount);
    let Some(first) = amounts.next() else {
        return Ok(None);
    };
    let sum = amounts.try_fold(first, Money::checked_add);
    amount(Some(
        sum.map_err(|_| Invalid::new("must all be in one currency"))?,
    ))
}

fn allocate(amount: Money, weights: impl Iterator<Item = i64>) -> Result<Vec<Money>, Invalid> {
    let weights: Vec<u64> = weights
        .map(|it| it.try_into().unwrap_or_default())
        .collect();
    let shares = amount.allocate(&weights);
    shares.map_err(|_| Invalid::new("can't be divided among the lines"))
}

#[cfg(test)]
mod tests {
    use iso_currency::Currency;
    use proptest::prelude::*;

    use super::*;

    fn usd(minor: i64) -> Money {
        Money::from_minor(minor, Currency::USD).unwrap()
    }

    fn line(product: u128, quantity: i64, amount: Option<i64>) -> LineRequest {
        LineRequest::parse(Ok(Uuid::from_u128(product)), quantity, Ok(amount.map(usd))).unwrap()
    }

    fn no_prices(_: Uuid) -> Option<Money> {
        None
    }

    #[test]
    fn lines_cost_the_list_price_unless_they_say_otherwise() {
        let requests = [line(1, 3, None), line(2, 0, Some(500))];
        let value = Value::of(None, &requests, |_| Some(usd(100))).unwrap();
        assert_eq!(value.amount(), Some(usd(800)));
        let refused = Value::of(None, &requests, no_prices).unwrap_err().at("it");
        assert_eq!(refused[0].field, "it.lines[0].amount");
    }

    #[test]
    fn an_agreed_amount_is_divided_among_the_lines() {
        let requests = [
            line(1, 1, Some(50)),
            line(2, 1, Some(30)),
            line(3, 1, Some(20)),
        ];
        let value = Value::of(Some(usd(1_001)), &requests, no_prices).unwrap();
        let amounts: Vec<_> = value.lines().iter().map(|it| it.amount.minor()).collect();
        assert_eq!(amounts, [501, 300, 200]);
        let free = Value::of(
            Some(usd(3)),
            &[line(1, 1, Some(0)), line(2, 2, Some(0))],
            no_prices,
        );
        let amounts: Vec<_> = free
            .unwrap()
            .lines()
            .iter()
            .map(|it| it.amount.minor())
            .collect();
        assert_eq!(amounts, [1, 2], "by quantity, where nothing costs anything");
    }

    #[test]
    fn currencies_are_not_mixed_and_nothing_is_negative() {
        let euros = Money::from_minor(1, Currency::EUR).unwrap();
        let requests = [line(1, 1, Some(1))];
        assert!(Value::of(Some(euros), &requests, no_prices).is_err());
        let mixed = [line(1, 1, Some(1)), line(2, 1, None)];
        assert!(Value::of(None, &mixed, |_| Some(euros)).is_err());
        assert!(amount(Some(usd(-1))).is_err());
        assert!(amount(Some(usd(MAX_AMOUNT + 1))).is_err());
        assert!(LineRequest::parse(Ok(Uuid::nil()), -1, Ok(None)).is_err());
    }

    proptest! {
        #[test]
        fn lines_always_add_up_to_the_amount(
            parts in proptest::collection::vec((1i64..1_000, 0i64..1_000_000), 1..20),
            amount in 0i64..1_000_000_000,
        ) {
            let requests: Vec<_> = (0u128..).zip(&parts).map(|(id, (quantity, amount))| line(id, *quantity, Some(*amount))).collect();
            let value = Value::of(Some(usd(amount)), &requests, no_prices).unwrap();
            prop_assert_eq!(value.lines().iter().map(|it| it.amount.minor()).sum::<i64>(), amount);
        }
    }
}
