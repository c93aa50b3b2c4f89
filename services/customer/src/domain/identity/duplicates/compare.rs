//! What the traits of two records say for and against their being one customer.

use std::collections::BTreeSet;

use strsim::osa_distance;

use super::birth::BirthMatch;
use super::names::{self, NameMatch};
use super::policy::Score;
use super::traits::{Place, Traits};
use crate::domain::names::CustomerKind;
use rapport_platform::numbered;

numbered! {
    /// What speaks for or against two records being one customer.
    pub enum MatchReason as "reason" {
        /// Every word of the names is the same.
        SameName = 1 "SAME_NAME",
        /// The names differ by little: a letter, the spelling of a sound, a short form, an initial.
        SimilarName = 2 "SIMILAR_NAME",
        /// Each name has a word unlike all of the other's.
        NameDiffers = 3 "NAME_DIFFERS",
        /// The dates of birth are the same.
        SameBirthDate = 4 "SAME_BIRTH_DATE",
        /// The dates of birth differ by a slip, or one does not tell the year.
        SimilarBirthDate = 5 "SIMILAR_BIRTH_DATE",
        /// The dates of birth differ.
        BirthDateDiffers = 6 "BIRTH_DATE_DIFFERS",
        /// An e-mail address is the same.
        SameEmail = 7 "SAME_EMAIL",
        /// E-mail addresses differ by a letter or two.
        SimilarEmail = 8 "SIMILAR_EMAIL",
        /// A phone number is the same.
        SamePhone = 9 "SAME_PHONE",
        /// Phone numbers differ by a digit.
        SimilarPhone = 10 "SIMILAR_PHONE",
        /// A postal address is the same.
        SameAddress = 11 "SAME_ADDRESS",
        /// Postal addresses differ by little.
        SimilarAddress = 12 "SIMILAR_ADDRESS",
    }
}

/// Evidence needed before two records are as likely one as two, in bits.
const PRIOR: f64 = -8.0;
/// The most evidence of records whose names differ: they may be twins, or one may have married.
/// A person decides.
const MOST_IF_UNLIKE: f64 = 2.0;
/// The most evidence of records whose dates of birth are a generation apart: a parent and a child
/// share name, home and more.
const MOST_IF_GENERATION: f64 = -2.0;
/// Names alone are common: without anything else that agrees, two records are two.
const MOST_BY_NAME: f64 = -2.0;

/// How alike two records are, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// How likely they are one customer.
    pub score: Score,
    /// What speaks for it and against it.
    pub reasons: Vec<MatchReason>,
}

/// The evidence so far.
struct Evidence {
    weight: f64,
    reasons: Vec<MatchReason>,
    /// Whether anything but the name agrees.
    backed: bool,
    /// The most that it may come to, whatever else agrees.
    most: f64,
}

impl Evidence {
    fn add(&mut self, weight: f64, reason: MatchReason) {
        self.weight += weight;
        self.reasons.push(reason);
        self.backed |=
            weight > 0.0 && !matches!(reason, MatchReason::SameName | MatchReason::SimilarName);
    }
}

/// Compares two records; none for a person and an organisation, who are never one.
pub fn compare(one: &Traits, other: &Traits) -> Option<Match> {
    if one.kind != other.kind {
        return None;
    }
    let mut evidence = Evidence {
        weight: 0.0,
        reasons: Vec::new(),
        backed: false,
        most: f64::INFINITY,
    };
    let names = names::compare(&one.names, &other.names);
    add_names(&mut evidence, names);
    add_births(&mut evidence, one, other);
    add_emails(&mut evidence, one, other);
    add_phones(&mut evidence, &one.phones, &other.phones);
    add_places(&mut evidence, &one.places, &other.places);
    if names.is_none_or(|names| names.unlike) {
        evidence.most = evidence.most.min(MOST_IF_UNLIKE);
    }
    if !evidence.backed {
        evidence.most = evidence.most.min(MOST_BY_NAME);
    }
    let weight = evidence.weight + PRIOR;
    Some(Match {
        score: Score::of_weight(weight.min(evidence.most)),
        reasons: evidence.reasons,
    })
}

fn add_names(evidence: &mut Evidence, names: Option<NameMatch>) {
    let Some(NameMatch {
        weight,
        same,
        unlike,
    }) = names
    else {
        return;
    };
    let reason = match (same, unlike) {
        (true, _) => MatchReason::SameName,
        (false, false) => MatchReason::SimilarName,
        (false, true) => MatchReason::NameDiffers,
    };
    evidence.add(weight, reason);
}

fn add_births(evidence: &mut Evidence, one: &Traits, other: &Traits) {
    let Some((one, other)) = one.birth.zip(other.birth) else {
        return;
    };
    let (weight, reason) = match one.compare(other) {
        BirthMatch::Same => (9.0, MatchReason::SameBirthDate),
        BirthMatch::Birthday => (5.0, MatchReason::SimilarBirthDate),
        BirthMatch::Similar => (5.0, MatchReason::SimilarBirthDate),
        BirthMatch::Differs => (-6.0, MatchReason::BirthDateDiffers),
        BirthMatch::Generation => (-8.0, MatchReason::BirthDateDiffers),
    };
    if one.compare(other) == BirthMatch::Generation {
        evidence.most = MOST_IF_GENERATION;
    }
    evidence.add(weight, reason);
}

fn add_emails(evidence: &mut Evidence, one: &Traits, other: &Traits) {
    if one.emails.is_empty() || other.emails.is_empty() {
        return;
    }
    // Everybody in a company may have its address.
    let same = match one.kind {
        CustomerKind::Person => 9.0,
        CustomerKind::Organisation => 7.0,
    };
    if one.emails.intersection(&other.emails).next().is_some() {
        evidence.add(same, MatchReason::SameEmail);
    } else if any_pair(&one.emails, &other.emails, |a, b| similar_email(a, b)) {
        evidence.add(6.0, MatchReason::SimilarEmail);
    } else {
        evidence.weight -= 1.5;
    }
}

/// Whether the letters differ by a slip. Digits are there to tell namesakes apart.
fn similar_email(one: &str, other: &str) -> bool {
    let digits = |it: &str| it.chars().filter(char::is_ascii_digit).collect::<String>();
    digits(one) == digits(other) && osa_distance(one, other) <= 2
}

fn add_phones(evidence: &mut Evidence, one: &BTreeSet<String>, other: &BTreeSet<String>) {
    if one.is_empty() || other.is_empty() {
        return;
    }
    if one.intersection(other).next().is_some() {
        evidence.add(7.0, MatchReason::SamePhone);
    } else if any_pair(one, other, |a, b| osa_distance(a, b) == 1) {
        evidence.add(4.5, MatchReason::SimilarPhone);
    } else {
        evidence.weight -= 1.5;
    }
}

fn add_places(evidence: &mut Evidence, one: &BTreeSet<Place>, other: &BTreeSet<Place>) {
    if one.is_empty() || other.is_empty() {
        return;
    }
    if any_pair(one, other, |a, b| a == b) {
        evidence.add(6.0, MatchReason::SameAddress);
    } else if any_pair(one, other, similar) {
        evidence.add(4.5, MatchReason::SimilarAddress);
    } else {
        evidence.weight -= 0.5;
    }
}

/// Whether one of postal code, street and number is mistyped.
fn similar(one: &Place, other: &Place) -> bool {
    let slips = |a: &str, b: &str| osa_distance(a, b);
    let street = slips(&one.street, &other.street);
    let rest = slips(&one.code, &other.code) + slips(&one.number, &other.number);
    street <= 2 && rest == 0 || street == 0 && rest == 1
}

fn any_pair<T: Ord>(one: &BTreeSet<T>, other: &BTreeSet<T>, like: impl Fn(&T, &T) -> bool) -> bool {
    one.iter().any(|a| other.iter().any(|b| like(a, b)))
}
