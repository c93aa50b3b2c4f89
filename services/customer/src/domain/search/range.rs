//! Prefixes as ranges of an index in binary order.

use super::{TermKind, as_typed};

/// The terms of one kind that start with a prefix: `lower <= term < upper`.
///
/// UTF-8 sorts bytewise as its code points do, so the bounds hold in any binary collation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TermRange {
    kind: TermKind,
    lower: String,
    upper: Option<String>,
}

impl TermRange {
    /// The range of the terms that start with `prefix`, which is spelled and cut as terms are.
    pub(super) fn of_prefix(kind: TermKind, prefix: &str) -> Self {
        let lower = as_typed(prefix);
        let upper = after_prefix(&lower);
        Self { kind, lower, upper }
    }

    /// The kind of the terms.
    pub const fn kind(&self) -> TermKind {
        self.kind
    }

    /// The first text of the range: the prefix itself.
    pub fn lower(&self) -> &str {
        &self.lower
    }

    /// The first text after the range; none when the range goes to the end of the index.
    pub fn upper(&self) -> Option<&str> {
        self.upper.as_deref()
    }
}

/// The least string that is greater than every string starting with `prefix`: the prefix with its
/// last code point replaced by the next one. U+10FFFF has no next; it is dropped and the one before
/// it is raised. None when there is nothing left to raise.
fn after_prefix(prefix: &str) -> Option<String> {
    let mut kept = prefix.to_owned();
    while let Some(last) = kept.pop() {
        if let Some(next) = next_code_point(last) {
            kept.push(next);
            return Some(kept);
        }
    }
    None
}

/// The next code point that a string may hold: surrogates are passed over.
fn next_code_point(it: char) -> Option<char> {
    match it {
        '\u{D7FF}' => Some('\u{E000}'),
        _ => char::from_u32(u32::from(it) + 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_upper_bound_is_the_next_text_after_the_prefix() {
        for (prefix, upper) in [
            ("ann", Some("ano")),
            ("王", Some("玌")),
            ("az", Some("a{")),
            ("a\u{7F}", Some("a\u{80}")),
            ("a\u{D7FF}", Some("a\u{E000}")),
            ("a\u{10FFFF}", Some("b")),
            ("\u{D7FF}\u{10FFFF}\u{10FFFF}", Some("\u{E000}")),
            ("\u{10FFFF}", None),
            ("", None),
        ] {
            assert_eq!(after_prefix(prefix).as_deref(), upper, "{prefix:?}");
        }
    }

    proptest! {
        #[test]
        fn a_range_holds_exactly_the_texts_that_start_with_its_prefix(
            prefix in any::<String>(),
            rest in any::<String>(),
            other in any::<String>(),
        ) {
            let range = TermRange::of_prefix(TermKind::Name, &prefix);
            let lower = range.lower().as_bytes();
            let holds = |text: &str| {
                text.as_bytes() >= lower
                    && range.upper().is_none_or(|upper| text.as_bytes() < upper.as_bytes())
            };

            let starting = format!("{}{rest}", range.lower());
            prop_assert!(holds(&starting));
            prop_assert_eq!(holds(&other), other.starts_with(range.lower()));
        }

        #[test]
        fn close_neighbours_are_told_apart(prefix in "[ab\u{D7FF}\u{E000}\u{10FFFF}]{0,3}", other in "[ab\u{D7FF}\u{E000}\u{10FFFF}]{0,5}") {
            let range = TermRange::of_prefix(TermKind::Name, &prefix);
            let inside = other.as_str() >= range.lower()
                && range.upper().is_none_or(|upper| other.as_str() < upper);
            prop_assert_eq!(inside, other.starts_with(&prefix));
        }
    }
}
