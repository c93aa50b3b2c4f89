//! What callers read when a call fails: a reason for programs, a sentence for people, and
//! what to do about it. A problem never holds SQL, causes or personal data.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use rapport_proto::rapport::r#type::v1::ErrorReason;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};
use uuid::Uuid;

/// `google.rpc.ErrorInfo.domain` of every answer.
pub const ERROR_DOMAIN: &str = "rapport.dev";

/// Back-off we ask for when a dependency does not answer.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A status travels in HTTP trailers, where common clients accept 8 KiB in all: what a
/// caller can make long is cut to this many bytes …
const MAX_TEXT: usize = 240;
/// … and lists to this many entries; more become visible when the first are mended.
const MAX_VIOLATIONS: usize = 8;

/// A field of the request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldViolation {
    /// Path from the request message, such as `customer.person.full_name`.
    pub field: String,
    /// What is wrong and what to send instead. Never repeats the value.
    pub description: String,
}

impl FieldViolation {
    /// Describes what is wrong with `field`.
    pub fn new(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            description: description.into(),
        }
    }

    /// The same violation seen from the message that holds the field in `parent`.
    #[must_use]
    pub fn under(mut self, parent: &str) -> Self {
        self.field = format!("{parent}.{}", self.field);
        self
    }
}

/// A state that must change before the call can succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PreconditionViolation {
    /// Kind of condition in SCREAMING_SNAKE_CASE, such as `ETAG`.
    pub kind: String,
    /// Resource name of what is in the wrong state.
    pub subject: String,
    /// The state it is in and what is possible.
    pub description: String,
}

/// The answer to a failed call; becomes a `google.rpc.Status` with its details.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    code: Code,
    reason: ErrorReason,
    message: String,
    metadata: BTreeMap<String, String>,
    violations: Vec<FieldViolation>,
    preconditions: Vec<PreconditionViolation>,
    retry_after: Option<Duration>,
}

impl Problem {
    /// A problem with nothing but its code, reason and sentence.
    pub fn new(code: Code, reason: ErrorReason, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            metadata: BTreeMap::new(),
            violations: Vec::new(),
            preconditions: Vec::new(),
            retry_after: None,
        }
    }

    /// Fields of the request break rules.
    pub fn invalid(violations: Vec<FieldViolation>) -> Self {
        let shown: Vec<&str> = violations
            .iter()
            .take(MAX_VIOLATIONS)
            .map(|v| v.field.as_str())
            .collect();
        let more = match violations.len().saturating_sub(shown.len()) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let message = format!("Correct these fields: {}{more}.", shown.join(", "));
        Self {
            violations,
            ..Self::new(Code::InvalidArgument, ErrorReason::InvalidField, message)
        }
    }

    /// A header of the call can't be read.
    pub fn invalid_header(header: &str, expected: &str) -> Self {
        let message = format!("Header `{header}` must be {expected}.");
        Self::new(Code::InvalidArgument, ErrorReason::InvalidHeader, message)
            .with_metadata("header", header)
    }

    /// There is no such resource in the caller's tenant.
    pub fn not_found(resource: &str) -> Self {
        let message = format!("There is no `{resource}`, or it was deleted.");
        Self::new(Code::NotFound, ErrorReason::ResourceNotFound, message)
            .with_metadata("resource", resource)
    }

    /// The identifier is taken by `resource`.
    pub fn already_exists(resource: &str) -> Self {
        let message = format!("`{resource}` has this identifier already.");
        Self::new(Code::AlreadyExists, ErrorReason::ResourceExists, message)
            .with_metadata("resource", resource)
    }

    /// The resource changed since the caller read it.
    pub fn etag_mismatch(resource: &str) -> Self {
        let message = format!(
            "`{resource}` changed since you read it. Read it again, apply your change to it and retry."
        );
        Self::new(Code::Aborted, ErrorReason::EtagMismatch, message)
            .with_metadata("resource", resource)
            .with_precondition(
                "ETAG",
                resource,
                "The etag is not that of the current version.",
            )
    }

    /// Concurrent writes kept colliding; the same call may succeed soon.
    pub fn conflict() -> Self {
        let message = "Concurrent writes kept colliding. Retry with back-off.";
        Self::new(Code::Aborted, ErrorReason::Conflict, message).with_retry_after(RETRY_AFTER)
    }

    /// The caller's roles do not grant `permission`.
    pub fn permission_denied(permission: &str) -> Self {
        let message = format!(
            "You need the permission `{permission}`. Ask an administrator for a role that grants it."
        );
        Self::new(
            Code::PermissionDenied,
            ErrorReason::PermissionDenied,
            message,
        )
        .with_metadata("permission", permission)
    }

    /// The call carries no identity.
    pub fn token_missing(message: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, ErrorReason::TokenMissing, message)
    }

    /// The call's identity is not one of ours, or no longer.
    pub fn token_invalid(message: impl Into<String>) -> Self {
        Self::new(Code::Unauthenticated, ErrorReason::TokenInvalid, message)
    }

    /// A dependency does not answer; the same call may succeed soon.
    pub fn unavailable() -> Self {
        let message = "A dependency does not answer. Retry with back-off.";
        Self::new(Code::Unavailable, ErrorReason::Unavailable, message)
            .with_retry_after(RETRY_AFTER)
    }

    /// The caller's deadline passed while we worked.
    pub fn deadline_exceeded() -> Self {
        let message = "The deadline passed. Allow more time; a write with a `request_id` may be retried with the same id.";
        Self::new(
            Code::DeadlineExceeded,
            ErrorReason::DeadlineExceeded,
            message,
        )
    }

    /// A fault of ours. What happened is in the logs under the call's id only.
    pub fn internal() -> Self {
        Self::new(
            Code::Internal,
            ErrorReason::Internal,
            "This is a fault of ours.",
        )
    }

    /// Adds what a program needs to react, as the reason's documentation lists it.
    #[must_use]
    pub fn with_metadata(mut self, key: &str, value: impl Into<String>) -> Self {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// Adds a field of the request that is wrong.
    #[must_use]
    pub fn with_violation(mut self, violation: FieldViolation) -> Self {
        self.violations.push(violation);
        self
    }

    /// Adds a state that must change first.
    #[must_use]
    pub fn with_precondition(
        mut self,
        kind: impl Into<String>,
        subject: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        self.preconditions.push(PreconditionViolation {
            kind: kind.into(),
            subject: subject.into(),
            description: description.into(),
        });
        self
    }

    /// Asks the caller to wait this long before he retries.
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// The gRPC code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// The reason for programs.
    pub fn reason(&self) -> ErrorReason {
        self.reason
    }

    /// The reason as it is sent: `CHANNEL_REFUSED`.
    pub fn reason_name(&self) -> &'static str {
        let name = self.reason.as_str_name();
        name.strip_prefix("ERROR_REASON_").unwrap_or(name)
    }

    /// The sentence for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// What a program needs to react.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.metadata
    }

    /// The fields that are wrong.
    pub fn violations(&self) -> &[FieldViolation] {
        &self.violations
    }

    /// The gRPC status with its `google.rpc` details.
    ///
    /// `call_id` goes to the caller as `RequestInfo.request_id`: with it operators find the
    /// call in logs and traces.
    pub fn into_status(self, call_id: Uuid) -> Status {
        let message = match self.code {
            // The only thing such a caller can do is to tell someone.
            Code::Internal => {
                format!("{} Report call {call_id} to your operators.", self.message)
            }
            _ => clipped(&self.message),
        };
        let details = self.details(call_id);
        Status::with_error_details(self.code, message, details)
    }

    fn details(&self, call_id: Uuid) -> ErrorDetails {
        let mut details = ErrorDetails::new();
        let metadata: HashMap<String, String> = self
            .metadata
            .iter()
            .map(|(key, value)| (key.clone(), clipped(value)))
            .collect();
        details.set_error_info(self.reason_name(), ERROR_DOMAIN, metadata);
        details.set_request_info(call_id.to_string(), "");
        for violation in self.violations.iter().take(MAX_VIOLATIONS) {
            details.add_bad_request_violation(
                clipped(&violation.field),
                clipped(&violation.description),
            );
        }
        for violation in self.preconditions.iter().take(MAX_VIOLATIONS) {
            details.add_precondition_failure_violation(
                violation.kind.as_str(),
                clipped(&violation.subject),
                clipped(&violation.description),
            );
        }
        if self.retry_after.is_some() {
            details.set_retry_info(self.retry_after);
        }
        details
    }
}

/// `text`, or its beginning with an ellipsis.
fn clipped(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(MAX_TEXT)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_carries_every_detail() {
        let call = Uuid::from_u128(7);
        let status = Problem::etag_mismatch("customers/1")
            .with_violation(FieldViolation::new("etag", "stale").under("customer"))
            .with_retry_after(Duration::from_secs(2))
            .into_status(call);

        assert_eq!(status.code(), Code::Aborted);
        let details = status.get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(
            (info.reason.as_str(), info.domain.as_str()),
            ("ETAG_MISMATCH", "rapport.dev")
        );
        assert_eq!(info.metadata["resource"], "customers/1");
        assert_eq!(details.request_info().unwrap().request_id, call.to_string());
        assert_eq!(
            details.bad_request().unwrap().field_violations[0].field,
            "customer.etag"
        );
        let precondition = &details.precondition_failure().unwrap().violations[0];
        assert_eq!(
            (precondition.r#type.as_str(), precondition.subject.as_str()),
            ("ETAG", "customers/1")
        );
        assert_eq!(
            details.retry_info().unwrap().retry_delay,
            Some(Duration::from_secs(2))
        );
    }

    #[test]
    fn a_fault_of_ours_tells_the_caller_what_to_report() {
        let call = Uuid::from_u128(7);
        let status = Problem::internal().into_status(call);
        assert!(status.message().contains(&call.to_string()));
    }

    #[test]
    fn an_answer_fits_into_trailers_whatever_the_caller_sent() {
        let violation = || FieldViolation::new("é".repeat(10_000), "ü".repeat(10_000));
        let violations = std::iter::repeat_with(violation).take(1_000).collect();
        let status = Problem::invalid(violations)
            .with_metadata("path", "ö".repeat(10_000))
            .into_status(Uuid::nil());
        let fields = status.get_details_bad_request().unwrap().field_violations;
        assert_eq!(fields.len(), MAX_VIOLATIONS);
        let headers = status.into_http::<tonic::body::Body>().headers().clone();
        let size: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        assert!(size < 8 * 1024, "{size} bytes");
    }

    #[test]
    fn many_wrong_fields_are_counted() {
        let violations: Vec<_> = (0..10)
            .map(|i| FieldViolation::new(format!("f{i}"), "is wrong"))
            .collect();
        let message = Problem::invalid(violations).message().to_owned();
        assert_eq!(
            message,
            "Correct these fields: f0, f1, f2, f3, f4, f5, f6, f7 and 2 more."
        );
    }

    #[test]
    fn a_problem_without_retry_or_fields_says_nothing_of_them() {
        let details = Problem::not_found("customers/1")
            .into_status(Uuid::nil())
            .get_error_details();
        assert!(details.retry_info().is_none() && details.bad_request().is_none());
    }
}
