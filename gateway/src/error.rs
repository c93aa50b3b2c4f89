//! Why the gateway does not start.

use rapport_platform::public_url::InvalidPublicUrl;

use crate::config::ExposedAddress;
use crate::identity::{KeyError, LocalTokenError, NobodyAuthenticates, RoleError};
use crate::table::TableError;

/// A fault in the settings, the protos or the files the gateway needs. Each message says what
/// to change.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// It would be reachable from other machines.
    #[error(transparent)]
    Exposed(#[from] ExposedAddress),
    /// An RPC has no complete rule.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A role names what there is not.
    #[error(transparent)]
    Role(#[from] RoleError),
    /// The local token cannot be read or made.
    #[error(transparent)]
    LocalToken(#[from] LocalTokenError),
    /// The identity provider's keys cannot be read.
    #[error(transparent)]
    Keys(#[from] KeyError),
    /// Nobody could ever call.
    #[error(transparent)]
    Nobody(#[from] NobodyAuthenticates),
    /// The protos have a service that the gateway has no link to.
    #[error("no link leads to the proto service `{0}`: give one for it or for its package")]
    NoLink(String),
    /// Links would not work.
    #[error("the setting gateway.public_url cannot be used: {0}")]
    PublicUrl(#[from] InvalidPublicUrl),
    /// The pages cannot be put together.
    #[error("the pages cannot be shown: {0}")]
    Pages(String),
    /// The local token would be worth nothing.
    #[error("the local token speaks for the role `admin`, which is not among `roles`")]
    NoAdministrator,
}
