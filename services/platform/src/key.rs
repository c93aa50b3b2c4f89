//! Keys for the tokens that services and gateways make for themselves.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rand::Rng as _;

/// 32 random bytes. Never shown; every replica of a role has the same.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey([u8; 32]);

/// The text is not the standard base64 of 32 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a key is 32 random bytes in base64; make one with `openssl rand -base64 32`")]
pub struct InvalidKey;

impl SecretKey {
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
    fn short_keys_are_refused() {
        assert_eq!(SecretKey::from_base64("c2hvcnQ="), Err(InvalidKey));
        assert_eq!(SecretKey::from_base64("not base64"), Err(InvalidKey));
    }
}
