//! How alike two names are, word by word, in whichever order they are written.

use rphonetic::{DoubleMetaphone, Encoder as _};
use strsim::{jaro_winkler, osa_distance};

use super::nicknames;

/// Words as long as this may differ by one letter, and twice as long by two.
const LONG_ENOUGH: usize = 4;
/// How alike words are that differ by more than a slip of the pen.
const ALIKE: f64 = 0.9;
/// How alike words that begin with the same sound are that may be one, mistyped twice.
const FAINTLY_ALIKE: f64 = 0.4;
/// What speaks against two names when a word of each has no like.
const UNLIKE: f64 = -8.0;
/// What speaks against them when only one has the word, such as a second given name.
const EXTRA: f64 = -0.5;

/// How two words of names agree, the closest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum WordMatch {
    Same,
    Nickname,
    Slip,
    SoundsAlike,
    Alike,
    Initial,
    Faint,
}

impl WordMatch {
    const fn weight(self) -> f64 {
        match self {
            Self::Same => 4.0,
            Self::Nickname | Self::Slip => 3.0,
            Self::SoundsAlike => 2.5,
            Self::Alike => 2.0,
            Self::Initial => 0.5,
            Self::Faint => -2.0,
        }
    }
}

/// How two names agree.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct NameMatch {
    /// Evidence, in bits.
    pub(super) weight: f64,
    /// Whether every word of both is the same.
    pub(super) same: bool,
    /// Whether each has a word unlike all of the other's: another given name or family name.
    pub(super) unlike: bool,
}

/// The best agreement of any forms of two names; none when one is unknown.
pub(super) fn compare(one: &[Vec<String>], other: &[Vec<String>]) -> Option<NameMatch> {
    let pairs = one.iter().flat_map(|a| other.iter().map(move |b| (a, b)));
    let matches = pairs.map(|(a, b)| compare_words(a, b));
    matches.max_by(|a, b| a.weight.total_cmp(&b.weight))
}

fn compare_words(one: &[String], other: &[String]) -> NameMatch {
    let mut pairs: Vec<(WordMatch, usize, usize)> = Vec::new();
    for (i, a) in one.iter().enumerate() {
        for (j, b) in other.iter().enumerate() {
            pairs.extend(compare_word(a, b).map(|like| (like, i, j)));
        }
    }
    // The closest words belong together.
    pairs.sort_unstable();
    let (mut used_one, mut used_other) = (vec![false; one.len()], vec![false; other.len()]);
    let (mut weight, mut same) = (0.0, one.len() == other.len());
    for (like, i, j) in pairs {
        if used_one[i] || used_other[j] {
            continue;
        }
        (used_one[i], used_other[j]) = (true, true);
        weight += like.weight();
        same &= like == WordMatch::Same;
    }
    let left = |used: &[bool]| used.iter().filter(|used| !**used).count();
    let (left_one, left_other) = (left(&used_one), left(&used_other));
    let unlike = left_one.min(left_other);
    let extra = left_one.max(left_other) - unlike;
    NameMatch {
        weight: weight + UNLIKE * count(unlike) + EXTRA * count(extra),
        same: same && left_one + left_other == 0,
        unlike: unlike > 0,
    }
}

fn count(count: usize) -> f64 {
    u32::try_from(count).map_or(f64::MAX, f64::from)
}

fn compare_word(one: &str, other: &str) -> Option<WordMatch> {
    if one == other {
        return Some(WordMatch::Same);
    }
    let shorter = one.chars().count().min(other.chars().count());
    if shorter == 1 {
        let initial = one.chars().next() == other.chars().next();
        return initial.then_some(WordMatch::Initial);
    }
    if nicknames::are_one(one, other) {
        return Some(WordMatch::Nickname);
    }
    let slips = osa_distance(one, other);
    if slips == 1 && shorter >= LONG_ENOUGH - 1 || slips == 2 && shorter >= LONG_ENOUGH * 2 - 2 {
        return Some(WordMatch::Slip);
    }
    let alike = jaro_winkler(one, other);
    if alike > 0.7 && sound(one).is_some_and(|sound| Some(sound) == self::sound(other)) {
        return Some(WordMatch::SoundsAlike);
    }
    if alike >= ALIKE {
        return Some(WordMatch::Alike);
    }
    let same_initial = one.chars().next() == other.chars().next();
    let begin_alike = same_initial || initial_sound(one) == initial_sound(other);
    let faint = begin_alike && normalized_osa(slips, one, other) >= FAINTLY_ALIKE;
    faint.then_some(WordMatch::Faint)
}

/// With which sound a word begins.
fn initial_sound(word: &str) -> Option<char> {
    let sound = sound(word);
    sound.as_deref().unwrap_or(word).chars().next()
}

/// The part of the longer word that is the same.
fn normalized_osa(slips: usize, one: &str, other: &str) -> f64 {
    let longer = one.chars().count().max(other.chars().count());
    1.0 - count(slips) / count(longer)
}

/// How a word sounds; none where that can't be told from its letters.
pub(super) fn sound(word: &str) -> Option<String> {
    if word.len() < 2 || !word.bytes().all(|it| it.is_ascii_alphabetic()) {
        return None;
    }
    let sound = DoubleMetaphone::default().encode(word);
    (!sound.is_empty()).then_some(sound)
}
