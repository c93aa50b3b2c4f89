//! Who acts, for which tenant, in which call.
//!
//! The gateway authenticates callers once and passes a short-lived signed identity on;
//! services believe nothing else, so that nobody gains anything by reaching their port.

mod layer;
mod token;

use std::fmt;
use std::sync::Arc;

use sea_orm::DeriveValueType;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use layer::{IdentityLayer, IdentityService};
pub use token::{IDENTITY_HEADER, InternalSigner, InternalVerifier, InvalidIdentity};

use crate::id::new_id;
use crate::problem::Problem;
use crate::time::Timestamp;

/// Header with the call's id, a UUID; the gateway sets it and every answer names it.
pub const CALL_ID_HEADER: &str = "x-request-id";

/// Header with the contact permit that the gateway reserved for the call, a UUID. Only the gateway
/// can set it: callers' headers of this kind do not pass, and services believe nobody else.
pub const PERMIT_HEADER: &str = "x-rapport-permit";

/// The company whose data a call may see. First column of every primary key.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    DeriveValueType,
)]
#[serde(transparent)]
pub struct TenantId(Uuid);

impl TenantId {
    /// The only tenant of the embedded default.
    pub const EMBEDDED: Self = Self(Uuid::from_u128(0x7000_8000_0000_0000_0001));

    /// The tenant with this id.
    pub const fn new(id: Uuid) -> Self {
        Self(id)
    }

    /// Its id.
    pub const fn as_uuid(self) -> Uuid {
        self.0
    }
}

/// No tenant is numbered by the database; sea-orm asks this of every key column.
impl sea_orm::TryFromU64 for TenantId {
    fn try_from_u64(_: u64) -> Result<Self, sea_orm::DbErr> {
        Err(sea_orm::DbErr::ConvertFromU64("TenantId"))
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Who acts, as a resource name: `employees/…`, `users/…` or `systems/…`.
///
/// Cheap to clone: every call carries one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Actor(Arc<str>);

/// The text is not the resource name of someone who can act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an actor is `employees/ID`, `users/ID` or `systems/ID`, up to 200 printable ASCII characters"
)]
pub struct InvalidActor;

impl Actor {
    const COLLECTIONS: [&str; 3] = ["employees/", "users/", "systems/"];
    const MAX_LENGTH: usize = 200;

    /// Parses the resource name of an employee, a user or a system.
    pub fn parse(name: &str) -> Result<Self, InvalidActor> {
        let id = Self::COLLECTIONS
            .iter()
            .find_map(|collection| name.strip_prefix(collection))
            .ok_or(InvalidActor)?;
        let readable = id
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'/');
        if id.is_empty() || !readable || name.len() > Self::MAX_LENGTH {
            return Err(InvalidActor);
        }
        Ok(Self(name.into()))
    }

    /// The resource name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What every handler and repository takes first.
#[derive(Clone, Debug)]
pub struct Context {
    /// Whose data.
    pub tenant: TenantId,
    /// Who acts.
    pub actor: Actor,
    /// Ties the answer, the logs and the trace of one call together.
    pub call_id: Uuid,
    /// When the call arrived; the one instant that all its effects share.
    pub now: Timestamp,
    /// W3C `traceparent` of the caller, carried on into events.
    pub trace_parent: Option<String>,
    /// The contact permit that the gateway reserved for the call, if it reaches out.
    pub permit: Option<Uuid>,
}

impl Context {
    /// Work that no caller started, such as an import that is resumed, with a call id of
    /// its own.
    pub fn new(tenant: TenantId, actor: Actor, now: Timestamp) -> Self {
        Self {
            tenant,
            actor,
            call_id: new_id(),
            now,
            trace_parent: None,
            permit: None,
        }
    }

    /// The context that [`IdentityLayer`] put into the request.
    ///
    /// Its absence is a fault of ours: the service was mounted without the layer. It is
    /// answered like a missing identity, so that the mistake lets nobody in.
    pub fn of<T>(request: &tonic::Request<T>) -> Result<Self, Problem> {
        request.extensions().get::<Self>().cloned().ok_or_else(|| {
            tracing::error!("a service is mounted without its IdentityLayer");
            Problem::token_missing("The call carries no identity. Call through the gateway.")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_tenant_is_the_documented_one() {
        assert_eq!(
            TenantId::EMBEDDED.to_string(),
            "00000000-0000-7000-8000-000000000001"
        );
    }

    #[test]
    fn only_people_and_systems_act() {
        for name in ["employees/1", "users/ada@example.com", "systems/web-shop"] {
            assert_eq!(Actor::parse(name).unwrap().as_str(), name);
        }
        let long = format!("users/{}", "x".repeat(200));
        for name in [
            "",
            "users/",
            "customers/1",
            "users/a b",
            "users/a/b",
            "users/é",
            &long,
        ] {
            assert_eq!(Actor::parse(name), Err(InvalidActor), "{name}");
        }
    }

    #[test]
    fn a_request_without_context_is_refused() {
        let refused = Context::of(&tonic::Request::new(())).unwrap_err();
        assert_eq!(refused.reason_name(), "TOKEN_MISSING");
    }
}
