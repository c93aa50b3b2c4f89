//! Words, and where one may start to search inside a text.

use unicode_normalization::char::canonical_combining_class;

use super::capped;
use crate::domain::fold::fold;

/// Places in one text from which it can be found. Enough for the longest names in scripts
/// where every character is such a place.
const MAX_STARTS: usize = 64;

/// A text as searchers see it: folded, words one space apart, without punctuation.
///
/// It can be found from each of its words on, and in scripts written without spaces from each
/// character on: `Jean-Luc Picard` from `jeanluc picard`, `luc picard` and `picard`; `王小明` from
/// `王小明`, `小明` and `明`.
#[derive(Debug, Default)]
pub(super) struct Phrase {
    text: String,
    /// Byte offsets into `text`, ascending.
    starts: Vec<usize>,
}

impl Phrase {
    /// Reads any text; it is folded first.
    pub(super) fn of(text: &str) -> Self {
        let mut phrase = Self::default();
        let mut before = Before::Nothing;
        for it in fold(text).chars() {
            if is_searchable(it) {
                phrase.push(it, before);
                before = Before::Letter(it);
            } else {
                before = before.followed_by(it);
            }
        }
        phrase
    }

    /// The whole text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The text from each place on from which it can be found, cut to the length of a term.
    pub(super) fn suffixes(&self) -> impl Iterator<Item = &str> {
        let starts = self.starts.iter().take(MAX_STARTS);
        starts.map(|&start| capped(&self.text[start..]))
    }

    fn push(&mut self, it: char, before: Before) {
        let (starts, spaced) = match before {
            Before::Nothing => (true, false),
            Before::Letter(last) => (is_unspaced(it) || is_unspaced(last), false),
            Before::Punctuation(_) => (true, false),
            // `王 小明` is `王小明` written for foreigners.
            Before::Space(last) => (true, !(is_unspaced(it) && is_unspaced(last))),
        };
        if spaced {
            self.text.push(' ');
        }
        if starts {
            self.starts.push(self.text.len());
        }
        self.text.push(it);
    }
}

/// What stands before a letter; gaps remember the letter before them.
#[derive(Clone, Copy)]
enum Before {
    Nothing,
    Letter(char),
    Punctuation(char),
    Space(char),
}

impl Before {
    fn followed_by(self, gap: char) -> Self {
        match self {
            Self::Nothing => Self::Nothing,
            Self::Space(last) => Self::Space(last),
            Self::Letter(last) | Self::Punctuation(last) if gap.is_whitespace() => {
                Self::Space(last)
            }
            Self::Letter(last) | Self::Punctuation(last) => Self::Punctuation(last),
        }
    }
}

/// Letters and digits, and the marks that folding left because they make another letter.
fn is_searchable(it: char) -> bool {
    it.is_alphanumeric() || canonical_combining_class(it) != 0
}

/// Letters of scripts that put no spaces between words: Han, kana, Hangul (whose names are written
/// in one word), Bopomofo, Thai, Lao, Burmese and Khmer.
fn is_unspaced(it: char) -> bool {
    matches!(it,
        '\u{0E00}'..='\u{0EFF}' | '\u{1000}'..='\u{109F}' | '\u{1100}'..='\u{11FF}'
        | '\u{1780}'..='\u{17FF}' | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{312F}'
        | '\u{31F0}'..='\u{31FF}' | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}'
        | '\u{AC00}'..='\u{D7FB}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFD}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_from_each_of_its_words_on() {
        for (text, suffixes) in [
            ("Ada Lovelace", &["ada lovelace", "lovelace"][..]),
            (
                "  Jean-Luc   Picard ",
                &["jeanluc picard", "luc picard", "picard"],
            ),
            ("O’Brien", &["obrien", "brien"]),
            ("Smith, John", &["smith john", "john"]),
            ("Müller & Söhne", &["muller sohne", "sohne"]),
            ("AT&T", &["att", "t"]),
            ("王小明", &["王小明", "小明", "明"]),
            ("王 小明", &["王小明", "小明", "明"]),
            (
                "北京ABC公司",
                &["北京abc公司", "京abc公司", "abc公司", "公司", "司"],
            ),
            ("Ivy 王", &["ivy 王", "王"]),
            ("김철수", &["김철수", "철수", "수"]),
            ("محمد بن سلمان", &["محمد بن سلمان", "بن سلمان", "سلمان"]),
            ("मोदी", &["मोदी"]),
            ("🎉 Party", &["party"]),
            ("🎉", &[]),
            ("", &[]),
        ] {
            assert!(
                Phrase::of(text).suffixes().eq(suffixes.iter().copied()),
                "{text}"
            );
        }
    }

    #[test]
    fn a_very_long_text_has_a_bounded_number_of_short_suffixes() {
        let phrase = Phrase::of(&"王".repeat(10_000));

        assert_eq!(phrase.suffixes().count(), 64);
        assert!(phrase.suffixes().all(|suffix| suffix.chars().count() == 64));
    }
}
