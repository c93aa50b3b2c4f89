//! `buf.validate` rules on requests.

use std::collections::BTreeMap;
use std::fmt;

use prost_protovalidate::{Error, ValidationError, ValidationOption, Validator};
use prost_reflect::{DynamicMessage, MessageDescriptor};
use rapport_platform::problem::FieldViolation;

use super::Refusal;
use super::wording::Wording;
use crate::scan::ScanError;
use crate::table::{Defect, Fault, Request, Table, TableError, reachable};

/// Up to so many fields, every violation is looked for. The validator copies the list that an
/// invalid element is in, so that looking for all would take the square of a long list's
/// length; of larger messages only the first violation is told.
const MAX_FIELDS_FOR_ALL: usize = 500;

/// Checks requests against the rules in their protos.
pub struct Validation {
    validator: Validator,
    wording: Wording,
    /// Most fields of a message, sub-messages included.
    max_fields: usize,
}

impl Validation {
    /// Compiles the rules of every request type.
    ///
    /// # Errors
    /// Names every message type whose rules cannot be compiled or fail on an empty message.
    pub fn build(table: &Table, max_fields: usize) -> Result<Self, TableError> {
        let validator = Validator::new();
        let requests = table
            .methods()
            .iter()
            .filter_map(|method| method.request.as_ref());
        let messages: BTreeMap<String, MessageDescriptor> = requests
            .flat_map(|request| reachable(&request.message))
            .map(|message| (message.full_name().to_owned(), message))
            .collect();
        let fault = |(subject, message): (&String, &MessageDescriptor)| {
            let defect = Defect::Validation(defect(&validator, message)?);
            let subject = subject.clone();
            Some(Fault { subject, defect })
        };
        TableError::unless_empty(messages.iter().filter_map(fault).collect())?;
        Ok(Self {
            wording: Wording::of(messages.values()),
            validator,
            max_fields,
        })
    }

    /// Checks that the bytes are a message of the request's type and keep its rules.
    ///
    /// # Errors
    /// When they are not, or do not.
    pub fn check(&self, request: &Request, bytes: &[u8]) -> Result<(), Refusal> {
        match request.census.check(bytes, self.max_fields) {
            Ok(()) => {}
            Err(ScanError::TooManyFields) => {
                let limit = self.max_fields;
                return Err(Refusal::TooManyFields { limit });
            }
            Err(ScanError::Group) => return Err(Refusal::Malformed("The message holds a group.")),
            Err(ScanError::Malformed) => {
                return Err(Refusal::Malformed("The message cannot be read."));
            }
        }
        let message = DynamicMessage::decode(request.message.clone(), bytes)
            .map_err(|_| Refusal::Malformed("The message is not one of the RPC's request type."))?;
        if !request.has_rules {
            return Ok(());
        }
        match self
            .validator
            .validate_with(&message, &[ValidationOption::FailFast])
        {
            Ok(()) => Ok(()),
            Err(Error::Validation(first)) => Err(Refusal::Invalid(
                self.violations(first, request, &message, bytes),
            )),
            // The rules were compiled at start; one that fails on this message is our fault.
            // What it says of the cause may repeat the caller's data, so it is not logged.
            Err(_) => {
                let message = request.message.full_name();
                tracing::error!(message, "a validation rule cannot be evaluated");
                Err(Refusal::Internal)
            }
        }
    }

    fn violations(
        &self,
        first: ValidationError,
        request: &Request,
        message: &DynamicMessage,
        bytes: &[u8],
    ) -> Vec<FieldViolation> {
        let small = request.census.check(bytes, MAX_FIELDS_FOR_ALL).is_ok();
        let violations = match small.then(|| self.validator.validate(message)) {
            Some(Err(Error::Validation(all))) => all,
            _ => first,
        };
        let violations = violations.violations().iter();
        violations
            .map(|violation| self.wording.describe(violation))
            .collect()
    }
}

impl fmt::Debug for Validation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Validation")
            .field("max_fields", &self.max_fields)
            .finish_non_exhaustive()
    }
}

/// What keeps the rules of this type from being used. Rules are compiled when a message is
/// first validated; an empty one is enough.
fn defect(validator: &Validator, message: &MessageDescriptor) -> Option<String> {
    match validator.validate(&DynamicMessage::new(message.clone())) {
        Ok(()) | Err(Error::Validation(_)) => None,
        Err(error) => Some(error.to_string()),
    }
}
