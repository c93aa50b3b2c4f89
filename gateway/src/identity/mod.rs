//! Who calls: tokens to identities, roles to permissions.

mod jwks;
mod local;
mod provider;
mod roles;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use rapport_platform::identity::{Actor, TenantId};
use rapport_platform::time::Timestamp;

pub use jwks::KeyError;
pub use local::{LocalToken, LocalTokenError};
pub use provider::Provider;
pub use roles::{RoleError, Roles};

use crate::table::PermissionSet;

/// Longest token that is looked at, in bytes.
const MAX_TOKEN_LENGTH: usize = 4_096;

/// Who a token speaks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Whose data the caller sees.
    pub tenant: TenantId,
    /// Who acts.
    pub actor: Actor,
    /// The roles that the token names.
    pub roles: Vec<String>,
    /// What they grant.
    pub permissions: PermissionSet,
    /// When the token expires; the local token does not.
    pub expires: Option<Timestamp>,
}

/// Why a call has no identity. The caller is told no more than what helps an honest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// No `authorization` header.
    #[error("Send a bearer token in the header `authorization`.")]
    Missing,
    /// More than one header, or not `Bearer TOKEN`.
    #[error("The header `authorization` must be given once, as `Bearer TOKEN`.")]
    NotBearer,
    /// Not our local token, or not signed by the identity provider, or not for us.
    #[error("The token is not one that this gateway trusts.")]
    Untrusted,
    /// Signed, but its claims name no tenant or no one who can act.
    #[error(
        "The token's claims are unusable: it needs `sub`, `tenant` (a UUID) and `exp`, and `sub` \
         must be printable."
    )]
    Claims,
    /// Expired.
    #[error("The token has expired. Get a new one.")]
    Expired,
    /// Not valid yet.
    #[error("The token is not valid yet.")]
    NotYetValid,
}

/// Turns the header of a call into an identity.
#[derive(Debug)]
pub struct Authenticator {
    local: Option<LocalToken>,
    provider: Option<Arc<Provider>>,
}

/// Nobody could ever be authenticated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is neither a local token nor an identity provider: nobody could call the gateway")]
pub struct NobodyAuthenticates;

impl Authenticator {
    /// Believes the local token, the provider, or both.
    ///
    /// # Errors
    /// When there is neither.
    pub fn new(
        local: Option<LocalToken>,
        provider: Option<Arc<Provider>>,
    ) -> Result<Self, NobodyAuthenticates> {
        if local.is_none() && provider.is_none() {
            return Err(NobodyAuthenticates);
        }
        Ok(Self { local, provider })
    }

    /// Who sent a call with these headers.
    ///
    /// # Errors
    /// When the token is missing, not trusted or expired.
    pub fn authenticate(
        &self,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Arc<Identity>, TokenError> {
        let token = bearer(headers)?;
        if let Some(local) = &self.local
            && local.is(token)
        {
            return Ok(Arc::clone(local.identity()));
        }
        match &self.provider {
            Some(provider) => provider.identify(token, now),
            None => Err(TokenError::Untrusted),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Result<&str, TokenError> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(TokenError::Missing)?;
    // Two tokens would leave it to chance whose call it is.
    if values.next().is_some() {
        return Err(TokenError::NotBearer);
    }
    let value = value.to_str().map_err(|_| TokenError::NotBearer)?;
    let (scheme, token) = value.split_once(' ').ok_or(TokenError::NotBearer)?;
    let token = token.trim();
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() {
        return Err(TokenError::NotBearer);
    }
    if token.len() > MAX_TOKEN_LENGTH {
        return Err(TokenError::Untrusted);
    }
    Ok(token)
}
