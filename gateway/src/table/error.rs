//! Why the gateway does not start.

use std::fmt;

use crate::scan::PathError;

/// Every fault in the protos' rules, so that all can be corrected at once.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub struct TableError {
    faults: Vec<Fault>,
}

impl TableError {
    /// An error made of these faults; `Ok` when there are none.
    pub(crate) fn unless_empty(faults: Vec<Fault>) -> Result<(), Self> {
        if faults.is_empty() {
            Ok(())
        } else {
            Err(Self { faults })
        }
    }

    /// The faults, in the order of the protos.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }
}

impl fmt::Display for TableError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the protos' rules are incomplete:")?;
        for fault in &self.faults {
            write!(f, "\n  {}: {}", fault.subject, fault.defect)?;
        }
        Ok(())
    }
}

/// One thing that is wrong, and where.
#[derive(Debug, PartialEq, Eq)]
pub struct Fault {
    /// Full name of the RPC or message, such as
    /// `rapport.customer.v1.CustomerService.CreateCustomer`.
    pub subject: String,
    /// What is wrong with it.
    pub defect: Defect,
}

/// What is wrong with an RPC's rule.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Defect {
    /// There is no `option (rapport.options.v1.rule)`.
    #[error("has no `option (rapport.options.v1.rule)`")]
    NoRule,
    /// The option is there but cannot be read.
    #[error("its rule cannot be read: {0}")]
    Unreadable(String),
    /// Neither `permission` nor `public`.
    #[error("its rule says neither `permission` nor `public`")]
    NoAccess,
    /// The permission is not `<area>.<resource>.<verb>`.
    #[error("its permission `{0}` is not of the form `<area>.<resource>.<verb>`")]
    Permission(String),
    /// Neither `exempt`, nor `outreach`, nor `inbound`.
    #[error("its rule says neither `exempt`, nor `outreach`, nor `inbound`")]
    NoInteraction,
    /// `public` or `exempt` is there without its reason.
    #[error("its rule says `{0}` without a reason")]
    NoReason(&'static str),
    /// No roll-out module.
    #[error("its rule names no `module`")]
    NoModule,
    /// Not said whether a call may be sent again.
    #[error("its rule does not say under `retry` whether a call may be sent again")]
    NoRetry,
    /// Safe with a request id that its request can't carry.
    #[error("its `retry` is RETRY_WITH_REQUEST_ID, and its request has no field `request_id`")]
    NoRequestId,
    /// An outreach without channel.
    #[error("its outreach has neither `channel_field` nor `channel`")]
    NoChannel,
    /// An outreach without purpose.
    #[error("its outreach has neither `purpose_field` nor `purpose`")]
    NoPurpose,
    /// Only the first message of a stream is judged, so that a stream could reach out unjudged.
    #[error("reaches out with a stream of requests, of which only the first would be judged")]
    OutreachStream,
    /// Without a caller there is no tenant whose customer could be asked.
    #[error("reaches out and is `public`; it needs a `permission`")]
    PublicOutreach,
    /// A declared path does not lead to a value.
    #[error("`{setting}: \"{path}\"`: {error}")]
    Path {
        /// The setting in the rule, such as `outreach.customer_field`.
        setting: String,
        /// What it says.
        path: String,
        /// What is wrong with it.
        error: PathError,
    },
    /// A declared path leads to a value of another type.
    #[error("`{setting}: \"{path}\"` is of type {found}, not {wanted}")]
    Type {
        /// The setting in the rule.
        setting: String,
        /// What it says.
        path: String,
        /// The field's type.
        found: String,
        /// The type it must have.
        wanted: &'static str,
    },
    /// A rule set or one of its facts has no name.
    #[error("its `rule_set`, or a fact of it, has no name")]
    NoRuleSetName,
    /// A `buf.validate` rule of a message cannot be compiled.
    #[error("its `buf.validate` rules cannot be used: {0}")]
    Validation(String),
}
