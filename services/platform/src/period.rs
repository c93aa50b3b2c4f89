//! How long something holds.

use crate::invalid::{Invalid, InvalidFields};
use crate::time::Timestamp;

/// A span of time from its first instant to, and without, its last; open on a side that is unset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Period {
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl Period {
    /// All of time.
    pub const ALWAYS: Self = Self {
        from: None,
        to: None,
    };

    /// Reads `[from, to)`; an empty span is refused at `valid_to_time`.
    pub fn parse(from: Option<Timestamp>, to: Option<Timestamp>) -> Result<Self, InvalidFields> {
        match (from, to) {
            (Some(first), Some(end)) if end <= first => Err(Invalid::new(
                "is not after valid_from_time: set a later end, or none if it stays valid",
            )
            .within("valid_to_time")
            .into()),
            _ => Ok(Self { from, to }),
        }
    }

    /// The first instant; unset if it always held.
    pub const fn from(self) -> Option<Timestamp> {
        self.from
    }

    /// The first instant after it; unset if it goes on.
    pub const fn to(self) -> Option<Timestamp> {
        self.to
    }

    /// Whether the instant lies in it.
    pub fn contains(self, instant: Timestamp) -> bool {
        self.from.is_none_or(|from| from <= instant) && self.to.is_none_or(|to| instant < to)
    }

    /// Whether some instant lies in both.
    pub fn overlaps(self, other: Self) -> bool {
        let starts_before_end = |from: Option<Timestamp>, to: Option<Timestamp>| {
            from.zip(to).is_none_or(|(from, to)| from < to)
        };
        starts_before_end(self.from, other.to) && starts_before_end(other.from, self.to)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_micros(second * 1_000_000)
    }

    fn period(from: Option<i64>, to: Option<i64>) -> Period {
        Period::parse(from.map(at), to.map(at)).unwrap()
    }

    #[test]
    fn the_first_instant_is_in_and_the_last_is_not() {
        let hour = period(Some(10), Some(20));

        assert!(hour.contains(at(10)));
        assert!(hour.contains(at(19)));
        assert!(!hour.contains(at(9)));
        assert!(!hour.contains(at(20)));
        assert!(Period::ALWAYS.contains(at(0)));
    }

    #[test]
    fn a_span_that_ends_before_it_starts_is_refused_at_its_end() {
        for (from, to) in [(10, 10), (10, 9)] {
            let refused = Period::parse(Some(at(from)), Some(at(to))).unwrap_err();
            assert_eq!(refused.at("role")[0].field, "role.valid_to_time");
        }
    }

    #[test]
    fn neighbours_do_not_overlap() {
        assert!(!period(Some(1), Some(5)).overlaps(period(Some(5), None)));
        assert!(period(Some(1), Some(6)).overlaps(period(Some(5), None)));
        assert!(period(None, None).overlaps(period(Some(5), Some(6))));
    }

    proptest! {
        #[test]
        fn two_spans_overlap_exactly_when_they_share_an_instant(
            a in (0..12_i64, 1..12_i64), b in (0..12_i64, 1..12_i64),
        ) {
            let one = period(Some(a.0), Some(a.0 + a.1));
            let two = period(Some(b.0), Some(b.0 + b.1));
            let shared = (0..30).any(|second| one.contains(at(second)) && two.contains(at(second)));
            prop_assert_eq!(one.overlaps(two), shared);
            prop_assert_eq!(two.overlaps(one), shared);
        }
    }
}
