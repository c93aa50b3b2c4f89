//! Keys for the tokens that services and gateways make for themselves.

use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use rand::Rng as _;
use sha2::Sha256;

use crate::config::Secret;
use crate::error::PlatformError;
use crate::private_file::{self, PrivateFileError};

/// 32 random bytes. Never shown; every replica of a role has the same.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey([u8; 32]);

/// The text is not the standard base64 of 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is 32 random bytes in base64; make one with `openssl rand -base64 32`")]
pub struct InvalidKey;

/// Why a key in a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeptKeyError {
    /// The file cannot be used.
    #[error(transparent)]
    File(#[from] PrivateFileError),
    /// It holds something else.
    #[error("the file {0} does not hold a key: {InvalidKey}")]
    Damaged(PathBuf),
}

impl SecretKey {
    /// The key in the file at `path`, which only its owner can read; made at the first start.
    ///
    /// # Errors
    /// When the file cannot be read or made, is open to others, or holds no key.
    pub fn kept_in(path: &Path) -> Result<Self, KeptKeyError> {
        let text = private_file::kept(path, || Self::generate().to_base64())?;
        Self::from_base64(&text).map_err(|InvalidKey| KeptKeyError::Damaged(path.to_owned()))
    }

    /// HMAC-SHA256 of a message (RFC 2104): the same for the same message, and nothing that
    /// anybody without the key could compute or check.
    pub fn authenticate(&self, message: &[u8]) -> [u8; 32] {
        // A key shorter than the hash's block is filled up with zeros, says the RFC.
        let mut block = [0; 64];
        block[..self.0.len()].copy_from_slice(&self.0);
        let mut mac = Hmac::<Sha256>::new(&block.into());
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    /// A key for something else: the same for the same message, by which nobody finds this one.
    #[must_use]
    pub fn derived(&self, message: &[u8]) -> Self {
        Self(self.authenticate(message))
    }

    /// The key of a setting, base64 of 32 random bytes. When it is empty, one is made, which ends
    /// with the process.
    ///
    /// # Errors
    /// `Internal`, with what was being read, when it holds no key.
    pub fn configured(reading: &'static str, key: &Secret<String>) -> Result<Self, PlatformError> {
        match key.expose().as_str() {
            "" => Ok(Self::generate()),
            key => Self::from_base64(key).map_err(|fault| PlatformError::internal(reading, fault)),
        }
    }

    /// A new random key.
    pub fn generate() -> Self {
        let mut bytes = [0; 32];
        rand::rng().fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Reads a key from its standard base64; white space around it is ignored.
    pub fn from_base64(text: &str) -> Result<Self, InvalidKey> {
        let bytes = STANDARD.decode(text.trim()).map_err(|_| InvalidKey)?;
        bytes.try_into().map(Self).map_err(|_| InvalidKey)
    }

    /// The standard base64, to be kept in a secret store or a file with mode 0600.
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.0)
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_file_and_is_never_printed() {
        let key = SecretKey::generate();
        let file = format!("{}\n", key.to_base64());
        assert_eq!(SecretKey::from_base64(&file), Ok(key.clone()));
        assert_ne!(key, SecretKey::generate());
        assert_eq!(format!("{key:?}"), "SecretKey(***)");
    }

    #[test]
    fn a_kept_key_is_the_same_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.key");
        let key = SecretKey::kept_in(&path).unwrap();
        assert_eq!(SecretKey::kept_in(&path).unwrap(), key);
        assert_ne!(
            SecretKey::kept_in(&folder.path().join("b.key")).unwrap(),
            key
        );

        std::fs::write(&path, "no key").unwrap();
        let refused = SecretKey::kept_in(&path).unwrap_err().to_string();
        assert!(refused.contains("openssl rand -base64 32"), "{refused}");
    }

    #[test]
    fn a_digest_needs_the_key() {
        // The expected digest is that of Python's `hmac`.
        let key = SecretKey([0x0b; 32]);
        assert_eq!(key.authenticate(b"Hi There"), key.authenticate(b"Hi There"));
        assert_ne!(key.authenticate(b"Hi There"), key.authenticate(b"Hi there"));
        let other = SecretKey::generate();
        assert_ne!(
            key.authenticate(b"Hi There"),
            other.authenticate(b"Hi There")
        );
        let known = [
            0x19, 0x8a, 0x60, 0x7e, 0xb4, 0x4b, 0xfb, 0xc6, 0x99, 0x03, 0xa0, 0xf1, 0xcf, 0x2b,
            0xbd, 0xc5, 0xba, 0x0a, 0xa3, 0xf3, 0xd9, 0xae, 0x3c, 0x1c, 0x7a, 0x3b, 0x16, 0x96,
            0xa0, 0xb6, 0x8c, 0xf7,
        ];
        assert_eq!(key.authenticate(b"Hi There"), known);
    }

    #[test]
    fn short_keys_are_refused() {
        assert_eq!(SecretKey::from_base64("c2hvcnQ="), Err(InvalidKey));
        assert_eq!(SecretKey::from_base64("not base64"), Err(InvalidKey));
    }
}
