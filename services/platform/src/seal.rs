//! Tokens that only we can read or write: text for URLs, sealed under a key and bound to what
//! they are for.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use rand::Rng as _;

use crate::error::PlatformError;
use crate::key::SecretKey;

const NONCE_LENGTH: usize = 24;

/// Seals and opens tokens under one key. Every replica has the same, so that any of them opens
/// what another sealed.
#[derive(Clone)]
pub struct Seal {
    cipher: XChaCha20Poly1305,
}

impl Seal {
    /// Tokens sealed with `key`.
    pub fn new(key: &SecretKey) -> Self {
        Self {
            cipher: XChaCha20Poly1305::new(&Key::from(*key.as_bytes())),
        }
    }

    /// A token that holds `content`. It opens only with the same `binding`, which is
    /// authenticated and not stored in it. No two tokens are alike.
    ///
    /// # Errors
    /// `Internal` when the cipher fails, which it does for contents of gigabytes only.
    pub fn seal(&self, content: &[u8], binding: &[u8]) -> Result<String, PlatformError> {
        let mut nonce = [0; NONCE_LENGTH];
        rand::rng().fill_bytes(&mut nonce);
        let payload = Payload {
            msg: content,
            aad: binding,
        };
        let ciphertext = self
            .cipher
            .encrypt(&XNonce::from(nonce), payload)
            .map_err(|error| PlatformError::internal("sealing a token", error.to_string()))?;
        Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &ciphertext].concat()))
    }

    /// What a token holds, if it was sealed under this key with this binding.
    pub fn open(&self, token: &str, binding: &[u8]) -> Option<Vec<u8>> {
        let sealed = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_LENGTH>()?;
        let payload = Payload {
            msg: ciphertext,
            aad: binding,
        };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_token_opens_under_its_own_key_and_binding_only() {
        let key = SecretKey::generate();
        let token = Seal::new(&key).seal(b"content", b"for this").unwrap();
        let open = |key: &SecretKey, binding: &[u8]| Seal::new(key).open(&token, binding);
        assert_eq!(open(&key, b"for this").as_deref(), Some(&b"content"[..]));
        assert_eq!(open(&key, b"for that"), None);
        assert_eq!(open(&SecretKey::generate(), b"for this"), None);
    }

    #[test]
    fn tokens_are_text_for_urls_and_never_repeat() {
        let seal = Seal::new(&SecretKey::generate());
        let (first, second) = (seal.seal(b"1", b"").unwrap(), seal.seal(b"1", b"").unwrap());
        assert_ne!(first, second);
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        assert!(first.bytes().all(plain));
    }

    proptest! {
        #[test]
        fn an_altered_token_is_refused(at: prop::sample::Index, bit in 0..8u8) {
            let seal = Seal::new(&SecretKey::generate());
            let mut bytes = URL_SAFE_NO_PAD.decode(seal.seal(b"7", b"").unwrap()).unwrap();
            let at = at.index(bytes.len());
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(seal.open(&URL_SAFE_NO_PAD.encode(bytes), b""), None);
        }

        #[test]
        fn no_token_panics(token in "\\PC{0,200}") {
            prop_assert_eq!(Seal::new(&SecretKey::generate()).open(&token, b""), None);
        }
    }
}
