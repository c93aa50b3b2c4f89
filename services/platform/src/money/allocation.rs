//! Largest remainder (Hamilton's method).

use std::cmp::Reverse;

/// Divides `total` in proportion to `weights`; `None` when no weight is above zero.
///
/// Every share is the exact one rounded down or up; the units that rounding down leaves go
/// to the largest remainders, ties to the first. Negative totals mirror positive ones.
pub(super) fn allocate(total: i64, weights: &[u64]) -> Option<Vec<i64>> {
    let weight_sum: u128 = weights.iter().copied().map(u128::from).sum();
    if weight_sum == 0 {
        return None;
    }
    let magnitude = u128::from(total.unsigned_abs());
    // 64 bits each, so the products fit into 128.
    let exact = |weight: u64| magnitude * u128::from(weight);
    let mut shares: Vec<u128> = weights.iter().map(|w| exact(*w) / weight_sum).collect();
    let left = magnitude - shares.iter().sum::<u128>();

    let mut by_remainder: Vec<usize> = (0..weights.len()).collect();
    // The sort is stable, which is what gives ties to the first.
    by_remainder.sort_by_key(|index| Reverse(exact(weights[*index]) % weight_sum));
    for index in by_remainder
        .into_iter()
        .take(usize::try_from(left).unwrap_or(usize::MAX))
    {
        shares[index] += 1;
    }
    let sign = i128::from(total.signum());
    // No share is larger than the total, so each fits.
    shares
        .into_iter()
        .map(|s| i64::try_from(sign * i128::try_from(s).ok()?).ok())
        .collect()
}
