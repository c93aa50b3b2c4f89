//! The internal identity: a JWT (RFC 7519, HS256) that lives for a minute.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Actor, TenantId};
use crate::error::PlatformError;
use crate::key::SecretKey;
use crate::time::Timestamp;

/// Header that carries the internal identity.
pub const IDENTITY_HEADER: &str = "x-rapport-identity";

const AUDIENCE: &str = "rapport-services";
/// Long enough for a call to be queued, too short to be worth stealing.
const LIFETIME: Duration = Duration::from_secs(60);
/// A signed token is used again this long, so that it has half its life left when sent.
const REUSE: Duration = Duration::from_secs(30);
/// How far the clocks of two machines may differ.
const LEEWAY: Duration = Duration::from_secs(5);
const MAX_TOKEN_LENGTH: usize = 2_048;
/// Identities remembered at once: about 5 MB when full.
const CACHE_CAPACITY: usize = 10_000;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    aud: String,
    /// The actor's resource name.
    sub: String,
    tenant: Uuid,
    /// Seconds since the epoch, as RFC 7519 has it.
    iat: i64,
    exp: i64,
}

/// Makes internal identities; the gateway has one.
#[derive(Clone)]
pub struct InternalSigner {
    key: EncodingKey,
    signed: Arc<Cache<(TenantId, Actor), HeaderValue>>,
}

impl InternalSigner {
    /// Signs with `key`, which the services know too.
    pub fn new(key: &SecretKey) -> Self {
        Self {
            key: EncodingKey::from_secret(key.as_bytes()),
            signed: Arc::default(),
        }
    }

    /// The value of [`IDENTITY_HEADER`] for a call of `actor` in `tenant`.
    pub fn sign(
        &self,
        tenant: TenantId,
        actor: &Actor,
        now: Timestamp,
    ) -> Result<HeaderValue, PlatformError> {
        let identity = (tenant, actor.clone());
        if let Some(token) = self.signed.get(&identity, now) {
            return Ok(token);
        }
        let claims = Claims {
            aud: AUDIENCE.to_owned(),
            sub: actor.as_str().to_owned(),
            tenant: tenant.as_uuid(),
            iat: seconds(now),
            exp: seconds(now.saturating_add(LIFETIME)),
        };
        let fault = |cause| PlatformError::internal("signing an internal identity", cause);
        let token = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.key)
            .map_err(|error| fault(error.to_string()))?;
        let mut token = HeaderValue::try_from(token).map_err(|error| fault(error.to_string()))?;
        token.set_sensitive(true);
        self.signed
            .insert(identity, token.clone(), now, now.saturating_add(REUSE));
        Ok(token)
    }
}

/// Believes internal identities; every service has one.
#[derive(Clone)]
pub struct InternalVerifier {
    key: DecodingKey,
    rules: Validation,
    verified: Arc<Cache<HeaderValue, (TenantId, Actor)>>,
}

/// The token is not one that our gateway made within the last minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("internal identity invalid or expired")]
pub struct InvalidIdentity;

impl InternalVerifier {
    /// Believes what was signed with `key`.
    pub fn new(key: &SecretKey) -> Self {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.set_audience(&[AUDIENCE]);
        rules.set_required_spec_claims(&["exp", "aud", "sub"]);
        // Judged below, by the clock that we are given.
        rules.validate_exp = false;
        Self {
            key: DecodingKey::from_secret(key.as_bytes()),
            rules,
            verified: Arc::default(),
        }
    }

    /// Whose token this is.
    pub fn verify(
        &self,
        token: &HeaderValue,
        now: Timestamp,
    ) -> Result<(TenantId, Actor), InvalidIdentity> {
        if let Some(identity) = self.verified.get(token, now) {
            return Ok(identity);
        }
        if token.len() > MAX_TOKEN_LENGTH {
            return Err(InvalidIdentity);
        }
        let claims: Claims = jsonwebtoken::decode(token.as_bytes(), &self.key, &self.rules)
            .map_err(|_| InvalidIdentity)?
            .claims;
        let expiry = expiry(&claims, now)?;
        let actor = Actor::parse(&claims.sub).map_err(|_| InvalidIdentity)?;
        let identity = (TenantId::new(claims.tenant), actor);
        self.verified
            .insert(token.clone(), identity.clone(), now, expiry);
        Ok(identity)
    }
}

/// Until when the claims may be believed.
fn expiry(claims: &Claims, now: Timestamp) -> Result<Timestamp, InvalidIdentity> {
    let instant = |seconds: i64| Timestamp::from_micros(seconds.saturating_mul(1_000_000));
    let (issued, expires) = (instant(claims.iat), instant(claims.exp));
    let from_the_future = issued > now.saturating_add(LEEWAY);
    // A token that lives longer than ours do was not made by our gateway.
    let lives_too_long = expires.since(issued) > LIFETIME;
    let expiry = expires.saturating_add(LEEWAY);
    if from_the_future || lives_too_long || expiry <= now {
        return Err(InvalidIdentity);
    }
    Ok(expiry)
}

fn seconds(instant: Timestamp) -> i64 {
    instant.as_micros().div_euclid(1_000_000)
}

/// Values that are good until an instant; bounded.
struct Cache<K, V>(Mutex<HashMap<K, (V, Timestamp)>>);

impl<K, V> Default for Cache<K, V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Eq + Hash, V: Clone> Cache<K, V> {
    fn get(&self, key: &K, now: Timestamp) -> Option<V> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries
            .get(key)
            .filter(|(_, until)| *until > now)
            .map(|(value, _)| value.clone())
    }

    fn insert(&self, key: K, value: V, now: Timestamp, until: Timestamp) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CACHE_CAPACITY {
            entries.retain(|_, (_, until)| *until > now);
        }
        // Still full of good entries: forgetting them costs a few microseconds each, once.
        if entries.len() >= CACHE_CAPACITY {
            entries.clear();
        }
        entries.insert(key, (value, until));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Timestamp = Timestamp::from_micros(1_772_366_400_000_000);

    fn ada() -> Actor {
        Actor::parse("users/ada").unwrap()
    }

    fn at(seconds: u64) -> Timestamp {
        NOON.saturating_add(Duration::from_secs(seconds))
    }

    fn pair() -> (InternalSigner, InternalVerifier) {
        let key = SecretKey::generate();
        (InternalSigner::new(&key), InternalVerifier::new(&key))
    }

    fn forge(key: &SecretKey, change: impl FnOnce(&mut Claims)) -> HeaderValue {
        let mut claims = Claims {
            aud: AUDIENCE.into(),
            sub: "users/ada".into(),
            tenant: TenantId::EMBEDDED.as_uuid(),
            iat: seconds(NOON),
            exp: seconds(at(60)),
        };
        change(&mut claims);
        let key = EncodingKey::from_secret(key.as_bytes());
        let token = jsonwebtoken::encode(&Header::default(), &claims, &key).unwrap();
        HeaderValue::try_from(token).unwrap()
    }

    #[test]
    fn a_service_learns_who_acts_for_whom() {
        let (signer, verifier) = pair();
        let token = signer.sign(TenantId::EMBEDDED, &ada(), NOON).unwrap();
        assert_eq!(
            verifier.verify(&token, NOON),
            Ok((TenantId::EMBEDDED, ada()))
        );
    }

    #[test]
    fn an_identity_expires_also_when_it_was_believed_before() {
        let (signer, verifier) = pair();
        let token = signer.sign(TenantId::EMBEDDED, &ada(), NOON).unwrap();
        assert!(verifier.verify(&token, at(64)).is_ok());
        assert_eq!(verifier.verify(&token, at(65)), Err(InvalidIdentity));
    }

    #[test]
    fn a_token_is_signed_again_after_half_its_life() {
        let (signer, _) = pair();
        let sign = |now| signer.sign(TenantId::EMBEDDED, &ada(), now).unwrap();
        let first = sign(NOON);
        assert_eq!(sign(at(29)), first);
        assert_ne!(sign(at(30)), first);
    }

    #[test]
    fn another_identity_gets_another_token() {
        let (signer, verifier) = pair();
        let other = TenantId::new(Uuid::from_u128(2));
        signer.sign(TenantId::EMBEDDED, &ada(), NOON).unwrap();
        let token = signer.sign(other, &ada(), NOON).unwrap();
        assert_eq!(verifier.verify(&token, NOON).unwrap().0, other);
    }

    #[test]
    fn foreign_and_odd_tokens_are_refused() {
        let key = SecretKey::generate();
        let verifier = InternalVerifier::new(&key);
        assert!(verifier.verify(&forge(&key, |_| ()), NOON).is_ok());

        let foreign = forge(&SecretKey::generate(), |_| ());
        let other_audience = forge(&key, |claims| claims.aud = "elsewhere".into());
        let too_long = forge(&key, |claims| claims.exp += 1);
        let tomorrow = forge(&key, |claims| {
            claims.iat += 86_400;
            claims.exp += 86_400;
        });
        let nobody = forge(&key, |claims| claims.sub.clear());
        let noise = HeaderValue::from_static("not a token");
        for token in [foreign, other_audience, too_long, tomorrow, nobody, noise] {
            assert_eq!(
                verifier.verify(&token, NOON),
                Err(InvalidIdentity),
                "{token:?}"
            );
        }
    }

    #[test]
    fn an_unsigned_token_is_refused() {
        let verifier = InternalVerifier::new(&SecretKey::generate());
        // {"alg":"none"} with claims that would be good.
        let claims = forge(&SecretKey::generate(), |_| ());
        let claims = claims
            .to_str()
            .unwrap()
            .split('.')
            .nth(1)
            .unwrap()
            .to_owned();
        let token = HeaderValue::try_from(format!("eyJhbGciOiJub25lIn0.{claims}.")).unwrap();
        assert_eq!(verifier.verify(&token, NOON), Err(InvalidIdentity));
    }

    #[test]
    fn the_cache_stays_bounded() {
        let cache = Cache::default();
        for key in 0..3 * CACHE_CAPACITY {
            cache.insert(key, (), NOON, at(60));
        }
        let size = cache.0.lock().unwrap().len();
        assert!(size <= CACHE_CAPACITY, "{size}");
    }
}
