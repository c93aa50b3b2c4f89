//! What lines come to: exact to the minor unit, rounded where the quote's policy says.
//!
//! Everything is reckoned in integers: an amount before it is rounded is a number of
//! [`SCALE`]ths of a minor unit, into which thousandths of a quantity, two discounts in parts per
//! million and a price in minor units multiply without a remainder.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::content::{Content, Line, RoundingPolicy};
use crate::domain::price::TaxTreatment;
use crate::domain::share::{Share, WHOLE_PPM};

const WHOLE: i128 = WHOLE_PPM as i128;
/// Thousandths of a quantity, and two discounts.
pub(super) const SCALE: i128 = 1_000 * WHOLE * WHOLE;
/// Largest sum of a quote before discounts, in minor units: with a tax rate on it, it still fits
/// into 128 bits.
const MOST: i128 = 1_000_000_000_000_000;

/// What a line, or all of them, come to. Minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Amounts {
    /// After discounts and before tax.
    pub net: i64,
    /// The tax on it.
    pub tax: i64,
}

impl Amounts {
    /// What the customer pays.
    pub const fn gross(self) -> i64 {
        self.net + self.tax
    }

    fn add(self, other: Self) -> Self {
        Self {
            net: self.net + other.net,
            tax: self.tax + other.tax,
        }
    }
}

impl Content {
    /// What all lines come to.
    pub fn total(&self) -> Amounts {
        let lines = self.lines.iter();
        lines.fold(Amounts::default(), |sum, line| sum.add(line.amounts))
    }

    /// What the lines under each rate of tax come to, the lowest rate first.
    pub fn taxes(&self) -> BTreeMap<Share, Amounts> {
        let mut taxes: BTreeMap<Share, Amounts> = BTreeMap::new();
        for line in &self.lines {
            let sum = taxes.entry(line.tax_rate).or_default();
            *sum = sum.add(line.amounts);
        }
        taxes
    }
}

/// What each line comes to; none when the sum is too large.
pub(super) fn reckon(content: &Content) -> Option<Vec<Amounts>> {
    let before: i128 = content.lines.iter().map(undiscounted).sum();
    if before > MOST * SCALE {
        return None;
    }
    let faces: Vec<i128> = content
        .lines
        .iter()
        .map(|it| face(it, content.discount))
        .collect();
    let (faces, taxes) = match content.rounding {
        RoundingPolicy::PerLine => per_line(content, &faces),
        RoundingPolicy::Document => per_document(content, &faces),
    };
    let amounts = faces.into_iter().zip(taxes).map(|(face, tax)| {
        let tax_inside = match content.tax {
            TaxTreatment::Exclusive => 0,
            TaxTreatment::Inclusive => tax,
        };
        Some(Amounts {
            net: i64::try_from(face - tax_inside).ok()?,
            tax: i64::try_from(tax).ok()?,
        })
    });
    amounts.collect()
}

/// The higher of price and list price, for all of the quantity: discounts are measured by it.
pub(super) fn undiscounted(line: &Line) -> i128 {
    let listed = line.listing.map_or(0, |it| it.list_price);
    line.quantity.exact() * i128::from(line.unit_price.max(listed)) * WHOLE * WHOLE
}

/// What the line's prices say after both discounts: with the tax, where they hold it.
pub(super) fn face(line: &Line, document: Share) -> i128 {
    let price = line.quantity.exact() * i128::from(line.unit_price);
    price * line.discount.rest() * document.rest()
}

/// The tax's part of the face amount, as a fraction.
fn tax_part(rate: Share, treatment: TaxTreatment) -> (i128, i128) {
    match treatment {
        TaxTreatment::Exclusive => (rate.exact(), WHOLE),
        TaxTreatment::Inclusive => (rate.exact(), WHOLE + rate.exact()),
    }
}

fn per_line(content: &Content, faces: &[i128]) -> (Vec<i128>, Vec<i128>) {
    let faces: Vec<i128> = faces.iter().map(|face| rounded(*face, SCALE)).collect();
    let taxes = content.lines.iter().zip(&faces).map(|(line, face)| {
        // Of the rounded amount: what the customer reads is what he can reckon with.
        let (part, of) = tax_part(line.tax_rate, content.tax);
        rounded(face * part, of)
    });
    let taxes = taxes.collect();
    (faces, taxes)
}

fn per_document(content: &Content, faces: &[i128]) -> (Vec<i128>, Vec<i128>) {
    let shown = apportion(faces, SCALE);
    let mut by_rate: BTreeMap<Share, Vec<usize>> = BTreeMap::new();
    for (index, line) in content.lines.iter().enumerate() {
        by_rate.entry(line.tax_rate).or_default().push(index);
    }
    let mut taxes = vec![0; faces.len()];
    for (rate, lines) in by_rate {
        let (part, of) = tax_part(rate, content.tax);
        let exact: Vec<i128> = lines.iter().map(|index| faces[*index] * part).collect();
        for (index, tax) in lines.into_iter().zip(apportion(&exact, SCALE * of)) {
            taxes[index] = tax;
        }
    }
    (shown, taxes)
}

/// Rounds the sum of the parts, each so many `scale`ths, and divides it among them: each is its
/// exact value rounded down or up, up where the remainder is largest, ties to the first.
fn apportion(parts: &[i128], scale: i128) -> Vec<i128> {
    let total = rounded(parts.iter().sum(), scale);
    let mut shares: Vec<i128> = parts.iter().map(|part| part / scale).collect();
    let left = total - shares.iter().sum::<i128>();
    let mut by_remainder: Vec<usize> = (0..parts.len()).collect();
    // The sort is stable, which is what gives ties to the first.
    by_remainder.sort_by_key(|index| Reverse(parts[*index] % scale));
    let rounded_up = usize::try_from(left).unwrap_or_default();
    for index in by_remainder.into_iter().take(rounded_up) {
        shares[index] += 1;
    }
    shares
}

/// Half away from zero; nothing here is negative.
fn rounded(parts: i128, scale: i128) -> i128 {
    (2 * parts + scale) / (2 * scale)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_left_goes_to_the_largest_remainders_and_ties_to_the_first() {
        // 10.01 by 50, 30 and 20 in a hundred.
        let parts = [1_001 * 50, 1_001 * 30, 1_001 * 20];
        assert_eq!(apportion(&parts, 100), [501, 300, 200]);
        assert_eq!(apportion(&[5, 5, 5, 5], 10), [1, 1, 0, 0]);
        assert_eq!(apportion(&[], 10), Vec::<i128>::new());
    }

    #[test]
    fn halves_are_rounded_up() {
        assert_eq!([24, 25, 26].map(|it| rounded(it, 10)), [2, 3, 3]);
        assert_eq!([4, 5].map(|it| rounded(it, 9)), [0, 1]);
    }

    proptest! {
        #[test]
        fn shares_add_up_to_the_rounded_sum_and_none_is_a_unit_off(
            parts in prop::collection::vec(0..1_000_000_i128, 0..50), scale in 1..10_000_i128,
        ) {
            let shares = apportion(&parts, scale);
            prop_assert_eq!(shares.iter().sum::<i128>(), rounded(parts.iter().sum(), scale));
            for (share, part) in shares.iter().zip(&parts) {
                prop_assert!((share * scale - part).abs() < scale);
            }
        }
    }
}
