//! Tokens of an identity provider: JWTs (RFC 7519) verified with its public keys.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use jsonwebtoken::{Validation, decode, decode_header};
use rapport_platform::identity::{Actor, TenantId};
use rapport_platform::server::Worker;
use rapport_platform::time::Timestamp;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::jwks::{self, KeyError, TrustedKey};
use super::{Identity, Roles, TokenError};
use crate::config::ProviderConfig;

/// Tokens remembered as verified: at most about 40 MB, typically 10.
const CACHE_CAPACITY: usize = 10_000;

/// Believes the tokens of one identity provider.
pub struct Provider {
    config: ProviderConfig,
    roles: Roles,
    keys: ArcSwap<KeySet>,
}

/// Keys, and the tokens that were verified with them: when the keys change, what was believed
/// because of them is forgotten.
struct KeySet {
    text: Vec<u8>,
    keys: Vec<TrustedKey>,
    verified: RwLock<HashMap<Box<str>, Arc<Identity>>>,
}

/// The claims that are used.
#[derive(Deserialize)]
struct Claims {
    sub: String,
    tenant: Uuid,
    #[serde(default)]
    roles: Vec<String>,
    /// Seconds since the epoch; RFC 7519 allows fractions.
    exp: f64,
    nbf: Option<f64>,
}

impl Provider {
    /// Reads the provider's keys.
    ///
    /// # Errors
    /// When the file cannot be read or holds no usable key.
    pub fn load(config: ProviderConfig, roles: Roles) -> Result<Self, KeyError> {
        let keys = KeySet::read(&config)?;
        Ok(Self {
            config,
            roles,
            keys: ArcSwap::from_pointee(keys),
        })
    }

    /// Who the token speaks for.
    ///
    /// # Errors
    /// When it is not signed by the provider, not meant for us, or expired.
    pub fn identify(&self, token: &str, now: Timestamp) -> Result<Arc<Identity>, TokenError> {
        let keys = self.keys.load();
        let identity = match keys.remembered(token) {
            Some(identity) => identity,
            None => {
                let identity = Arc::new(self.verify(token, &keys.keys, now)?);
                keys.remember(token, Arc::clone(&identity), now);
                identity
            }
        };
        let good_until = identity
            .expires
            .map(|at| at.saturating_add(self.config.leeway));
        match good_until {
            Some(good_until) if now < good_until => Ok(identity),
            _ => Err(TokenError::Expired),
        }
    }

    fn verify(
        &self,
        token: &str,
        keys: &[TrustedKey],
        now: Timestamp,
    ) -> Result<Identity, TokenError> {
        let header = decode_header(token).map_err(|_| TokenError::Untrusted)?;
        // RFC 7515: a header that must be understood and is not makes the token invalid.
        if header.crit.is_some() {
            return Err(TokenError::Untrusted);
        }
        let claims = keys
            .iter()
            .filter(|key| key.algorithm == header.alg)
            .filter(|key| header.kid.is_none() || key.id.is_none() || key.id == header.kid)
            .find_map(|key| {
                decode::<serde_json::Value>(token, &key.key, &self.validation(key)).ok()
            })
            .ok_or(TokenError::Untrusted)?
            .claims;
        let claims = Claims::deserialize(claims).map_err(|_| TokenError::Claims)?;
        if claims
            .nbf
            .is_some_and(|nbf| instant(nbf) > now.saturating_add(self.config.leeway))
        {
            return Err(TokenError::NotYetValid);
        }
        Ok(Identity {
            tenant: TenantId::new(claims.tenant),
            actor: actor(&claims.sub)?,
            permissions: self.roles.permissions(&claims.roles),
            roles: claims.roles,
            expires: Some(instant(claims.exp)),
        })
    }

    fn validation(&self, key: &TrustedKey) -> Validation {
        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[&self.config.issuer]);
        validation.set_audience(&[&self.config.audience]);
        validation.set_required_spec_claims(&["iss", "aud", "sub", "exp"]);
        // Judged by the clock that we are given, here as for remembered tokens.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }

    /// Reads the file again and, if it changed, believes the keys in it from now on.
    ///
    /// # Errors
    /// When it cannot be read or holds no usable key; the keys before stay in force.
    pub fn reload(&self) -> Result<bool, KeyError> {
        let fresh = KeySet::read(&self.config)?;
        let changed = fresh.text != self.keys.load().text;
        if changed {
            self.keys.store(Arc::new(fresh));
        }
        Ok(changed)
    }

    /// Looks at the file again and again, and believes the keys in it when it changes.
    pub fn worker(self: &Arc<Self>) -> Worker {
        let provider = Arc::clone(self);
        Worker::new("provider-keys", move |stop| {
            Arc::clone(&provider).keep_fresh(stop)
        })
    }

    async fn keep_fresh(self: Arc<Self>, stop: CancellationToken) {
        // A reload interval of zero would spin.
        let pause = self.config.reload.max(Duration::from_millis(100));
        while stop
            .run_until_cancelled(tokio::time::sleep(pause))
            .await
            .is_some()
        {
            let provider = Arc::clone(&self);
            match tokio::task::spawn_blocking(move || provider.reload()).await {
                Ok(Ok(true)) => tracing::info!("the identity provider's keys changed"),
                Ok(Ok(false)) => {}
                Ok(Err(error)) => {
                    tracing::error!(%error, "the identity provider's keys stay as they were");
                }
                Err(error) => tracing::error!(%error, "reading the keys failed"),
            }
        }
    }
}

impl fmt::Debug for Provider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Provider")
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

impl KeySet {
    fn read(config: &ProviderConfig) -> Result<Self, KeyError> {
        let path = &config.jwks_file;
        let text = std::fs::read(path).map_err(|cause| KeyError::File {
            path: path.clone(),
            cause,
        })?;
        Ok(Self {
            keys: jwks::parse(&text, path)?,
            text,
            verified: RwLock::default(),
        })
    }

    fn remembered(&self, token: &str) -> Option<Arc<Identity>> {
        let verified = self.verified.read().unwrap_or_else(PoisonError::into_inner);
        verified.get(token).cloned()
    }

    fn remember(&self, token: &str, identity: Arc<Identity>, now: Timestamp) {
        let mut verified = self
            .verified
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= CACHE_CAPACITY {
            verified.retain(|_, identity| identity.expires.is_some_and(|at| at > now));
        }
        // Still full of good tokens: verifying them again costs less than keeping order.
        if verified.len() >= CACHE_CAPACITY {
            verified.clear();
        }
        verified.insert(token.into(), identity);
    }
}

/// A subject that is no resource name yet is a user of the provider.
fn actor(subject: &str) -> Result<Actor, TokenError> {
    Actor::parse(subject)
        .or_else(|_| Actor::parse(&format!("users/{subject}")))
        .map_err(|_| TokenError::Claims)
}

/// The cast saturates, and `Timestamp` brings the rest into range.
fn instant(seconds: f64) -> Timestamp {
    Timestamp::from_micros((seconds * 1e6) as i64)
}
