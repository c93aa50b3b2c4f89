//! The service's side of an event: what it does about it.

use sea_orm::{DatabaseTransaction, DbErr};

use super::Event;
use crate::db::Retryable;
use crate::error::PlatformError;
use crate::identity::Context;

/// Reacts to events of some kinds.
#[tonic::async_trait]
pub trait Consumer: Send + Sync + 'static {
    /// Tells it from the service's other consumers. Stored with every event that it has
    /// handled, so a new name sees events as new. Letters, digits, `-` and `_`.
    fn name(&self) -> &'static str;

    /// Full names of the messages that it reacts to.
    fn kinds(&self) -> Vec<String>;

    /// Does in `txn` what the event asks for; everything else about it, such as the note
    /// that it was handled, is in the same transaction. Must have no other effect.
    ///
    /// `ctx` is the consumer's own: the event's tenant, the actor `systems/{name}`.
    async fn handle(
        &self,
        txn: &DatabaseTransaction,
        ctx: &Context,
        event: &Event,
    ) -> Result<(), HandleError>;
}

/// Why an event was not handled.
#[derive(Debug, thiserror::Error)]
pub enum HandleError {
    /// Handling it again can't succeed: it goes to the dead letters at once, under this
    /// class, such as `CUSTOMER_UNKNOWN`.
    #[error("rejected: {0}")]
    Rejected(&'static str),
    /// May succeed when it is tried again. Lost connections are waited for; anything else
    /// goes to the dead letters after some attempts.
    #[error(transparent)]
    Failed(#[from] PlatformError),
}

impl From<DbErr> for HandleError {
    fn from(error: DbErr) -> Self {
        Self::Failed(error.into())
    }
}

impl Retryable for HandleError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Rejected(_) => false,
            Self::Failed(error) => error.is_retryable(),
        }
    }
}
