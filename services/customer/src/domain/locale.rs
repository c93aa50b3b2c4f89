//! Where and how a customer is addressed: language and local time.

pub use rapport_platform::zone::ZoneName;

use super::invalid::Invalid;

/// Longest language tag.
const MAX_TAG: usize = 35;

/// The language to address a customer in: a BCP 47 tag such as `de-CH`.
///
/// Only the form is checked. It is kept as RFC 5646, 2.1.1 recommends: language in lower case,
/// script with a capital, region in capitals.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LanguageTag(String);

impl LanguageTag {
    /// Reads a tag.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        let mut subtags = raw.split('-');
        let language = subtags.next().is_some_and(|it| {
            (2..=3).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_alphabetic())
        });
        let others = subtags.all(|it| {
            (2..=8).contains(&it.len()) && it.bytes().all(|it| it.is_ascii_alphanumeric())
        });
        if language && others && raw.len() <= MAX_TAG {
            let cased: Vec<_> = raw.split('-').enumerate().map(cased).collect();
            Ok(Self(cased.join("-")))
        } else {
            Err(Invalid::new(
                "is no language tag: write one such as de or zh-Hant-TW (BCP 47)",
            ))
        }
    }

    /// The tag.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn cased((place, subtag): (usize, &str)) -> String {
    match (place, subtag.len()) {
        (1.., 2) => subtag.to_ascii_uppercase(),
        (1.., 4) if subtag.bytes().all(|it| it.is_ascii_alphabetic()) => {
            let (first, rest) = subtag.split_at(1);
            first.to_ascii_uppercase() + &rest.to_ascii_lowercase()
        }
        _ => subtag.to_ascii_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_language_is_kept_in_its_usual_case() {
        for (raw, kept) in [
            ("de", "de"),
            ("DE-ch", "de-CH"),
            ("zh-hant-tw", "zh-Hant-TW"),
            ("sr-Latn", "sr-Latn"),
            ("es-419", "es-419"),
            ("de-CH-1996", "de-CH-1996"),
        ] {
            assert_eq!(LanguageTag::parse(raw).unwrap().as_str(), kept);
        }
    }

    #[test]
    fn what_is_no_language_is_refused() {
        let long = format!("de{}", "-abcdefgh".repeat(4));
        for raw in [
            "", "d", "german", "de_CH", "de-", "de--CH", "d3", "de-C", "dé", &long,
        ] {
            assert!(LanguageTag::parse(raw).is_err(), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn no_text_breaks_the_reader(raw in any::<String>()) {
            let _ = LanguageTag::parse(&raw);
        }
    }
}
