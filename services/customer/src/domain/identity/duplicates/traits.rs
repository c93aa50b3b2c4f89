//! What a record says of its customer, so that two can be compared.

use std::collections::BTreeSet;

use super::birth::Birth;
use crate::domain::contact_point::Address;
use crate::domain::fold::fold;
use crate::domain::names::{CustomerKind, CustomerName};
use crate::domain::postal::PostalAddress;

/// Most words of a name that are compared.
const MAX_WORDS: usize = 6;
/// Most addresses of one kind that are compared: a record may have a hundred.
const MAX_ADDRESSES: usize = 10;
/// What companies are, not what they are called.
const LEGAL_FORMS: [&str; 22] = [
    "ag",
    "gmbh",
    "sa",
    "sarl",
    "ltd",
    "limited",
    "llc",
    "inc",
    "corp",
    "corporation",
    "company",
    "co",
    "plc",
    "kg",
    "ohg",
    "se",
    "bv",
    "nv",
    "srl",
    "spa",
    "oy",
    "ab",
];
/// Words that belong to the address of a person, not to the name.
const TITLES: [&str; 12] = [
    "dr", "prof", "mr", "mrs", "ms", "herr", "frau", "sir", "ing", "med", "jr", "sr",
];

/// A postal address as it is compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Country and postal code.
    pub(super) code: String,
    /// The letters of its lines.
    pub(super) street: String,
    /// The digits of its lines.
    pub(super) number: String,
}

/// What a record says of its customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Traits {
    pub(super) kind: CustomerKind,
    /// The words of each form of the name: one for a person, two for many organisations.
    pub(super) names: Vec<Vec<String>>,
    pub(super) birth: Option<Birth>,
    pub(super) emails: BTreeSet<String>,
    pub(super) phones: BTreeSet<String>,
    pub(super) places: BTreeSet<Place>,
}

impl Traits {
    /// What a name says; the date of birth is year (0 when unknown), month and day.
    pub fn new(name: &CustomerName, birth_date: Option<(i16, i8, i8)>) -> Self {
        Self {
            kind: name.kind(),
            names: names(name),
            birth: birth_date.map(|(year, month, day)| Birth { year, month, day }),
            emails: BTreeSet::new(),
            phones: BTreeSet::new(),
            places: BTreeSet::new(),
        }
    }

    /// Adds an address; handles say little outside their platform and are left out.
    pub fn add(&mut self, address: &Address) {
        match address {
            Address::Email(email) => insert(&mut self.emails, fold(&email.mailbox())),
            Address::Phone(number) => insert(&mut self.phones, number.digits().to_owned()),
            Address::Postal(postal) => insert(&mut self.places, place(postal)),
            Address::Handle(_) => {}
        }
    }

    /// Adds what other records of the same customer say.
    pub fn join(&mut self, other: Self) {
        for name in other.names {
            if !self.names.contains(&name) && self.names.len() < MAX_ADDRESSES {
                self.names.push(name);
            }
        }
        self.birth = self.birth.or(other.birth);
        for email in other.emails {
            insert(&mut self.emails, email);
        }
        for phone in other.phones {
            insert(&mut self.phones, phone);
        }
        for place in other.places {
            insert(&mut self.places, place);
        }
    }
}

fn insert<T: Ord>(all: &mut BTreeSet<T>, one: T) {
    if all.len() < MAX_ADDRESSES {
        all.insert(one);
    }
}

fn names(name: &CustomerName) -> Vec<Vec<String>> {
    let forms = match name {
        CustomerName::Person(name) => vec![words(name.full(), &TITLES)],
        CustomerName::Organisation(name) => {
            let trading = name.trading().map(|trading| words(trading, &LEGAL_FORMS));
            let legal = words(name.legal(), &LEGAL_FORMS);
            std::iter::once(legal).chain(trading).collect()
        }
    };
    forms
        .into_iter()
        .filter(|words| !words.is_empty())
        .collect()
}

/// The folded words of a name without those that say nothing; all, when all are such.
fn words(name: &str, empty: &[&str]) -> Vec<String> {
    let folded = fold(name).replace('\'', "");
    let all = folded.split(|it: char| !it.is_alphanumeric());
    let all: Vec<&str> = all.filter(|word| !word.is_empty()).collect();
    let telling = all.iter().filter(|word| !empty.contains(*word));
    let telling: Vec<&str> = telling.copied().collect();
    let words = if telling.is_empty() { all } else { telling };
    let words = words.into_iter().take(MAX_WORDS);
    words.map(str::to_owned).collect()
}

fn place(address: &PostalAddress) -> Place {
    let lines = fold(&address.lines().join(" "));
    let code = fold(address.postal_code().unwrap_or_default());
    let code: String = code.chars().filter(|it| it.is_alphanumeric()).collect();
    let letters: String = lines.chars().filter(|it| it.is_alphabetic()).collect();
    Place {
        code: format!("{}{code}", address.region().code()),
        // However the word for a street is written.
        street: letters.replace("strasse", "str").replace("street", "str"),
        number: lines.chars().filter(char::is_ascii_digit).collect(),
    }
}
