//! An identity provider's public keys (RFC 7517).

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};

/// Shorter RSA keys can be broken.
const MIN_RSA_BYTES: usize = 2_048 / 8;

/// Why a JWK set cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file cannot be read.
    #[error("cannot read the keys in {path}: {cause}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        cause: std::io::Error,
    },
    /// It is not a JWK set.
    #[error("{path} is not a JWK set: {cause}")]
    NotAKeySet {
        /// The file.
        path: PathBuf,
        /// Where it stops being one.
        #[source]
        cause: serde_json::Error,
    },
    /// A key set for signing with a shared secret was given; anybody who can read it could
    /// make tokens.
    #[error("{0} holds a symmetric key; give the provider's public keys only")]
    Symmetric(PathBuf),
    /// No key of a kind that is used.
    #[error("{0} holds no RS256, ES256 or EdDSA key for signatures")]
    Empty(PathBuf),
}

/// A public key and the one algorithm it is used with, whatever a token's header says.
pub(super) struct TrustedKey {
    pub(super) id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// The usable keys in the text of a JWK set; `path` is for messages.
pub(super) fn parse(text: &[u8], path: &Path) -> Result<Vec<TrustedKey>, KeyError> {
    let set: JwkSet = serde_json::from_slice(text).map_err(|cause| KeyError::NotAKeySet {
        path: path.to_owned(),
        cause,
    })?;
    let symmetric = |jwk: &Jwk| matches!(jwk.algorithm, AlgorithmParameters::OctetKey(_));
    if set.keys.iter().any(symmetric) {
        return Err(KeyError::Symmetric(path.to_owned()));
    }
    let keys: Vec<TrustedKey> = set.keys.iter().filter_map(trusted).collect();
    if keys.is_empty() {
        return Err(KeyError::Empty(path.to_owned()));
    }
    Ok(keys)
}

/// `None` for keys of other kinds and for other uses: providers publish those beside.
fn trusted(jwk: &Jwk) -> Option<TrustedKey> {
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) if modulus_bytes(&rsa.n) >= MIN_RSA_BYTES => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(ec) if ec.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        AlgorithmParameters::OctetKeyPair(okp) if okp.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return None,
    };
    let declared = jwk.common.key_algorithm;
    if declared.is_some_and(|declared| declared != KeyAlgorithm::from(algorithm)) {
        return None;
    }
    if jwk
        .common
        .public_key_use
        .as_ref()
        .is_some_and(|r#use| *r#use != PublicKeyUse::Signature)
    {
        return None;
    }
    Some(TrustedKey {
        id: jwk.common.key_id.clone(),
        algorithm,
        key: DecodingKey::from_jwk(jwk).ok()?,
    })
}

fn modulus_bytes(modulus: &str) -> usize {
    URL_SAFE_NO_PAD
        .decode(modulus)
        .map_or(0, |bytes| bytes.len())
}
