//! The terms under which a customer is found.

use std::collections::BTreeSet;

use super::phrase::Phrase;
use super::{Term, TermKind, as_typed};
use crate::domain::contact_point::Address;
use crate::domain::email::EmailAddress;
use crate::domain::external_id::ExternalId;
use crate::domain::fold::fold;
use crate::domain::names::CustomerName;
use crate::domain::phone::PhoneNumber;

/// Most terms of one customer. Whoever has more addresses is found by the earlier ones.
pub const MAX_TERMS: usize = 256;

/// The terms of one customer, each once, in the order of the index.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Terms(BTreeSet<Term>);

impl Terms {
    /// Adds every form of the name, from each of its words on.
    pub fn name(&mut self, name: &CustomerName) {
        for form in name.forms() {
            for suffix in Phrase::of(form).suffixes() {
                self.add(TermKind::Name, suffix);
            }
        }
    }

    /// Adds an address that people search by; postal addresses and handles are none.
    pub fn address(&mut self, address: &Address) {
        match address {
            Address::Email(email) => self.email(email),
            Address::Phone(number) => self.phone(number),
            Address::Postal(_) | Address::Handle(_) => {}
        }
    }

    /// Adds the address from each word of its local part on, its domain, and the domains above
    /// that one short of the top level. Found by the Unicode form of the domain.
    pub fn email(&mut self, address: &EmailAddress) {
        let whole = fold(&address.to_string());
        let Some(at) = whole.rfind('@') else { return };
        self.add(TermKind::Email, &whole);
        self.add(TermKind::Email, &whole[at..]);
        for (index, _) in whole.match_indices(|it: char| !it.is_alphanumeric()) {
            let suffix = whole[index..].trim_start_matches(|it: char| !it.is_alphanumeric());
            if index <= at || suffix.contains('.') {
                self.add(TermKind::Email, suffix);
            }
        }
    }

    /// Adds the digits with and without country code, and backwards.
    pub fn phone(&mut self, number: &PhoneNumber) {
        let backwards: String = number.digits().chars().rev().collect();
        self.add(TermKind::Phone, number.digits());
        self.add(TermKind::Phone, number.national_digits());
        self.add(TermKind::PhoneEnd, &backwards);
    }

    /// Adds the id from each of its words on, and without the zeros that some systems put before.
    pub fn external_id(&mut self, external: &ExternalId) {
        let id = fold(external.id());
        let words: Vec<_> = id.split_whitespace().collect();
        for start in 0..words.len() {
            self.add(TermKind::ExternalId, &words[start..].join(" "));
        }
        self.add(TermKind::ExternalId, id.trim_start_matches('0'));
    }

    /// The terms, in the order of the index.
    pub fn iter(&self) -> impl Iterator<Item = &Term> {
        self.0.iter()
    }

    /// The terms that are not among `others`: what to write, or the other way round to remove,
    /// when a customer changes.
    pub fn without<'a>(&'a self, others: &'a Self) -> impl Iterator<Item = &'a Term> {
        self.0.difference(&others.0)
    }

    fn add(&mut self, kind: TermKind, text: &str) {
        let text = as_typed(text);
        if !text.is_empty() && self.0.len() < MAX_TERMS {
            self.0.insert(Term { kind, text });
        }
    }
}
