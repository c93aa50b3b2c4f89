//! What approval rules judge a quote by.

use iso_currency::Currency;

use super::amounts::{SCALE, face, undiscounted};
use super::content::{Content, Line};
use crate::domain::share::WHOLE_PPM;

const WHOLE: i128 = WHOLE_PPM as i128;

/// What approval rules judge a quote by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aggregates {
    /// Of `total`.
    pub currency: Currency,
    /// Amount before tax, in minor units.
    pub total: i64,
    /// Discount on the whole, in parts per million, rounded up.
    pub discount: i32,
    /// What that comes to, in minor units, rounded up.
    pub discount_amount: i64,
    /// The largest discount that one line gets in all, likewise.
    pub line_discount: i32,
    /// Margin on the lines whose cost is known, in parts per million, rounded down; none when no
    /// cost is.
    pub margin: Option<i64>,
    /// Lines below the floor margin of their price.
    pub below_floor: i32,
    /// Lines without a list price that holds for everybody.
    pub unlisted: i32,
}

impl Aggregates {
    /// Those of a content.
    pub fn of(content: &Content) -> Self {
        let lines = &content.lines;
        let discounts: Vec<(i128, i128)> = lines
            .iter()
            .map(|line| (undiscounted(line), face(line, content.discount)))
            .collect();
        let whole = discounts.iter().fold((0, 0), |sum, (before, after)| {
            (sum.0 + before, sum.1 + after)
        });
        let largest = discounts.iter().map(|it| discount(*it)).max();
        let count = |fits: &dyn Fn(&&Line) -> bool| {
            i32::try_from(lines.iter().filter(fits).count()).unwrap_or(i32::MAX)
        };
        Self {
            currency: content.currency,
            total: content.total().net,
            discount: discount(whole),
            discount_amount: discount_amount(whole),
            line_discount: largest.unwrap_or_default(),
            margin: margin(lines),
            below_floor: count(&|line| is_below_floor(line)),
            unlisted: count(&|line| !line.listing.is_some_and(|it| it.for_all)),
        }
    }

    /// Whether whoever agreed to `approved` has agreed to this: it asks the company for no more.
    pub fn stay_within(&self, approved: &Self) -> bool {
        let margin_is_kept = match (self.margin, approved.margin) {
            (Some(own), Some(approved)) => own >= approved,
            (own, approved) => own == approved,
        };
        self.currency == approved.currency
            && self.discount <= approved.discount
            && self.discount_amount <= approved.discount_amount
            && self.line_discount <= approved.line_discount
            && margin_is_kept
            && self.below_floor <= approved.below_floor
            && self.unlisted <= approved.unlisted
    }
}

/// The whole and what is left of it, as a discount: a hair above a limit is above it.
fn discount((before, after): (i128, i128)) -> i32 {
    if before <= after {
        return 0;
    }
    let ppm = ((before - after) * WHOLE + before - 1) / before;
    i32::try_from(ppm).unwrap_or(WHOLE_PPM)
}

/// The same in minor units.
fn discount_amount((before, after): (i128, i128)) -> i64 {
    let given = (before - after + SCALE - 1).div_euclid(SCALE);
    i64::try_from(given).unwrap_or(i64::MAX)
}

/// Amount before tax and cost of a line whose cost is known, in thousandths of a minor unit.
fn net_and_cost(line: &Line) -> Option<(i128, i128)> {
    let cost = line.listing?.unit_cost?;
    let net = i128::from(line.amounts.net) * 1_000;
    Some((net, line.quantity.exact() * i128::from(cost)))
}

fn margin(lines: &[Line]) -> Option<i64> {
    let known = lines.iter().filter_map(net_and_cost);
    let (net, cost) = known.reduce(|sum, line| (sum.0 + line.0, sum.1 + line.1))?;
    if net <= 0 {
        // Given away: the margin is nothing, or as far below as it is told.
        return Some(if cost > 0 { -i64::from(WHOLE_PPM) } else { 0 });
    }
    let ppm = ((net - cost) * WHOLE).div_euclid(net).max(-WHOLE);
    i64::try_from(ppm).ok()
}

fn is_below_floor(line: &Line) -> bool {
    let floor = line.listing.map(|it| it.floor_margin.rest());
    let known = net_and_cost(line).zip(floor);
    known.is_some_and(|((net, cost), rest)| net * rest < cost * WHOLE)
}
