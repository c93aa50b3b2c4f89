//! How many of something.

use std::fmt;

use rapport_platform::invalid::Invalid;
use rust_decimal::Decimal;

/// Parts of one that are told apart.
const DECIMALS: u32 = 3;
/// In thousandths.
const MOST: i64 = 1_000_000_000;

/// More than nothing and at most a million, to the thousandth. Kept in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

impl Quantity {
    /// Reads a decimal number such as `10` or `0.5`.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let plain = text.bytes().all(|it| it.is_ascii_digit() || it == b'.');
        let number = Decimal::from_str_exact(text).ok().filter(|_| plain);
        number
            .map(|it| it.normalize())
            .filter(|it| it.scale() <= DECIMALS)
            .and_then(|it| it.checked_mul(Decimal::from(1_000)))
            .and_then(|it| i64::try_from(it).ok())
            .and_then(Self::from_thousandths)
            .ok_or_else(|| {
                Invalid::new(
                    "must be more than 0 and at most 1000000, with up to three decimals: 10 or 0.5",
                )
            })
    }

    /// A quantity that was parsed before.
    pub fn from_thousandths(thousandths: i64) -> Option<Self> {
        (1..=MOST)
            .contains(&thousandths)
            .then_some(Self(thousandths))
    }

    /// In thousandths.
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// In thousandths, to be reckoned with.
    pub(super) fn exact(self) -> i128 {
        i128::from(self.0)
    }
}

/// Without trailing zeros: `10`, `0.5`.
impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Decimal::new(self.0, DECIMALS).normalize().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantity_is_read_to_the_thousandth() {
        for (text, thousandths, shown) in [
            ("10", 10_000, "10"),
            ("0.5", 500, "0.5"),
            ("1.250", 1_250, "1.25"),
            ("0.001", 1, "0.001"),
            ("1000000", MOST, "1000000"),
        ] {
            let quantity = Quantity::parse(text).unwrap();
            assert_eq!(quantity.thousandths(), thousandths);
            assert_eq!(quantity.to_string(), shown);
        }
    }

    #[test]
    fn nothing_less_than_nothing_and_what_is_no_number_are_refused() {
        for text in [
            "0",
            "0.000",
            "-1",
            "+1",
            "",
            ".",
            "1e3",
            "1_000",
            "0.0001",
            "1000000.001",
            "9999999",
            "NaN",
            "99999999999999999999999999999999999",
        ] {
            assert!(Quantity::parse(text).is_err(), "{text}");
        }
    }
}
