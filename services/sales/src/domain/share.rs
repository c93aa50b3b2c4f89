//! Parts of a whole: discounts, tax rates and margins.

use rapport_platform::invalid::Invalid;

/// Parts per million of the whole.
pub const WHOLE_PPM: i32 = 1_000_000;

/// A part of a whole, from nothing to all of it, in parts per million: 150,000 is 15 %. As fine
/// as the rates of any tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Share(i32);

impl Share {
    /// No part.
    pub const NONE: Self = Self(0);

    /// Reads 0 to 1,000,000.
    pub fn parse(ppm: i32) -> Result<Self, Invalid> {
        if (0..=WHOLE_PPM).contains(&ppm) {
            return Ok(Self(ppm));
        }
        Err(Invalid::new(
            "must be 0 to 1,000,000 parts per million: 150,000 is 15 %",
        ))
    }

    /// In parts per million.
    pub const fn ppm(self) -> i32 {
        self.0
    }

    /// What this part leaves, in parts per million, to be reckoned with.
    pub(super) fn rest(self) -> i128 {
        i128::from(WHOLE_PPM - self.0)
    }

    /// In parts per million, to be reckoned with.
    pub(super) fn exact(self) -> i128 {
        i128::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_neither_negative_nor_more_than_the_whole() {
        assert_eq!(Share::parse(88_750).map(Share::ppm), Ok(88_750));
        assert!(Share::parse(0).is_ok() && Share::parse(WHOLE_PPM).is_ok());
        assert!(Share::parse(-1).is_err() && Share::parse(WHOLE_PPM + 1).is_err());
    }
}
