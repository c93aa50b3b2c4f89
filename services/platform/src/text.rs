//! Text as people write it: any script, any length that a person would write, and nothing that
//! a screen, a log or a label printer could mistake for a command.

use std::borrow::Cow;

use unicode_normalization::{UnicodeNormalization, is_nfc};
use unicode_segmentation::UnicodeSegmentation;

use crate::invalid::Invalid;

/// Code points allowed for each character that a reader sees. Family emoji and vocalised Arabic
/// need several; a letter under a hundred accents is an attack on whoever has to draw it.
const CODE_POINTS_PER_CHARACTER: usize = 4;

/// One line of text of 1 to `max` characters as readers count them (grapheme clusters):
/// normalised to NFC, without white space around it, without control characters.
pub fn line(raw: &str, max: usize) -> Result<String, Invalid> {
    let text = trimmed(raw);
    if text.chars().any(breaks_a_line) {
        return Err(Invalid::new(
            "holds a control character or a line break: write it on one line, in plain text",
        ));
    }
    bounded(text, max)
}

/// As [`line`], where empty or blank text means that there is none.
pub fn optional_line(raw: &str, max: usize) -> Result<Option<String>, Invalid> {
    match trimmed(raw) {
        "" => Ok(None),
        text => line(text, max).map(Some),
    }
}

/// Text of 1 to `max` characters over any number of lines: normalised to NFC, without white
/// space around it, without control characters other than line breaks and tabs.
pub fn passage(raw: &str, max: usize) -> Result<String, Invalid> {
    let text = trimmed(raw);
    if text.chars().any(disturbs_a_reader) {
        return Err(Invalid::new(
            "holds a control character: write plain text with line breaks and tabs only",
        ));
    }
    bounded(text, max)
}

/// As [`passage`], where empty or blank text means that there is none.
pub fn optional_passage(raw: &str, max: usize) -> Result<Option<String>, Invalid> {
    match trimmed(raw) {
        "" => Ok(None),
        text => passage(text, max).map(Some),
    }
}

/// Without white space around it. Files exported on Windows start with U+FEFF, a byte order
/// mark; it is no part of the text either.
fn trimmed(raw: &str) -> &str {
    raw.trim_matches(|it: char| it.is_whitespace() || it == '\u{FEFF}')
}

fn bounded(text: &str, max: usize) -> Result<String, Invalid> {
    if text.chars().all(is_invisible) {
        return Err(Invalid::new(
            "is required: it is empty or nothing in it is visible",
        ));
    }
    let text = composed(text, max)?;
    if text.graphemes(true).count() > max {
        return Err(too_long(max));
    }
    Ok(text.into_owned())
}

/// The text in NFC. The length is looked at first, so that refusing megabytes costs nothing.
fn composed(text: &str, max: usize) -> Result<Cow<'_, str>, Invalid> {
    let limit = max.saturating_mul(CODE_POINTS_PER_CHARACTER);
    if text.chars().nth(limit).is_some() {
        return Err(too_long(max));
    }
    Ok(if is_nfc(text) {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.nfc().collect())
    })
}

fn too_long(max: usize) -> Invalid {
    Invalid::new(format!(
        "is too long: shorten it to at most {max} characters"
    ))
}

fn breaks_a_line(it: char) -> bool {
    it.is_control() || matches!(it, '\u{2028}' | '\u{2029}') || reorders(it)
}

fn disturbs_a_reader(it: char) -> bool {
    (it.is_control() && !matches!(it, '\n' | '\r' | '\t')) || reorders(it)
}

/// Bidirectional embeddings, overrides and isolates: they turn the text around them and so can
/// make one name look like another. The plain marks that Arabic and Hebrew need (U+200E, U+200F)
/// stay.
fn reorders(it: char) -> bool {
    matches!(it, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// White space, joiners, variation selectors and fillers, which show nothing by themselves.
fn is_invisible(it: char) -> bool {
    it.is_whitespace()
        || matches!(it,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}' | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}'
            | '\u{FEFF}' | '\u{FFA0}' | '\u{E0000}'..='\u{E0FFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lines_in_every_script_are_kept_as_written() {
        for text in [
            "Ada Lovelace",
            "王小明",
            "محمد بن سلمان",
            "علی\u{200C}رضا",
            "मोदी",
            "José",
            "👩‍👩‍👧‍👦 Familie Meier",
            "X Æ A-12",
        ] {
            assert_eq!(line(text, 200).as_deref(), Ok(text));
        }
    }

    #[test]
    fn text_is_composed_and_the_space_around_it_removed() {
        assert_eq!(
            line("\u{FEFF}  Jose\u{301}\u{3000}", 200).as_deref(),
            Ok("José")
        );
        assert_eq!(line("\tAda\n", 200).as_deref(), Ok("Ada"));
    }

    #[test]
    fn characters_are_counted_as_readers_do() {
        let family = "👩‍👩‍👧";
        assert!(line(&family.repeat(3), 6).is_ok());
        assert!(line("王王王", 3).is_ok());
        assert!(line("王王王王", 3).is_err());
    }

    #[test]
    fn what_no_reader_would_see_or_expect_is_refused() {
        for text in [
            "",
            "  \u{3000} ",
            "\u{200B}\u{FE0F}",
            "a\u{0}b",
            "a\u{7}b",
            "two\nlines",
            "two\u{2028}lines",
            "evil \u{202E}eman",
        ] {
            assert!(line(text, 200).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_letter_under_a_heap_of_accents_is_too_long() {
        let heap = format!("a{}", "\u{301}".repeat(1_000));

        let refused = line(&heap, 200).unwrap_err();

        assert_eq!(
            refused.to_string(),
            "is too long: shorten it to at most 200 characters"
        );
    }

    #[test]
    fn a_passage_may_have_lines_but_no_commands() {
        assert_eq!(
            passage(" Dear Ada,\r\n\tthanks ", 200).as_deref(),
            Ok("Dear Ada,\r\n\tthanks")
        );
        assert!(passage("\u{1B}[2J", 200).is_err());
    }

    #[test]
    fn blank_optional_text_is_no_text() {
        assert_eq!(optional_line(" ", 10), Ok(None));
        assert_eq!(optional_passage("\n", 10), Ok(None));
        assert_eq!(optional_line("x", 10), Ok(Some("x".to_owned())));
        assert!(optional_line("12345678901", 10).is_err());
    }

    proptest! {
        #[test]
        fn what_passed_once_passes_again_unchanged(raw in any::<String>()) {
            if let Ok(text) = line(&raw, 50) {
                prop_assert_eq!(line(&text, 50), Ok(text));
            }
        }

        #[test]
        fn no_line_is_longer_than_allowed(raw in "\\PC{0,80}") {
            if let Ok(text) = line(&raw, 20) {
                prop_assert!((1..=20).contains(&text.graphemes(true).count()));
            }
        }
    }
}
