//! How the domain says that something a caller sent cannot be right.
//!
//! Parsing answers with [`Invalid`] (one value) or [`InvalidFields`] (a value made of several
//! fields, every fault at once). Both know the path of the field inside the value; the caller
//! adds where the value sits in its message: `error.at("customer.person")`.
//!
//! Texts say what is wrong and what to do. They never repeat what was sent: it may be
//! personal data, and what callers read also reaches their logs.

use std::borrow::Cow;
use std::fmt;

use crate::problem::FieldViolation;

/// Why one value was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{description}")]
pub struct Invalid {
    field: String,
    description: Cow<'static, str>,
}

impl Invalid {
    /// Says what is wrong with the value and what to do about it.
    pub fn new(description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            field: String::new(),
            description: description.into(),
        }
    }

    /// The same fault seen from the message that holds the value in `field`.
    #[must_use]
    pub fn within(self, field: &str) -> Self {
        Self {
            field: join(field, &self.field),
            ..self
        }
    }

    /// The violation to report, for a value found at `field` of the request.
    pub fn at(&self, field: &str) -> FieldViolation {
        FieldViolation::new(join(field, &self.field), self.description.clone())
    }
}

/// Why a value made of several fields was refused: every fault, in the order of the fields.
///
/// Also collects them: [`take`](Self::take) each field, then [`finish`](Self::finish).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InvalidFields(Vec<Invalid>);

impl InvalidFields {
    /// The parsed value; or none, and the fault is kept under `field`.
    pub fn take<T, E: Into<InvalidFields>>(
        &mut self,
        field: &str,
        parsed: Result<T, E>,
    ) -> Option<T> {
        match parsed {
            Ok(value) => Some(value),
            Err(faults) => {
                let faults = faults.into().0;
                self.0.extend(faults.into_iter().map(|it| it.within(field)));
                None
            }
        }
    }

    /// Keeps a fault of `field`, or of the whole value when `field` is empty.
    pub fn push(&mut self, field: &str, fault: Invalid) {
        self.0.push(fault.within(field));
    }

    /// The value, unless a fault was found on the way or the value could not be put together.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.0.is_empty() => Ok(value),
            _ => Err(self),
        }
    }

    /// The violations to report, for a value found at `field` of the request.
    pub fn at(&self, field: &str) -> Vec<FieldViolation> {
        self.0.iter().map(|fault| fault.at(field)).collect()
    }
}

impl From<Invalid> for InvalidFields {
    fn from(fault: Invalid) -> Self {
        Self(vec![fault])
    }
}

impl fmt::Display for InvalidFields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{}", fault.field)?;
            let gap = if fault.field.is_empty() { "" } else { " " };
            write!(f, "{gap}{}", fault.description)?;
        }
        Ok(())
    }
}

impl std::error::Error for InvalidFields {}

/// Joins two parts of a field path; an index such as `[2]` takes no dot.
fn join(outer: &str, inner: &str) -> String {
    let dot = if outer.is_empty() || inner.is_empty() || inner.starts_with('[') {
        ""
    } else {
        "."
    };
    format!("{outer}{dot}{inner}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_is_reported_at_the_place_of_its_value() {
        let fault = Invalid::new("is required").within("[2]").within("lines");

        let violation = fault.at("contact_point.postal");

        assert_eq!(violation.field, "contact_point.postal.lines[2]");
        assert_eq!(violation.description, "is required");
    }

    #[test]
    fn every_fault_is_collected_in_the_order_of_the_fields() {
        let mut faults = InvalidFields::default();
        let first = faults.take("a", Err::<u8, _>(Invalid::new("is too long")));
        let second = faults.take("b", Ok::<_, Invalid>(2));
        faults.push("", Invalid::new("needs an a"));

        let refused = faults.finish(first.zip(second)).unwrap_err();

        assert_eq!(refused.to_string(), "a is too long; needs an a");
        let fields: Vec<_> = refused.at("it").into_iter().map(|v| v.field).collect();
        assert_eq!(fields, ["it.a", "it"]);
    }

    #[test]
    fn a_value_without_faults_passes() {
        let faults = InvalidFields::default();

        assert_eq!(faults.finish(Some(1)), Ok(1));
    }
}
