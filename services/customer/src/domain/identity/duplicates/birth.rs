//! Dates of birth, which people mistype and forms turn round.

use strsim::osa_distance;

/// Years between a parent and a child of the same name.
const GENERATION: i16 = 14;

/// A date of birth; year 0 when only the birthday is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Birth {
    pub(super) year: i16,
    pub(super) month: i8,
    pub(super) day: i8,
}

/// How two dates of birth agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BirthMatch {
    /// Every digit.
    Same,
    /// Day and month, and one does not tell the year.
    Birthday,
    /// But for one slip: day and month turned round, or one of day, month and year mistyped.
    Similar,
    /// Not.
    Differs,
    /// A generation apart.
    Generation,
}

impl Birth {
    /// The same for a date and for it with day and month turned round.
    pub(super) fn unordered(self) -> (i8, i8) {
        (self.month.min(self.day), self.month.max(self.day))
    }

    pub(super) fn compare(self, other: Self) -> BirthMatch {
        if self == other {
            return BirthMatch::Same;
        }
        let same_day = (self.month, self.day) == (other.month, other.day);
        if self.year == 0 || other.year == 0 {
            return if same_day {
                BirthMatch::Birthday
            } else {
                BirthMatch::Differs
            };
        }
        if self.year == other.year && self.unordered() == other.unordered() {
            return BirthMatch::Similar;
        }
        let years = |it: Self| it.year.to_string();
        let year_slip = osa_distance(&years(self), &years(other)) <= 1;
        let wrong = [
            self.year != other.year,
            self.month != other.month,
            self.day != other.day,
        ];
        let one_wrong = wrong.iter().filter(|wrong| **wrong).count() == 1;
        // A child is hardly ever born on the birthday of its parent of the same name.
        if one_wrong && year_slip {
            BirthMatch::Similar
        } else if (self.year - other.year).abs() >= GENERATION {
            BirthMatch::Generation
        } else {
            BirthMatch::Differs
        }
    }
}
