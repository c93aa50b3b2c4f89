//! Why a call is not let through, and what the caller reads about it.

use rapport_platform::problem::{FieldViolation, Problem, RETRY_AFTER};
use rapport_proto::rapport::r#type::v1::ErrorReason;
use tonic::{Code, Status};
use uuid::Uuid;

use crate::identity::TokenError;

/// A call that is not let through.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no such RPC, or nobody serves it here.
    #[error("no such RPC")]
    MethodUnknown {
        /// The path of the call.
        path: String,
    },
    /// The call has no identity.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The caller's roles lack the RPC's permission.
    #[error("permission `{permission}` is missing")]
    PermissionDenied {
        /// The permission.
        permission: String,
    },
    /// The bytes are not a message of the RPC's request type.
    #[error("malformed message: {0}")]
    Malformed(&'static str),
    /// Fields break their `buf.validate` rules.
    #[error("invalid fields")]
    Invalid(Vec<FieldViolation>),
    /// The message is longer than what is read to judge it.
    #[error("message over {limit} bytes")]
    MessageTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The message holds more fields than a request may.
    #[error("message over {limit} fields")]
    TooManyFields {
        /// The limit.
        limit: usize,
    },
    /// The message is compressed in a way that is not read.
    #[error("compression not supported")]
    UnsupportedCompression {
        /// The value of `grpc-encoding`.
        encoding: String,
    },
    /// The gateway holds back as much as it can.
    #[error("overloaded")]
    Overloaded,
    /// The customer service refuses the contact: the customer's choice, or there is no such
    /// customer.
    #[error("the customer service refuses: {}", .0.code())]
    Answered(Box<Status>),
    /// The service behind, or the customer service, does not answer.
    #[error("a service does not answer")]
    Unavailable,
    /// The deadline passed.
    #[error("deadline exceeded")]
    DeadlineExceeded,
    /// The caller went away while it was sending.
    #[error("cancelled")]
    Cancelled,
    /// A fault of ours; it has been logged.
    #[error("internal fault")]
    Internal,
}

impl Refusal {
    /// The answer to the call.
    pub fn into_status(self, call_id: Uuid) -> Status {
        match self {
            // Already in the words and with the details that our services use.
            Self::Answered(status) => *status,
            refusal => refusal.problem().into_status(call_id),
        }
    }

    fn problem(self) -> Problem {
        match self {
            Self::MethodUnknown { path } => {
                let message = "There is no such RPC here. Compare with the protos of this version.";
                Problem::new(Code::Unimplemented, ErrorReason::MethodUnknown, message)
                    .with_metadata("method", path)
            }
            Self::Token(TokenError::Missing) => {
                Problem::token_missing(TokenError::Missing.to_string())
            }
            Self::Token(error) => Problem::token_invalid(error.to_string()),
            Self::PermissionDenied { permission } => Problem::permission_denied(&permission),
            Self::Malformed(what) => Problem::new(
                Code::InvalidArgument,
                ErrorReason::MalformedMessage,
                format!("{what} Regenerate the client from the current protos."),
            ),
            Self::Invalid(violations) => Problem::invalid(violations),
            Self::MessageTooLarge { limit } => Problem::new(
                Code::ResourceExhausted,
                ErrorReason::MessageTooLarge,
                format!("A message may have {limit} bytes. Send less, or in several calls."),
            )
            .with_metadata("limit_bytes", limit.to_string()),
            Self::TooManyFields { limit } => Problem::new(
                Code::ResourceExhausted,
                ErrorReason::MessageTooLarge,
                format!("A message may hold {limit} fields. Send less, or in several calls."),
            )
            .with_metadata("limit_fields", limit.to_string()),
            Self::UnsupportedCompression { encoding } => Problem::new(
                Code::Unimplemented,
                ErrorReason::UnsupportedCompression,
                "Requests may be compressed with gzip, or not at all.",
            )
            .with_metadata("encoding", encoding),
            Self::Overloaded => Problem::new(
                Code::ResourceExhausted,
                ErrorReason::Overloaded,
                "The gateway holds as many messages as it can. Retry with back-off.",
            )
            .with_retry_after(RETRY_AFTER),
            Self::Answered(_) | Self::Internal => Problem::internal(),
            Self::Unavailable => Problem::unavailable(),
            Self::DeadlineExceeded => Problem::deadline_exceeded(),
            Self::Cancelled => Problem::new(
                Code::Cancelled,
                ErrorReason::Cancelled,
                "The caller went away before the call was complete.",
            ),
        }
    }
}
