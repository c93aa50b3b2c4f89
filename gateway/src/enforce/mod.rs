//! Judges calls by the table: who calls, may he, is the message valid, is the customer to be
//! asked. It knows nothing of sockets or HTTP bodies, so that it can be used by any transport,
//! test or bench.

mod refusal;
mod validation;
mod wording;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::HeaderMap;
use http::header::AUTHORIZATION;
use rapport_platform::problem::FieldViolation;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};

pub use refusal::Refusal;
pub use validation::Validation;

use crate::identity::{Authenticator, Identity};
use crate::scan::ScanError;
use crate::table::{Access, DeclaredField, Method, OutreachPlan, Source, Table};

/// What is to be done with a call whose message was judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Send it to the service.
    Forward,
    /// Send it once leave was given for this contact.
    Reserve(Contact),
}

/// A contact that a call would make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// The customer's resource name, as the caller sent it.
    pub customer: String,
    /// Path of the field that holds it.
    pub customer_field: String,
    /// How the customer would be reached.
    pub channel: Channel,
    /// Why.
    pub purpose: Purpose,
    /// The topic's id; empty for none in particular.
    pub topic: String,
    /// The campaign's resource name; empty for none.
    pub campaign: String,
    /// The contact point's resource name; empty for any.
    pub contact_point: String,
    /// What makes a repeated request happen once; empty for none.
    pub request_id: String,
}

/// Judges calls.
#[derive(Debug)]
pub struct Enforcer {
    table: Arc<Table>,
    authenticator: Authenticator,
    validation: Validation,
}

impl Enforcer {
    /// Judges by the rules in `table`.
    pub fn new(table: Arc<Table>, authenticator: Authenticator, validation: Validation) -> Self {
        Self {
            table,
            authenticator,
            validation,
        }
    }

    /// The whole judgement of a call with one message.
    ///
    /// # Errors
    /// The first thing that is in the way: the RPC, the token, the permission, the message.
    pub fn check(
        &self,
        path: &str,
        headers: &HeaderMap,
        message: &[u8],
        now: Timestamp,
    ) -> Result<(Option<Arc<Identity>>, Verdict), Refusal> {
        let method = self.method(path)?;
        let caller = self.authenticate(method, headers, now)?;
        self.authorise(method, caller.as_deref())?;
        Ok((caller, self.judge(method, message)?))
    }

    /// The RPC at `path`.
    ///
    /// # Errors
    /// When there is none.
    pub fn method(&self, path: &str) -> Result<&Arc<Method>, Refusal> {
        self.table
            .method(path)
            .ok_or_else(|| Refusal::MethodUnknown {
                path: path.to_owned(),
            })
    }

    /// Who calls, told from the headers alone.
    ///
    /// Of a public RPC the caller may be nobody, and a token that is not valid counts as none.
    ///
    /// # Errors
    /// When the RPC asks for a permission and the caller has no identity.
    pub fn authenticate(
        &self,
        method: &Method,
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<Option<Arc<Identity>>, Refusal> {
        match method.access {
            Access::Permission(_) => Ok(Some(self.authenticator.authenticate(headers, now)?)),
            // Probes come often and have no token; do not look for one that is not there.
            Access::Public if !headers.contains_key(AUTHORIZATION) => Ok(None),
            Access::Public => Ok(self.authenticator.authenticate(headers, now).ok()),
        }
    }

    /// Whether the caller may call, before anything of the message is read.
    ///
    /// # Errors
    /// When he lacks the RPC's permission.
    pub fn authorise(&self, method: &Method, caller: Option<&Identity>) -> Result<(), Refusal> {
        let Access::Permission(permission) = method.access else {
            return Ok(());
        };
        if caller.is_some_and(|caller| caller.permissions.contains(permission)) {
            return Ok(());
        }
        Err(Refusal::PermissionDenied {
            permission: self.table.permissions().name(permission).to_owned(),
        })
    }

    /// Judges the first, uncompressed message of a call.
    ///
    /// # Errors
    /// When it is not a message of the RPC's request type or breaks its rules.
    pub fn judge(&self, method: &Method, message: &[u8]) -> Result<Verdict, Refusal> {
        if let Some(request) = &method.request {
            self.validation.check(request, message)?;
        }
        match &method.outreach {
            None => Ok(Verdict::Forward),
            Some(plan) => contact(plan, message).map(Verdict::Reserve),
        }
    }
}

/// The contact that the message would make.
fn contact(plan: &OutreachPlan, message: &[u8]) -> Result<Contact, Refusal> {
    let found = plan.plan.scan(message).map_err(|error| match error {
        ScanError::Group => Refusal::Malformed("The message holds a group."),
        _ => Refusal::Malformed("The message cannot be read."),
    })?;
    let mut violations = Vec::new();
    let customer = found.text(plan.customer.slot);
    if customer.is_empty() {
        let why = "is required: it names the customer who would be contacted";
        violations.push(FieldViolation::new(&plan.customer.path, why));
    }
    let channel = match &plan.channel {
        Source::Always(channel) => *channel,
        Source::Field(field) => {
            let channel = Channel::try_from(found.number(field.slot)).unwrap_or_default();
            if channel == Channel::Unspecified {
                let why = "is required: one of the channels of `rapport.type.v1.Channel`";
                violations.push(FieldViolation::new(&field.path, why));
            }
            channel
        }
    };
    let purpose = match &plan.purpose {
        Source::Always(purpose) => *purpose,
        Source::Field(field) => {
            let purpose = Purpose::try_from(found.number(field.slot)).unwrap_or_default();
            if purpose == Purpose::Unspecified {
                let why = "is required: one of the purposes of `rapport.type.v1.Purpose`";
                violations.push(FieldViolation::new(&field.path, why));
            }
            purpose
        }
    };
    if !violations.is_empty() {
        return Err(Refusal::Invalid(violations));
    }
    let optional = |field: &Option<DeclaredField>| {
        let field = field.as_ref();
        field.map_or_else(String::new, |field| found.text(field.slot).to_owned())
    };
    Ok(Contact {
        customer: customer.to_owned(),
        customer_field: plan.customer.path.clone(),
        channel,
        purpose,
        topic: optional(&plan.topic),
        campaign: optional(&plan.campaign),
        contact_point: optional(&plan.contact_point),
        request_id: plan
            .request_id
            .map_or_else(String::new, |slot| found.text(slot).to_owned()),
    })
}
