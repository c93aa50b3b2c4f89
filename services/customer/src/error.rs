//! What can go wrong in this service, and the one place where it becomes an answer.

use rapport_platform::db::Retryable;
use rapport_platform::error::{Answer, PlatformError};
use rapport_platform::problem::{FieldViolation, Problem};
use rapport_proto::rapport::r#type::v1::ErrorReason;
use sea_orm::DbErr;
use tonic::Code;

use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::decision::Decision;
use crate::domain::contact::refusal::ContactRefusal;
use crate::domain::conversation::{ConversationClosed, ConversationState};
use crate::domain::invalid::InvalidFields;
use crate::domain::lifecycle::RefusedMove;

/// Why a call to the customer service failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A failure that every service knows.
    #[error(transparent)]
    Platform(#[from] PlatformError),
    /// This resource is deleted and takes no changes.
    #[error("{0} is deleted")]
    Deleted(String),
    /// This customer was merged into another one.
    #[error("{resource} is merged into {merged_into}")]
    Merged {
        /// Name of the customer.
        resource: String,
        /// Name of the other one.
        merged_into: String,
    },
    /// Other resources still depend on this one.
    #[error("{resource} has {dependents} dependents")]
    InUse {
        /// Name of the resource.
        resource: String,
        /// How many others depend on it.
        dependents: u64,
    },
    /// The resource's state does not allow this step.
    #[error("{resource} is {state}")]
    InvalidState {
        /// Name of the resource.
        resource: String,
        /// The state it is in, for programs: `NOT_DELETED`.
        state: &'static str,
        /// The state in words, and what is possible.
        why: &'static str,
    },
    /// This conversation takes no more interactions.
    #[error("{0} is closed")]
    ConversationClosed(String),
    /// The customer's stage does not lead to the one asked for.
    #[error("{customer} can't move")]
    MoveRefused {
        /// Name of the customer.
        customer: String,
        /// Where it stands and what is possible.
        refused: RefusedMove,
    },
    /// The configuration has no such connector.
    #[error("{0} is not configured")]
    ConnectorNotConfigured(&'static str),
    /// A connector reports about a delivery that it does not hold.
    #[error("the lease on {0} is lost")]
    LeaseLost(String),
    /// The customer is not to be contacted this way.
    #[error("{customer} is not to be contacted")]
    ContactRefused {
        /// Name of the customer.
        customer: String,
        /// The channel asked for.
        channel: Channel,
        /// What the contact was for.
        purpose: Purpose,
        /// Why not, and what is possible instead.
        decision: Box<Decision>,
        /// The note of the refusal, by which it can be explained, if it is kept.
        contact_permit: Option<String>,
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

impl From<Vec<FieldViolation>> for Error {
    fn from(violations: Vec<FieldViolation>) -> Self {
        PlatformError::Invalid(violations).into()
    }
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
        match self {
            Self::Platform(error) => error.problem(),
            Self::Deleted(resource) => refused(
                ErrorReason::ResourceDeleted,
                format!("`{resource}` is deleted. Undelete it first."),
                resource,
            ),
            Self::Merged {
                resource,
                merged_into,
            } => refused(
                ErrorReason::ResourceMerged,
                format!("`{resource}` is merged into `{merged_into}`. Name that one."),
                resource,
            )
            .with_metadata("merged_into", merged_into),
            Self::InUse {
                resource,
                dependents,
            } => refused(
                ErrorReason::ResourceInUse,
                format!("{dependents} others depend on `{resource}`. Change or delete them first."),
                resource,
            )
            .with_metadata("dependents", dependents.to_string()),
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
            Self::ConversationClosed(resource) => refused(
                ErrorReason::InvalidState,
                format!("`{resource}`: {ConversationClosed}."),
                resource,
            )
            .with_metadata("state", ConversationState::Closed.label())
            .with_precondition("STATE", resource, ConversationClosed.to_string()),
            Self::MoveRefused {
                customer,
                refused: why,
            } => refused(ErrorReason::InvalidState, why.to_string(), customer)
                .with_metadata("state", why.from.label())
                .with_precondition("LIFECYCLE_STAGE", customer, why.to_string()),
            Self::ConnectorNotConfigured(connector) => Problem::new(
                Code::FailedPrecondition,
                ErrorReason::ConnectorNotConfigured,
                format!("{connector} is not configured. Ask the operators, or choose another."),
            )
            .with_metadata("connector", *connector),
            Self::LeaseLost(resource) => refused(
                ErrorReason::LeaseLost,
                format!("The lease on `{resource}` ran out, or another holds it."),
                resource,
            ),
            Self::ContactRefused {
                customer,
                channel,
                purpose,
                decision,
                contact_permit,
            } => {
                let problem = contact_refused(customer, *channel, *purpose, decision);
                match contact_permit {
                    Some(name) => problem.with_metadata("contact_permit", name),
                    None => problem,
                }
            }
        }
    }
}

/// What the caller reads when a customer is not to be contacted this way.
fn contact_refused(
    customer: &str,
    channel: Channel,
    purpose: Purpose,
    decision: &Decision,
) -> Problem {
    let reasons = decision.reasons();
    let why: Vec<_> = reasons.iter().map(|it| it.words()).collect();
    let open: Vec<_> = decision.open_channels.iter().map(|it| it.label()).collect();
    let instead = match open.as_slice() {
        [] => "No other channel is open.".to_owned(),
        open => format!("Open in the customer's order: {}.", open.join(", ")),
    };
    let message = format!(
        "`{customer}` is not to be contacted on {channel} for {purpose}: {} {instead}",
        why.join(" ")
    );
    let reason = reasons
        .first()
        .map_or(ErrorReason::ChannelRefused, |it| reason_of(*it));
    let labels: Vec<_> = reasons.iter().map(|it| it.label()).collect();
    let mut problem = Problem::new(Code::FailedPrecondition, reason, message)
        .with_metadata("customer", customer)
        .with_metadata("channel", channel.label())
        .with_metadata("purpose", purpose.label())
        .with_metadata("reasons", labels.join(","))
        .with_metadata("open_channels", open.join(","));
    for reason in &reasons {
        problem = problem.with_precondition(reason.label(), customer, reason.words());
    }
    match decision.earliest {
        Some(earliest) => problem.with_metadata("earliest_time", earliest.to_string()),
        None => problem,
    }
}

const fn reason_of(refusal: ContactRefusal) -> ErrorReason {
    match refusal {
        ContactRefusal::ChannelRefused => ErrorReason::ChannelRefused,
        ContactRefusal::NoUsableContactPoint => ErrorReason::NoUsableContactPoint,
        ContactRefusal::OptedOut => ErrorReason::OptedOut,
        ContactRefusal::ConsentMissing | ContactRefusal::ConsentUnconfirmed => {
            ErrorReason::ConsentMissing
        }
        ContactRefusal::PurposeDisabled => ErrorReason::PurposeDisabled,
        ContactRefusal::Suppressed => ErrorReason::Suppressed,
        ContactRefusal::Paused => ErrorReason::ContactPaused,
        ContactRefusal::QuietHours => ErrorReason::QuietHours,
        ContactRefusal::CapReached => ErrorReason::ContactCapReached,
    }
}
