//! What customers may want next, and why.

#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::collections::HashSet;
use std::time::Duration;

use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rapport_platform::numbered;
use uuid::Uuid;

use super::share::WHOLE_PPM;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Longest situation.
const MAX_SITUATION: usize = 63;

numbered! {
    /// Kinds of suggestions.
    pub enum SuggestionKind as "kind of suggestion" {
        /// Goes with what she owns.
        CrossSell = 1 "CROSS_SELL",
        /// Is the next dearer one of what she owns.
        UpSell = 2 "UP_SELL",
    }
}

numbered! {
    /// What became of a suggestion.
    pub enum SuggestionState as "state of a suggestion" {
        /// It may be offered.
        Open = 1 "OPEN",
        /// She wants it.
        Accepted = 2 "ACCEPTED",
        /// She does not.
        Declined = 3 "DECLINED",
        /// She has it, or nobody can.
        Withdrawn = 4 "WITHDRAWN",
    }
}

numbered! {
    /// What customers say to suggestions.
    pub enum SuggestionOutcome as "outcome" {
        /// She wants it.
        Accepted = 1 "ACCEPTED",
        /// She does not.
        Declined = 2 "DECLINED",
    }
}

/// A situation: lower-case letters, digits and hyphens.
pub fn situation(raw: &str) -> Result<String, Invalid> {
    let plain = |it: u8| it.is_ascii_lowercase() || it.is_ascii_digit() || it == b'-';
    let starts = raw.starts_with(|first: char| first.is_ascii_lowercase());
    if !starts || raw.len() > MAX_SITUATION || !raw.bytes().all(plain) {
        return Err(Invalid::new(
            "must be 1 to 63 lower-case letters, digits and hyphens, such as `renewal`",
        ));
    }
    Ok(raw.to_owned())
}

/// The numbers of a policy, as they were sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PolicyParts {
    /// Most products of a decision.
    pub max_suggestions: i32,
    /// For how many days a decision holds.
    pub valid_days: i32,
    /// For how many customers the share of all customers counts.
    pub prior_weight: i32,
    /// Fewest customers who own both.
    pub min_common_customers: i32,
    /// Least lift, in parts per million.
    pub min_lift_ppm: i32,
    /// For how many days what was declined is not suggested.
    pub declined_days: i32,
    /// For how many days what was accepted is not.
    pub accepted_days: i32,
}

/// How suggestions are decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SuggestionPolicy(PolicyParts);

impl Default for SuggestionPolicy {
    /// What holds until somebody sets a policy.
    fn default() -> Self {
        Self(PolicyParts {
            max_suggestions: 5,
            valid_days: 30,
            prior_weight: 10,
            min_common_customers: 3,
            min_lift_ppm: WHOLE_PPM,
            declined_days: 180,
            accepted_days: 30,
        })
    }
}

impl SuggestionPolicy {
    /// Reads a policy.
    pub fn parse(parts: PolicyParts) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        for (field, value, least, most) in [
            ("max_suggestions", parts.max_suggestions, 1, 20),
            ("valid_days", parts.valid_days, 1, 365),
            ("prior_weight", parts.prior_weight, 0, 10_000),
            (
                "min_common_customers",
                parts.min_common_customers,
                2,
                10_000,
            ),
            ("min_lift_ppm", parts.min_lift_ppm, 0, 1_000_000_000),
            ("declined_days", parts.declined_days, 0, 3_650),
            ("accepted_days", parts.accepted_days, 0, 3_650),
        ] {
            if !(least..=most).contains(&value) {
                let why = format!("must be {least} to {most}");
                faults.push(field, Invalid::new(why));
            }
        }
        faults.finish(Some(Self(parts)))
    }

    /// Its numbers.
    pub const fn parts(&self) -> &PolicyParts {
        &self.0
    }

    /// How long a decision holds.
    pub fn valid(&self) -> Duration {
        days(self.0.valid_days)
    }

    /// How long a product is not suggested anew after an answer.
    pub fn hold(&self, outcome: SuggestionOutcome) -> Duration {
        days(match outcome {
            SuggestionOutcome::Accepted => self.0.accepted_days,
            SuggestionOutcome::Declined => self.0.declined_days,
        })
    }
}

fn days(count: i32) -> Duration {
    DAY * u32::try_from(count).unwrap_or(0)
}

/// How many customers own what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    /// Both products: k.
    pub common: i64,
    /// The one that she owns: n.
    pub owners: i64,
    /// The one that is suggested: b.
    pub suggested_owners: i64,
    /// Anything: N.
    pub customers: i64,
}

impl Evidence {
    /// The m-estimate of the confidence (Cestnik 1990): `(k + m * b / N) / (n + m)`.
    fn score_ppm(&self, prior_weight: i32) -> i64 {
        let below = (i128::from(self.owners) + i128::from(prior_weight)) * self.exact().2;
        part(self.weighed(prior_weight), below)
    }

    /// That score over the share of all customers, `b / N`: the lift (Brin et al. 1997).
    fn lift_ppm(&self, prior_weight: i32) -> i64 {
        let below = (i128::from(self.owners) + i128::from(prior_weight)) * self.exact().1;
        part(self.weighed(prior_weight), below)
    }

    /// `k * N + m * b`.
    fn weighed(&self, prior_weight: i32) -> i128 {
        let (common, suggested, customers) = self.exact();
        common * customers + i128::from(prior_weight) * suggested
    }

    fn exact(&self) -> (i128, i128, i128) {
        (
            self.common.into(),
            self.suggested_owners.into(),
            self.customers.into(),
        )
    }
}

/// The part of the whole in parts per million, rounded down; nothing of nothing.
fn part(above: i128, below: i128) -> i64 {
    let part = (above * i128::from(WHOLE_PPM)).checked_div(below);
    i64::try_from(part.unwrap_or_default()).unwrap_or(i64::MAX)
}

/// A product that may be suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub product: Uuid,
    /// With what of hers it goes.
    pub because: Uuid,
    /// How.
    pub kind: SuggestionKind,
    /// Who else owns it.
    pub evidence: Evidence,
    /// Of an up-sell: how much dearer it is.
    pub price_step: Option<Money>,
}

/// A product that is suggested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ranked {
    /// Which, and why.
    pub candidate: Candidate,
    /// How likely she wants it.
    pub score_ppm: i64,
    /// How much more likely than customers at large.
    pub lift_ppm: i64,
}

/// The products that are worth suggesting, each once, the best first.
pub fn rank(candidates: Vec<Candidate>, policy: &SuggestionPolicy) -> Vec<Ranked> {
    let mut ranked: Vec<Ranked> = candidates
        .into_iter()
        .filter_map(|it| weigh(it, policy.parts()))
        .collect();
    ranked.sort_by_key(|it| {
        let Candidate {
            product,
            because,
            kind,
            ..
        } = it.candidate;
        let best = (Reverse(it.score_ppm), Reverse(it.lift_ppm));
        (best, product, Reverse(kind), because)
    });
    let mut seen = HashSet::new();
    ranked.retain(|it| seen.insert(it.candidate.product));
    ranked
}

fn weigh(mut candidate: Candidate, policy: &PolicyParts) -> Option<Ranked> {
    if candidate.evidence.common < i64::from(policy.min_common_customers) {
        // Too few to tell of; what the catalogue says can be told.
        if candidate.kind == SuggestionKind::CrossSell {
            return None;
        }
        candidate.evidence = Evidence::default();
    }
    let score_ppm = candidate.evidence.score_ppm(policy.prior_weight);
    let lift_ppm = candidate.evidence.lift_ppm(policy.prior_weight);
    let enough = lift_ppm >= i64::from(policy.min_lift_ppm);
    (enough || candidate.kind == SuggestionKind::UpSell).then_some(Ranked {
        candidate,
        score_ppm,
        lift_ppm,
    })
}

/// Why a product is suggested, for people to read.
pub fn explain(candidate: &Candidate, because: &str, series: &str) -> String {
    let Evidence { common, owners, .. } = candidate.evidence;
    let others = format!("{common} of {owners} customers who own {because} own it too");
    match candidate.kind {
        SuggestionKind::CrossSell => others,
        SuggestionKind::UpSell if owners == 0 => {
            format!("The next dearer product of the series {series} after {because}")
        }
        SuggestionKind::UpSell => {
            format!("The next dearer product of the series {series}; {others}")
        }
    }
}
