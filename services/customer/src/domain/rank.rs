//! The order in which a customer wants things tried.

use std::cmp::Ordering;
use std::num::NonZeroU16;

use super::invalid::Invalid;

/// A place in the customer's order: 1 first, whatever has none last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Rank(Option<NonZeroU16>);

impl Rank {
    /// After everything that has a place.
    pub const LAST: Self = Self(None);

    /// Reads a place from 1 to `most`; 0 means none.
    pub fn parse(number: i32, most: u16) -> Result<Self, Invalid> {
        match u16::try_from(number) {
            Ok(number) if number <= most => Ok(Self(NonZeroU16::new(number))),
            _ => Err(Invalid::new(format!(
                "is out of range: rank from 1 to {most}, or leave it 0 for none"
            ))),
        }
    }

    /// The place; 0 when there is none.
    pub fn number(self) -> i32 {
        self.0.map_or(0, |it| i32::from(it.get()))
    }

    /// This place, or else the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(self.0.or(other.0))
    }
}

impl Ord for Rank {
    fn cmp(&self, other: &Self) -> Ordering {
        let last_if_none = |rank: &Self| (rank.0.is_none(), rank.0);
        last_if_none(self).cmp(&last_if_none(other))
    }
}

impl PartialOrd for Rank {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_place_comes_last() {
        let mut ranks = [3, 0, 1, 100].map(|number| Rank::parse(number, 100).unwrap());

        ranks.sort();

        assert_eq!(ranks.map(Rank::number), [1, 3, 100, 0]);
    }

    #[test]
    fn places_out_of_range_are_refused() {
        for number in [-1, 101, i32::MAX] {
            let refused = Rank::parse(number, 100).unwrap_err().to_string();
            assert!(refused.contains("from 1 to 100"));
        }
    }
}
