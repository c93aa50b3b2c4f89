//! What can go wrong in any service, and the one place where it becomes an answer.

mod database;

use std::error::Error;

use rapport_proto::rapport::r#type::v1::ErrorReason;
use sea_orm::DbErr;
use tonic::{Code, Status};
use uuid::Uuid;

pub use database::DatabaseFault;

use crate::problem::{FieldViolation, Problem};

/// Failures that the platform knows; every service's own enum wraps it.
#[derive(Debug, thiserror::Error)]
pub enum PlatformError {
    /// Fields of the request break rules.
    #[error("{} fields are invalid", .0.len())]
    Invalid(Vec<FieldViolation>),
    /// No such resource, by its name.
    #[error("{0} not found")]
    NotFound(String),
    /// The identifier is taken by this resource.
    #[error("{0} exists")]
    AlreadyExists(String),
    /// This resource changed since the caller read it.
    #[error("{0} has another etag")]
    EtagMismatch(String),
    /// The same `request_id` came with another body.
    #[error("request id reused with another body")]
    RequestIdReused,
    /// The page token was altered or belongs to another list.
    #[error("page token invalid")]
    PageTokenInvalid,
    /// The filter can't be read or names what can't be filtered.
    #[error("filter invalid at {position}")]
    FilterInvalid {
        /// Character in the filter, from 1.
        position: usize,
        /// What is wrong there and what is possible.
        why: String,
    },
    /// The update mask names a path that can't be set.
    #[error("update mask invalid")]
    MaskInvalid {
        /// The path as the caller sent it.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// Concurrent writes kept colliding.
    #[error("concurrent writes kept colliding")]
    Conflict,
    /// A dependency does not answer.
    #[error("{0} does not answer")]
    Unavailable(&'static str),
    /// The caller's deadline passed.
    #[error("deadline exceeded")]
    DeadlineExceeded,
    /// The database failed. Shown without SQL and without the data it was given, and
    /// therefore not as a `source`.
    #[error("database: {}", database::describe(.0))]
    Database(DbErr),
    /// A fault of ours: what we were doing, and why it failed.
    #[error("{0}")]
    Internal(&'static str, #[source] Cause),
}

/// The logged cause of a fault of ours. Nobody decides by it, so its type is erased.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Cause(Box<dyn Error + Send + Sync>);

impl PlatformError {
    /// A single field breaks a rule.
    pub fn invalid(field: impl Into<String>, description: impl Into<String>) -> Self {
        Self::Invalid(vec![FieldViolation::new(field, description)])
    }

    /// A fault of ours `during` some work.
    pub fn internal(during: &'static str, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Internal(during, Cause(cause.into()))
    }
}

impl From<DbErr> for PlatformError {
    fn from(error: DbErr) -> Self {
        Self::Database(error)
    }
}

impl From<FieldViolation> for PlatformError {
    fn from(violation: FieldViolation) -> Self {
        Self::Invalid(vec![violation])
    }
}

/// How a service's error enum answers the caller.
pub trait Answer: Error + Sized {
    /// What the caller reads. One exhaustive `match`, so that a new variant breaks the build.
    fn problem(&self) -> Problem;

    /// Logs the cause when it is ours to mend, and makes the status.
    fn into_status(self, call_id: Uuid) -> Status {
        let problem = self.problem();
        if matches!(problem.code(), Code::Internal | Code::Unavailable) {
            let cause = CauseChain(&self).to_string();
            tracing::error!(%call_id, reason = problem.reason_name(), cause, "call failed");
        }
        problem.into_status(call_id)
    }
}

impl Answer for PlatformError {
    fn problem(&self) -> Problem {
        let invalid = |reason, message: &str| Problem::new(Code::InvalidArgument, reason, message);
        match self {
            Self::Invalid(violations) => Problem::invalid(violations.clone()),
            Self::NotFound(resource) => Problem::not_found(resource),
            Self::AlreadyExists(resource) => Problem::already_exists(resource),
            Self::EtagMismatch(resource) => Problem::etag_mismatch(resource),
            Self::RequestIdReused => invalid(
                ErrorReason::RequestIdReused,
                "This `request_id` came with another request before. Use a new id for a new request.",
            ),
            Self::PageTokenInvalid => invalid(
                ErrorReason::InvalidPageToken,
                "The page token does not belong to this list. Start again without a token.",
            ),
            Self::FilterInvalid { position, why } => invalid(
                ErrorReason::InvalidFilter,
                &format!("The filter is wrong at character {position}: {why}"),
            )
            .with_metadata("position", position.to_string())
            .with_violation(FieldViolation::new("filter", why)),
            Self::MaskInvalid { path, why } => invalid(
                ErrorReason::InvalidUpdateMask,
                &format!("The update mask is wrong: `{path}` {why}"),
            )
            .with_metadata("path", path)
            .with_violation(FieldViolation::new(
                "update_mask",
                format!("`{path}` {why}"),
            )),
            Self::Conflict => Problem::conflict(),
            Self::Unavailable(_) => Problem::unavailable(),
            Self::DeadlineExceeded => Problem::deadline_exceeded(),
            Self::Database(error) => match DatabaseFault::of(error) {
                DatabaseFault::Unavailable => Problem::unavailable(),
                DatabaseFault::Contention => Problem::conflict(),
                DatabaseFault::Cancelled => Problem::deadline_exceeded(),
                DatabaseFault::Other => Problem::internal(),
            },
            Self::Internal(..) => Problem::internal(),
        }
    }
}

/// An error and its sources in one line.
struct CauseChain<'a>(&'a dyn Error);

impl std::fmt::Display for CauseChain<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(error) = source {
            write!(f, ": {error}")?;
            source = error.source();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use tonic_types::StatusExt as _;

    use super::*;

    #[test]
    fn every_failure_has_its_code_and_reason() {
        let name = || "customers/1".to_owned();
        let fault = DbErr::Custom("x".into());
        let lost = DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout);
        for (error, code, reason) in [
            (
                PlatformError::invalid("f", "why"),
                Code::InvalidArgument,
                "INVALID_FIELD",
            ),
            (
                PlatformError::NotFound(name()),
                Code::NotFound,
                "RESOURCE_NOT_FOUND",
            ),
            (
                PlatformError::AlreadyExists(name()),
                Code::AlreadyExists,
                "RESOURCE_EXISTS",
            ),
            (
                PlatformError::EtagMismatch(name()),
                Code::Aborted,
                "ETAG_MISMATCH",
            ),
            (
                PlatformError::RequestIdReused,
                Code::InvalidArgument,
                "REQUEST_ID_REUSED",
            ),
            (
                PlatformError::PageTokenInvalid,
                Code::InvalidArgument,
                "INVALID_PAGE_TOKEN",
            ),
            (PlatformError::Conflict, Code::Aborted, "CONFLICT"),
            (
                PlatformError::Unavailable("bus"),
                Code::Unavailable,
                "UNAVAILABLE",
            ),
            (
                PlatformError::DeadlineExceeded,
                Code::DeadlineExceeded,
                "DEADLINE_EXCEEDED",
            ),
            (
                PlatformError::Database(lost),
                Code::Unavailable,
                "UNAVAILABLE",
            ),
            (PlatformError::Database(fault), Code::Internal, "INTERNAL"),
        ] {
            let problem = error.problem();
            assert_eq!(
                (problem.code(), problem.reason_name()),
                (code, reason),
                "{error}"
            );
        }
    }

    #[test]
    fn a_wrong_mask_names_the_path() {
        let error = PlatformError::MaskInvalid {
            path: "nick".into(),
            why: "is unknown.".into(),
        };
        let details = error.into_status(Uuid::nil()).get_error_details();
        let info = details.error_info().unwrap();
        assert_eq!(
            (info.reason.as_str(), info.metadata["path"].as_str()),
            ("INVALID_UPDATE_MASK", "nick")
        );
    }

    #[test]
    fn a_fault_of_ours_hides_its_cause_from_the_caller() {
        let cause = io::Error::other("disk /dev/sda is full");
        let error = PlatformError::internal("writing the journal", cause);
        assert_eq!(
            CauseChain(&error).to_string(),
            "writing the journal: disk /dev/sda is full"
        );

        let status = error.into_status(Uuid::from_u128(9));
        assert_eq!(status.code(), Code::Internal);
        assert!(!format!("{status:?}").contains("sda"));
        assert!(status.message().contains(&Uuid::from_u128(9).to_string()));
    }

    #[test]
    fn the_log_has_the_cause_under_the_call_s_id_and_nothing_of_the_caller_s_mistakes() {
        let call = Uuid::from_u128(9);
        let cause = io::Error::other("disk full");
        let ours =
            logged(|| PlatformError::internal("writing the journal", cause).into_status(call));
        assert!(
            ours.contains("disk full") && ours.contains(&call.to_string()),
            "{ours}"
        );
        let theirs = logged(|| PlatformError::invalid("email", "is no address").into_status(call));
        assert_eq!(theirs, "");
    }

    /// What is logged while `work` runs.
    fn logged(work: impl FnOnce() -> Status) -> String {
        let log = Arc::new(Mutex::new(Vec::new()));
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(move || Log(writer.clone()))
            .with_ansi(false)
            .finish();
        tracing::subscriber::with_default(subscriber, work);
        let log = log.lock().unwrap();
        String::from_utf8(log.clone()).unwrap()
    }

    struct Log(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Log {
        fn write(&mut self, line: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(line)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_lost_connection_asks_for_a_retry() {
        let error = PlatformError::from(DbErr::ConnectionAcquire(sea_orm::ConnAcquireErr::Timeout));
        let status = error.into_status(Uuid::nil());
        assert_eq!(status.code(), Code::Unavailable);
        assert!(status.get_details_retry_info().is_some());
    }

    #[test]
    fn database_errors_show_neither_statement_nor_data() {
        let error = PlatformError::from(DbErr::Json("invalid type: string \"Ada\"".into()));
        assert!(!CauseChain(&error).to_string().contains("Ada"));
        assert!(!format!("{:?}", error.into_status(Uuid::nil())).contains("Ada"));
    }

    #[test]
    fn a_wrong_filter_says_where() {
        let error = PlatformError::FilterInvalid {
            position: 12,
            why: "expected a value.".into(),
        };
        let details = error.into_status(Uuid::nil()).get_error_details();
        assert_eq!(details.error_info().unwrap().metadata["position"], "12");
        assert_eq!(
            details.bad_request().unwrap().field_violations[0].field,
            "filter"
        );
    }
}
