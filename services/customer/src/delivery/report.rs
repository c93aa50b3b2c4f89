//! What a connector says became of a message.

use std::time::Duration;

use crate::domain::delivery::{AttemptResult, FailureClass};

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Report {
    /// How the attempt ended.
    pub(crate) result: AttemptResult,
    /// The class of the failure.
    pub(crate) failure: Option<FailureClass>,
    /// How the other side names the message.
    pub(crate) provider_message_id: Option<String>,
    /// How long the other side asks us to wait.
    pub(crate) retry_after: Option<Duration>,
    /// The URL whose receiver wants no more messages at all.
    pub(crate) stopped_url: Option<String>,
}

impl Report {
    /// The other side took it over.
    pub(crate) fn sent(provider_message_id: impl Into<String>) -> Self {
        Self {
            provider_message_id: Some(provider_message_id.into()),
            ..Self::of(AttemptResult::Sent)
        }
    }

    /// It failed so, for this reason.
    pub(crate) fn failed(result: AttemptResult, failure: FailureClass) -> Self {
        Self {
            failure: Some(failure),
            ..Self::of(result)
        }
    }

    /// It ended so.
    pub(crate) const fn of(result: AttemptResult) -> Self {
        Self {
            result,
            failure: None,
            provider_message_id: None,
            retry_after: None,
            stopped_url: None,
        }
    }
}
