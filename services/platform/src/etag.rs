//! Etags (AIP-154): a caller who sends one back changes only what he has seen.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::error::PlatformError;

/// Makes and checks etags from a row's version.
pub struct Etag;

impl Etag {
    /// The etag of a version, such as `W/"mZ8cQ2Yt0aLk"`.
    ///
    /// Weak (RFC 9110, 8.8.3), because it tells versions apart and not bytes; opaque, so
    /// that nobody computes the next one.
    pub fn of(version: i64) -> String {
        let digest = Sha256::new()
            .chain_update(b"rapport etag\0")
            .chain_update(version.to_be_bytes())
            .finalize();
        format!("W/\"{}\"", URL_SAFE_NO_PAD.encode(&digest[..9]))
    }

    /// Checks the etag a caller sent for `resource`, which is at `version` now. An empty
    /// one sets no condition.
    pub fn check(resource: &str, given: &str, version: i64) -> Result<(), PlatformError> {
        if given.is_empty() || given == Self::of(version) {
            Ok(())
        } else {
            Err(PlatformError::EtagMismatch(resource.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_current_version_matches() {
        let seen = Etag::of(3);
        assert!(seen.starts_with("W/\"") && seen.ends_with('"'));
        assert!(Etag::check("customers/1", &seen, 3).is_ok());
        let refused = Etag::check("customers/1", &seen, 4).unwrap_err();
        assert!(matches!(refused, PlatformError::EtagMismatch(name) if name == "customers/1"));
        assert!(Etag::check("customers/1", "*", 3).is_err());
    }

    #[test]
    fn without_an_etag_any_version_will_do() {
        assert!(Etag::check("customers/1", "", 7).is_ok());
    }
}
