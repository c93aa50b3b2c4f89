//! Folding: what is the same to its readers becomes the same text.

use caseless::Caseless;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::canonical_combining_class;

/// Canonical combining class of Indic vowel killers: they separate letters and carry meaning.
const VIRAMA: u8 = 9;
/// Canonical combining class of the kana voicing marks, which make か into が.
const KANA_VOICING: u8 = 8;

/// The text without what searchers leave out: case, accents and other marks, ligatures, widths
/// and presentation forms, and digits' scripts. `Łódź`, `ŁÓDŹ` and `lodz` fold to `lodz`; `Straße`
/// to `strasse`; `ＡＣＭＥ` to `acme`; `٠٧` to `07`.
///
/// Compatibility decomposition (NFKD), marks removed, full case folding, and composed again (NFC)
/// so that a Hangul syllable is one code point. Folding twice changes nothing.
pub(crate) fn fold(text: &str) -> String {
    text.nfkd()
        .filter(|it| !is_mark(*it))
        .default_case_fold()
        .flat_map(base_letters)
        // Case folding can uncover compositions and marks, such as the dot of `İ`.
        .nfkd()
        .filter(|it| !is_mark(*it))
        .nfc()
        .collect()
}

/// Marks that sit on or around a letter without changing which letter it is. Vowel signs of Indic
/// scripts (class 0) are letters to their readers and stay.
fn is_mark(it: char) -> bool {
    let class = canonical_combining_class(it);
    !matches!(class, 0 | KANA_VOICING | VIRAMA) || shows_nothing(it)
}

/// Joiners, direction marks, soft hyphens and variation selectors.
fn shows_nothing(it: char) -> bool {
    matches!(it,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{0640}' | '\u{200B}'..='\u{200F}'
        | '\u{2060}'..='\u{2064}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

/// Letters that Unicode does not decompose but searchers without that key replace, and decimal
/// digits of the scripts in which phone numbers are written.
fn base_letters(it: char) -> impl Iterator<Item = char> {
    let (first, second) = match it {
        'æ' => ('a', Some('e')),
        'œ' => ('o', Some('e')),
        'þ' => ('t', Some('h')),
        'ð' | 'đ' => ('d', None),
        'ħ' => ('h', None),
        'ı' => ('i', None),
        'ł' => ('l', None),
        'ø' => ('o', None),
        'ŧ' => ('t', None),
        _ => (ascii_digit(it).unwrap_or(it), None),
    };
    std::iter::once(first).chain(second)
}

/// The ASCII form of an Arabic-Indic, Persian, Devanagari or Bengali digit.
fn ascii_digit(it: char) -> Option<char> {
    let zero = match it {
        '\u{0660}'..='\u{0669}' => 0x0660,
        '\u{06F0}'..='\u{06F9}' => 0x06F0,
        '\u{0966}'..='\u{096F}' => 0x0966,
        '\u{09E6}'..='\u{09EF}' => 0x09E6,
        _ => return None,
    };
    char::from_digit(u32::from(it) - zero, 10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spellings_that_searchers_take_for_the_same_fold_to_the_same() {
        for (spellings, folded) in [
            (&["José", "Jose\u{301}", "JOSE"][..], "jose"),
            (&["Łódź", "ŁÓDŹ", "lodz"], "lodz"),
            (&["Straße", "STRASSE"], "strasse"),
            (&["Ærø", "aero"], "aero"),
            (
                &["İstanbul", "istanbul", "ISTANBUL", "ıstanbul"],
                "istanbul",
            ),
            (&["ＡＣＭＥ", "acme"], "acme"),
            (&["ﬁnance", "Finance"], "finance"),
            (&["Ἀθήνα", "Αθηνα", "ΑΘΗΝΑ"], "αθηνα"),
            (&["مُحَمَّد", "محمد", "محـمد"], "محمد"),
            (&["Йорк", "ЙОРК"], "иорк"),
            (&["ｶﾞｽ", "ガス"], "ガス"),
            (&["٠١٢", "۰۱۲", "०१२", "０１２"], "012"),
            (&["Việt Nam", "viet nam"], "viet nam"),
        ] {
            for spelling in spellings {
                assert_eq!(fold(spelling), folded, "{spelling}");
            }
        }
    }

    #[test]
    fn marks_that_make_another_letter_stay() {
        assert_ne!(fold("मोदी"), fold("मदी"));
        assert_ne!(fold("が"), fold("か"));
        assert_eq!(fold("김철수"), "김철수");
    }

    proptest! {
        #[test]
        fn folding_twice_changes_nothing(text in any::<String>()) {
            let once = fold(&text);
            prop_assert_eq!(fold(&once), once);
        }

        #[test]
        fn composed_and_decomposed_text_fold_alike(text in "\\PC{0,40}") {
            let composed: String = text.nfc().collect();
            let decomposed: String = text.nfd().collect();
            prop_assert_eq!(fold(&composed), fold(&decomposed));
        }
    }
}
