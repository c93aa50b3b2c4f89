//! Finding customers by what one remembers of them: a piece of the name, an address, the last
//! digits of a number, an id of another system.
//!
//! A customer is indexed under [`Term`]s: folded texts of which every prefix finds the customer.
//! A [`Query`] turns what was typed into ranges over those terms. Both sides fold and cut text
//! with the same functions, so that a term is found by every beginning of it, however it was
//! typed; the store only needs an index in binary order (`COLLATE "C"` on PostgreSQL, `BINARY`
//! on SQLite).

mod phrase;
mod query;
mod range;
mod terms;

pub use query::{Query, Word};
pub use range::TermRange;
pub use terms::{MAX_TERMS, Terms};

use rapport_platform::numbered;
use unicode_normalization::UnicodeNormalization as _;

/// Longest term and longest prefix searched for, in code points. Longer texts are cut on both
/// sides alike: they are still found, by their beginning.
pub const MAX_TERM: usize = 64;

numbered! {
    /// What a term was taken from.
    pub enum TermKind as "kind of search term" {
        /// A name, from one of its words on.
        Name = 1 "NAME",
        /// An e-mail address, from one of its words on, or its domain.
        Email = 2 "EMAIL",
        /// Digits of a phone number from the front, with and without country code.
        Phone = 3 "PHONE",
        /// An id of another system.
        ExternalId = 4 "EXTERNAL_ID",
        /// Digits of a phone number from the back, for those who know the last ones.
        PhoneEnd = 5 "PHONE_END",
    }
}

/// One entry of the index: every prefix of the text finds the customer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    kind: TermKind,
    text: String,
}

impl Term {
    /// What the term was taken from.
    pub const fn kind(&self) -> TermKind {
        self.kind
    }

    /// The folded text as it is typed, 1 to [`MAX_TERM`] code points.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// The text as it is typed, key by key, cut to the length of a term: a Hangul syllable is its
/// letters and `が` is `か` and its mark. So who has typed `김처` so far finds `김철수`, and a text that
/// was cut inside a syllable is still a beginning of it.
fn as_typed(text: &str) -> String {
    text.nfd().take(MAX_TERM).collect()
}

/// The first [`MAX_TERM`] code points.
fn capped(text: &str) -> &str {
    match text.char_indices().nth(MAX_TERM) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

#[cfg(test)]
mod tests;
