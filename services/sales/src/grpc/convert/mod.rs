//! Between the protos and the domain.
//!
//! Every message is taken apart as a whole, so that a new field of a proto breaks the build
//! until someone decided what becomes of it. Fields that callers can't set are named and
//! dropped. Faults carry the path of the field inside the message; handlers add where the
//! message sits in the request.

pub(crate) mod seller;

/// Text of a field that may be unset: protos write none as the empty string.
pub(super) fn text(optional: Option<String>) -> String {
    optional.unwrap_or_default()
}
