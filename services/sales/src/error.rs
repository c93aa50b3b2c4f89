//! What can go wrong in this service, and the one place where it becomes an answer.

use rapport_platform::db::Retryable;
use rapport_platform::error::{Answer, PlatformError};
use rapport_platform::invalid::InvalidFields;
use rapport_platform::problem::{FieldViolation, Problem};
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::r#type::v1::ErrorReason;
use sea_orm::DbErr;
use tonic::Code;

/// Why a call to the sales service failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A failure that every service knows.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// Other resources still depend on this one.
    #[error("{resource} has {dependents} dependents")]
    InUse {
        /// Name of the resource.
        resource: String,
        /// How many others depend on it.
        dependents: u64,
    },
    /// The caller sells and does not manage this seller.
    #[error("the caller does not manage {0}")]
    NotSubordinate(String),
    /// The resource's state does not allow this step.
    #[error("{resource} is {state}")]
    InvalidState {
        /// Name of the resource.
        resource: String,
        /// The state it is in, for programs: `WON`.
        state: &'static str,
        /// The state in words, and what is possible.
        why: &'static str,
    },
    /// The quote does not speak for the company.
    #[error("{resource} does not bind: {state}")]
    NotBinding {
        /// Name of the quote.
        resource: String,
        /// The state it is in.
        state: &'static str,
    },
    /// Somebody has something else then, and the caller asked to be refused.
    #[error("{resource} is busy")]
    CalendarConflict {
        /// Name of the seller.
        resource: String,
        /// When the other thing begins.
        start: Timestamp,
        /// When it ends.
        end: Timestamp,
    },
    /// No font has a character that a document needs.
    #[error("no font has {character}")]
    FontMissing {
        /// `U+738B`.
        character: String,
    },
    /// The caller would approve his own work.
    #[error("own work: {0}")]
    SelfApproval(String),
    /// Nothing that the caller holds covers what he would approve.
    #[error("no authority over {resource}")]
    AuthorityMissing {
        /// Name of what he would approve.
        resource: String,
        /// The level that it waits for.
        level: i16,
    },
}

impl Error {
    /// A single field breaks a rule.
    pub(crate) fn invalid(field: impl Into<String>, description: impl Into<String>) -> Self {
        PlatformError::invalid(field, description).into()
    }

    /// A message that the request can't do without is unset.
    pub(crate) fn missing(field: &str) -> Self {
        Self::invalid(field, "is required")
    }

    /// There is no such resource in the caller's tenant.
    pub(crate) fn not_found(resource: String) -> Self {
        PlatformError::NotFound(resource).into()
    }
}

impl From<DbErr> for Error {
    fn from(error: DbErr) -> Self {
        PlatformError::from(error).into()
    }
}

impl From<FieldViolation> for Error {
    fn from(violation: FieldViolation) -> Self {
        PlatformError::from(violation).into()
    }
}

impl From<Vec<FieldViolation>> for Error {
    fn from(violations: Vec<FieldViolation>) -> Self {
        PlatformError::Invalid(violations).into()
    }
}

/// A stored value that the code can't read: a fault of ours, met `during` some work.
pub(crate) fn unreadable<C>(during: &'static str) -> impl Fn(C) -> Error
where
    C: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    move |cause| PlatformError::internal(during, cause).into()
}

/// The error of an update that names the version it changes: without such a row, another
/// transaction was first. The work then runs again and meets the new version.
pub(crate) fn superseded(error: DbErr) -> Error {
    match error {
        DbErr::RecordNotUpdated => PlatformError::Conflict.into(),
        other => other.into(),
    }
}

/// The faults of the value in `field` of the request.
pub(crate) fn faults_of<F: Into<InvalidFields>>(field: &str) -> impl FnOnce(F) -> Error {
    move |faults| faults.into().at(field).into()
}

impl Retryable for Error {
    fn is_retryable(&self) -> bool {
        matches!(self, Self::Platform(error) if error.is_retryable())
    }
}

impl Answer for Error {
    fn problem(&self) -> Problem {
        let refused = |reason, message: String, resource: &str| {
            Problem::new(Code::FailedPrecondition, reason, message)
                .with_metadata("resource", resource)
        };
        let forbidden = |reason, message: String, resource: &str| {
            Problem::new(Code::PermissionDenied, reason, message)
                .with_metadata("resource", resource)
        };
        match self {
            Self::Platform(error) => error.problem(),
            Self::InUse {
                resource,
                dependents,
            } => refused(
                ErrorReason::ResourceInUse,
                format!("{dependents} others depend on `{resource}`. Change or delete them first."),
                resource,
            )
            .with_metadata("dependents", dependents.to_string()),
            Self::NotSubordinate(resource) => forbidden(
                ErrorReason::NotSubordinate,
                format!("You do not manage `{resource}`. Ask somebody above both of you."),
                resource,
            ),
            Self::InvalidState {
                resource,
                state,
                why,
            } => refused(
                ErrorReason::InvalidState,
                format!("`{resource}` {why}"),
                resource,
            )
            .with_metadata("state", *state)
            .with_precondition("STATE", resource, *why),
            Self::NotBinding { resource, state } => refused(
                ErrorReason::QuoteNotBinding,
                format!("`{resource}` does not bind the company: what it says is not approved, or its time is over. Submit it, or revise it first."),
                resource,
            )
            .with_metadata("state", *state),
            Self::CalendarConflict { resource, start, end } => refused(
                ErrorReason::CalendarConflict,
                format!("`{resource}` has something else from {start} to {end}. Choose another time, or do not ask to be refused."),
                resource,
            )
            .with_metadata("start_time", start.to_string())
            .with_metadata("end_time", end.to_string()),
            Self::FontMissing { character } => Problem::new(
                Code::FailedPrecondition,
                ErrorReason::FontMissing,
                format!("No font has the character {character}. Ask the operators to add one that has it (`sales.fonts`), or leave it out."),
            )
            .with_metadata("character", character.clone()),
            Self::SelfApproval(resource) => forbidden(
                ErrorReason::SelfApproval,
                "Nobody approves his own work, nor that of somebody for whom he acts, nor grants anything to himself. Ask somebody else.".to_owned(),
                resource,
            ),
            Self::AuthorityMissing { resource, level } => forbidden(
                ErrorReason::AuthorityMissing,
                "Nothing that was granted or delegated to you covers this. Ask somebody who holds more authority.".to_owned(),
                resource,
            )
            .with_metadata("level", level.to_string()),
        }
    }
}
