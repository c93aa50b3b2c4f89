//! From which likeness on two records are looked at, or are one.

use crate::domain::invalid::{Invalid, InvalidFields};

/// How likely two records are one customer, in ten thousandths: 0 surely not, 10,000 surely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Score(i16);

/// The unit of stored scores.
const WHOLE: f64 = 10_000.0;

impl Score {
    /// Reads a score from 0 to 1.
    pub fn parse(score: f64) -> Result<Self, Invalid> {
        if (0.0..=1.0).contains(&score) {
            Ok(Self::of(score))
        } else {
            Err(Invalid::new("must be from 0 to 1"))
        }
    }

    /// A score as it was stored.
    pub const fn stored(code: i16) -> Self {
        Self(code)
    }

    /// The likeness with this weight of evidence, in bits; at 0 both are equally likely.
    pub(super) fn of_weight(weight: f64) -> Self {
        Self::of(1.0 / (1.0 + (-weight).exp2()))
    }

    fn of(score: f64) -> Self {
        #[allow(clippy::cast_possible_truncation, reason = "0 to 10,000")]
        Self((score * WHOLE).round() as i16)
    }

    /// From 0 to 1.
    pub fn value(self) -> f64 {
        f64::from(self.0) / WHOLE
    }

    /// As the store keeps it.
    pub const fn code(self) -> i16 {
        self.0
    }
}

/// What a tenant does with records that may be one customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DuplicatePolicy {
    review: Score,
    auto: Score,
    auto_merge: bool,
}

impl Default for DuplicatePolicy {
    fn default() -> Self {
        Self {
            review: Score(5_000),
            auto: Score(9_000),
            auto_merge: false,
        }
    }
}

impl DuplicatePolicy {
    /// Reads a policy; a score of 0 is the default one.
    pub fn parse(review: f64, auto: f64, auto_merge: bool) -> Result<Self, InvalidFields> {
        let default = Self::default();
        let or = |score: f64, default: Score| match score {
            0.0 => Ok(default),
            score => Score::parse(score),
        };
        let mut faults = InvalidFields::default();
        let review = faults.take("review_score", or(review, default.review));
        let auto = faults.take("auto_score", or(auto, default.auto));
        if review.zip(auto).is_some_and(|(review, auto)| auto < review) {
            let fault = Invalid::new("must not be less than the review score");
            faults.push("auto_score", fault);
        }
        faults.finish(review.zip(auto).map(|(review, auto)| Self {
            review,
            auto,
            auto_merge,
        }))
    }

    /// The policy as it was stored.
    pub const fn stored(review: Score, auto: Score, auto_merge: bool) -> Self {
        Self {
            review,
            auto,
            auto_merge,
        }
    }

    /// Pairs from here on are kept for review.
    pub const fn review(self) -> Score {
        self.review
    }

    /// Pairs from here on are surely one customer.
    pub const fn auto(self) -> Score {
        self.auto
    }

    /// Whether those are merged without asking.
    pub const fn auto_merge(self) -> bool {
        self.auto_merge
    }
}
