//! What somebody typed into a search field.

use super::phrase::Phrase;
use super::{TermKind, TermRange};
use crate::domain::fold::fold;
use crate::domain::invalid::Invalid;

/// Code points of a query that are read.
const MAX_READ: usize = 512;
/// Words of a query that are looked for. A name pasted whole has more, and is found by these.
const MAX_WORDS: usize = 16;
/// Digits from which on a text is taken for a number.
const MIN_NUMBER: usize = 3;
/// Digits from which on the end of a phone number is looked for; fewer end too many numbers.
const MIN_LAST_DIGITS: usize = 4;

/// A search: it finds the customers that have a term in **every** one of its words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    words: Vec<Word>,
}

/// One word of a search: found in a customer that has a term in **any** of its ranges.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    ranges: Vec<TermRange>,
}

impl Query {
    /// Reads what was typed. Each word may begin a word of the name, of an e-mail address or of
    /// an external id; one with `@` an e-mail address only. Digits, with whatever people put
    /// between them, may also begin or end a phone number.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let read: String = text.chars().take(MAX_READ).collect();
        if read
            .chars()
            .any(|it| it.is_control() && !it.is_whitespace())
        {
            return Err(Invalid::new(
                "holds a control character: write plain text only",
            ));
        }
        let folded = fold(&read);
        let words: Vec<_> = split(&folded)
            .into_iter()
            .map(Word::of)
            .filter(|word| !word.ranges.is_empty())
            .take(MAX_WORDS)
            .collect();
        if words.is_empty() {
            return Err(Invalid::new(
                "holds nothing to search for: give at least one letter or digit",
            ));
        }
        Ok(Self { words })
    }

    /// The words, all of which must be found.
    pub fn words(&self) -> &[Word] {
        &self.words
    }
}

impl Word {
    /// The ranges, in any of which a term must be found.
    pub fn ranges(&self) -> &[TermRange] {
        &self.ranges
    }

    fn of(folded: &str) -> Self {
        let ranges = if folded.contains('@') {
            email_ranges(folded)
        } else if is_number(folded) {
            number_ranges(folded)
        } else {
            text_ranges(folded)
        };
        Self { ranges }
    }
}

/// A number with spaces in it is one word.
fn split(folded: &str) -> Vec<&str> {
    let whole = folded.trim();
    if is_number(whole) {
        vec![whole]
    } else {
        whole.split_whitespace().collect()
    }
}

fn is_number(text: &str) -> bool {
    let written = |it: char| it.is_ascii_digit() || it.is_whitespace() || "+-–()/.".contains(it);
    text.chars().all(written) && digits(text).len() >= MIN_NUMBER
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

fn email_ranges(folded: &str) -> Vec<TermRange> {
    let typed = match folded.rsplit_once('@') {
        // Terms hold the form that people read.
        Some((local, domain)) if domain.contains("xn--") => {
            let (domain, _) = idna::domain_to_unicode(domain);
            format!("{local}@{}", fold(&domain))
        }
        _ => folded.to_owned(),
    };
    if typed.chars().any(char::is_alphanumeric) {
        vec![TermRange::of_prefix(TermKind::Email, &typed)]
    } else {
        Vec::new()
    }
}

fn text_ranges(folded: &str) -> Vec<TermRange> {
    let name = Phrase::of(folded);
    if name.text().is_empty() {
        return Vec::new();
    }
    vec![
        TermRange::of_prefix(TermKind::Name, name.text()),
        TermRange::of_prefix(TermKind::Email, folded),
        TermRange::of_prefix(TermKind::ExternalId, folded),
    ]
}

fn number_ranges(folded: &str) -> Vec<TermRange> {
    let mut ranges = text_ranges(folded);
    // `+44 (0)20 …`: the zero is dialled inside the country only.
    let digits = digits(&folded.replace("(0)", ""));
    ranges.push(TermRange::of_prefix(TermKind::Phone, &digits));
    let significant = digits.trim_start_matches('0');
    if significant != digits && !significant.is_empty() {
        ranges.push(TermRange::of_prefix(TermKind::Phone, significant));
    }
    if digits.len() >= MIN_LAST_DIGITS {
        let backwards: String = digits.chars().rev().collect();
        ranges.push(TermRange::of_prefix(TermKind::PhoneEnd, &backwards));
    }
    ranges
}
