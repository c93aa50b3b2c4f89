//! Keys that two records of one customer are likely to share, so that nobody compares all with
//! all.
//!
//! Several kinds, each of which survives other mistakes: a mistyped name leaves the date of birth
//! and the addresses, a mistyped date leaves how the name sounds. Each is made of more than one
//! trait, or of one that few share, so that blocks stay small.

use std::collections::BTreeSet;

use sha2::{Digest as _, Sha256};

use super::names::sound;
use super::nicknames;
use super::traits::Traits;
use crate::domain::names::CustomerKind;

/// Most keys of one record.
const MAX_KEYS: usize = 200;

/// A key: the first 64 bits of a digest. Two traits that share one by chance cost a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(i64);

impl Key {
    /// As the store keeps it.
    pub const fn code(self) -> i64 {
        self.0
    }

    fn of(kind: &str, parts: &[&str]) -> Self {
        let mut digest = Sha256::new_with_prefix(kind);
        for part in parts {
            digest.update([0]);
            digest.update(part);
        }
        let digest = digest.finalize();
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Self(i64::from_be_bytes(first))
    }
}

impl Traits {
    /// The record's keys.
    pub fn keys(&self) -> BTreeSet<Key> {
        let mut keys = BTreeSet::new();
        for email in &self.emails {
            keys.insert(Key::of("email", &[email]));
        }
        for phone in &self.phones {
            keys.insert(Key::of("phone", &[phone]));
        }
        for name in &self.names {
            self.name_keys(name, &mut keys);
        }
        keys.into_iter().take(MAX_KEYS).collect()
    }

    fn name_keys(&self, name: &[String], keys: &mut BTreeSet<Key>) {
        let sounds = sounds(name);
        for (index, one) in sounds.iter().enumerate() {
            for other in &sounds[index + 1..] {
                keys.insert(Key::of("name", &[one, other]));
            }
            for place in &self.places {
                keys.insert(Key::of("name place", &[one, &place.code]));
            }
        }
        if self.kind == CustomerKind::Organisation {
            keys.insert(Key::of("organisation", &[&name.concat()]));
            if let [only] = sounds.as_slice() {
                keys.insert(Key::of("organisation sound", &[only]));
            }
        }
        let initials: BTreeSet<char> = name.iter().filter_map(|it| it.chars().next()).collect();
        for initial in initials {
            self.initial_keys(&initial.to_string(), keys);
        }
        self.birth_keys(&sounds, keys);
    }

    /// For names that are mistyped beyond their sound: an initial, and something rarer.
    fn initial_keys(&self, initial: &str, keys: &mut BTreeSet<Key>) {
        if let Some(birth) = self.birth {
            let (low, high) = birth.unordered();
            let date = format!("{}.{low}.{high}", birth.year);
            keys.insert(Key::of("birth", &[initial, &date]));
        }
        for place in &self.places {
            let parts = [initial, &place.code, &place.street, &place.number];
            keys.insert(Key::of("address", &parts));
        }
    }

    /// For dates of birth that are mistyped: how a name sounds, and two parts of the date.
    fn birth_keys(&self, sounds: &[String], keys: &mut BTreeSet<Key>) {
        let Some(birth) = self.birth else { return };
        let (low, high) = birth.unordered();
        let parts = [
            ("day", format!("{low}.{high}")),
            ("month", format!("{}.{}", birth.year, birth.month)),
            ("year", format!("{}.{}", birth.year, birth.day)),
        ];
        for sound in sounds {
            for (kind, part) in &parts {
                keys.insert(Key::of(kind, &[sound, part]));
            }
        }
    }
}

/// How the words of a name sound, short forms as what they stand for, in the order of sounds.
fn sounds(name: &[String]) -> Vec<String> {
    let mut sounds = BTreeSet::new();
    for word in name {
        let stands_for = nicknames::stands_for(word).map(str::to_owned);
        for word in stands_for.chain([word.clone()]) {
            let sound = sound(&word);
            // Words that can't be sounded out stand for themselves; initials are no sound.
            if let Some(sound) = sound {
                sounds.insert(sound);
            } else if word.chars().count() > 1 {
                sounds.insert(word);
            }
        }
    }
    sounds.into_iter().collect()
}
