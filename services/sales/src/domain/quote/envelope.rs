//! When an approval reaches to later content.

use std::collections::BTreeSet;

use rapport_platform::time::Timestamp;

use super::aggregates::Aggregates;
use super::content::RoundingPolicy;
use crate::domain::authority::{Level, Limits};
use crate::domain::price::TaxTreatment;

/// What a content promises, as far as it matters to those who approve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promise {
    /// What rules judge it by.
    pub aggregates: Aggregates,
    /// Where amounts are rounded.
    pub rounding: RoundingPolicy,
    /// Whether its prices hold the tax.
    pub tax: TaxTreatment,
    /// First instant at which the customer can no longer accept it.
    pub expire: Option<Timestamp>,
    /// Conditions.
    pub terms: Option<String>,
}

impl Promise {
    /// Whether it asks the company for no more than `approved` does.
    pub fn stays_within(&self, approved: &Self) -> bool {
        let ends_in_time = match (self.expire, approved.expire) {
            (_, None) => true,
            (Some(own), Some(approved)) => own <= approved,
            (None, Some(_)) => false,
        };
        self.aggregates.stay_within(&approved.aggregates)
            && ends_in_time
            && (self.rounding, self.tax) == (approved.rounding, approved.tax)
            && self.terms == approved.terms
    }
}

/// An approval that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// What was approved.
    pub promise: Promise,
    /// The levels that had to.
    pub levels: BTreeSet<Level>,
    /// Those who did.
    pub approvers: Vec<String>,
    /// Up to where the authority reached by which each of them did.
    pub limits: Vec<Limits>,
}

impl Approval {
    /// Whether it reaches to what `author` wrote since, for which the policy asks `levels`.
    pub fn reaches(&self, promise: &Promise, levels: &BTreeSet<Level>, author: &str) -> bool {
        let is_own = self.approvers.iter().any(|approver| approver == author);
        let covered = self.limits.iter().all(|it| it.cover(&promise.aggregates));
        !is_own && covered && levels.is_subset(&self.levels) && promise.stays_within(&self.promise)
    }
}

#[cfg(test)]
mod tests {
    use iso_currency::Currency;
    use rapport_platform::money::Money;

    use super::*;
    use crate::domain::share::Share;

    fn promise() -> Promise {
        Promise {
            aggregates: Aggregates {
                currency: Currency::EUR,
                total: 10_000,
                discount: 150_000,
                discount_amount: 1_765,
                line_discount: 150_000,
                margin: None,
                below_floor: 0,
                unlisted: 1,
            },
            rounding: RoundingPolicy::PerLine,
            tax: TaxTreatment::Exclusive,
            expire: Some(Timestamp::from_micros(10)),
            terms: None,
        }
    }

    fn levels(codes: &[i32]) -> BTreeSet<Level> {
        codes
            .iter()
            .map(|code| Level::parse(*code).unwrap())
            .collect()
    }

    fn reaches(promise: &Promise, needed: &[i32], author: &str) -> bool {
        let approval = Approval {
            promise: self::promise(),
            levels: levels(&[1, 2]),
            approvers: vec!["employees/bob".to_owned()],
            limits: vec![Limits {
                discount: Share::parse(200_000).unwrap(),
                total: Money::from_minor(20_000, Currency::EUR).ok(),
                margin: None,
            }],
        };
        approval.reaches(promise, &levels(needed), author)
    }

    #[test]
    fn an_approval_reaches_to_what_asks_for_no_more() {
        let ada = "employees/ada";
        assert!(reaches(&promise(), &[1, 2], ada) && reaches(&promise(), &[], ada));
        assert!(
            !reaches(&promise(), &[1, 3], ada),
            "a level that nobody asked"
        );
        assert!(!reaches(&promise(), &[1], "employees/bob"), "his own words");
        let of = |total| Promise {
            aggregates: Aggregates {
                total,
                ..promise().aggregates
            },
            ..promise()
        };
        assert!(
            reaches(&of(20_000), &[1], ada),
            "more of it for the full price"
        );
        assert!(
            !reaches(&of(20_001), &[1], ada),
            "more than he might have approved"
        );
        let at = |micros| Some(Timestamp::from_micros(micros));
        assert!(reaches(
            &Promise {
                expire: at(9),
                ..promise()
            },
            &[1],
            ada
        ));
        let deeper = Aggregates {
            discount: 160_000,
            ..promise().aggregates
        };
        for more in [
            Promise {
                expire: at(11),
                ..promise()
            },
            Promise {
                expire: None,
                ..promise()
            },
            Promise {
                aggregates: deeper,
                ..promise()
            },
            Promise {
                rounding: RoundingPolicy::Document,
                ..promise()
            },
            Promise {
                tax: TaxTreatment::Inclusive,
                ..promise()
            },
            Promise {
                terms: Some("90 days".to_owned()),
                ..promise()
            },
        ] {
            assert!(!reaches(&more, &[1], ada), "{more:?}");
        }
    }
}
