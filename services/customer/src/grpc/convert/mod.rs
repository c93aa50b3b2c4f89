//! Between the protos and the domain.
//!
//! Every message is taken apart as a whole, so that a new field of a proto breaks the build
//! until someone decided what becomes of it. Fields that callers can't set are named and
//! dropped. Faults carry the path of the field inside the message; handlers add where the
//! message sits in the request.

pub(super) mod attribute;
pub(super) mod contact_point;

use rapport_platform::time::Timestamp;

use crate::domain::invalid::Invalid;

/// An instant that may be unset.
pub(super) fn instant(proto: Option<&prost_types::Timestamp>) -> Result<Option<Timestamp>, Invalid> {
    proto
        .map(|proto| Timestamp::try_from(*proto))
        .transpose()
        .map_err(|fault| Invalid::new(fault.to_string()))
}

/// Text of a field that may be unset: protos write none as the empty string.
pub(super) fn text(optional: Option<String>) -> String {
    optional.unwrap_or_default()
}
