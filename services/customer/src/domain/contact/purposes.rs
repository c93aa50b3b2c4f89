//! Some of the purposes.

use std::fmt;

use crate::domain::channel::Purpose;

/// Some of the purposes, each at most once. The bits are stored: bit `n` is purpose number `n`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct PurposeSet(u8);

impl PurposeSet {
    /// The purposes about which customers choose.
    pub fn choosable() -> Self {
        let all = Purpose::ALL.iter().copied();
        all.filter(|it| it.obeys_preferences()).collect()
    }

    /// The set with these bits; bits of no purpose are dropped.
    pub fn from_bits(bits: i16) -> Self {
        let known = Purpose::ALL.iter().copied();
        known.filter(|it| bits & (1 << it.number()) != 0).collect()
    }

    /// The set as a number.
    pub fn bits(self) -> i16 {
        i16::from(self.0)
    }

    /// Whether the purpose is one of them.
    pub fn contains(self, purpose: Purpose) -> bool {
        self.0 & (1 << purpose.number()) != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The purposes, by ascending number.
    pub fn iter(self) -> impl Iterator<Item = Purpose> {
        let all = Purpose::ALL.iter().copied();
        all.filter(move |&purpose| self.contains(purpose))
    }
}

impl FromIterator<Purpose> for PurposeSet {
    fn from_iter<I: IntoIterator<Item = Purpose>>(purposes: I) -> Self {
        let bits = purposes.into_iter().map(|it| 1 << it.number());
        Self(bits.fold(0, |all, bit: u8| all | bit))
    }
}

impl fmt::Debug for PurposeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}
