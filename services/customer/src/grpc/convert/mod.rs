//! Between the protos and the domain.
//!
//! Every message is taken apart as a whole, so that a new field of a proto breaks the build
//! until someone decided what becomes of it. Fields that callers can't set are named and
//! dropped. Faults carry the path of the field inside the message; handlers add where the
//! message sits in the request.

pub(super) mod attribute;
pub(super) mod consent;
pub(super) mod contact;
pub(super) mod contact_point;
pub(super) mod contact_policy;
pub(crate) mod contact_times;
pub(super) mod conversation;
pub(super) mod customer;
pub(crate) mod delivery;
pub(super) mod delivery_route;
pub(super) mod interaction;
pub(crate) mod lifecycle;
pub(super) mod preference;
pub(super) mod role;
pub(super) mod suppression;
pub(super) mod template;

use rapport_platform::time::Timestamp;
use uuid::Uuid;

use crate::domain::invalid::Invalid;
use crate::resource::OfCustomer;

/// An instant that may be unset.
pub(super) fn instant(
    proto: Option<&prost_types::Timestamp>,
) -> Result<Option<Timestamp>, Invalid> {
    proto
        .map(|proto| Timestamp::try_from(*proto))
        .transpose()
        .map_err(|fault| Invalid::new(fault.to_string()))
}

/// Text of a field that may be unset: protos write none as the empty string.
pub(super) fn text(optional: Option<String>) -> String {
    optional.unwrap_or_default()
}

/// The id of something that belongs to `customer`, from its name; unset when there is none.
pub(super) fn part_of(
    customer: Uuid,
    pattern: OfCustomer,
    name: &str,
) -> Result<Option<Uuid>, Invalid> {
    match pattern.ids(name) {
        _ if name.is_empty() => Ok(None),
        Some([owner, id]) if owner == customer => Ok(Some(id)),
        Some(_) => Err(Invalid::new(
            "belongs to another customer: name one of this customer",
        )),
        None => Err(Invalid::new(format!(
            "must have the form `{}`",
            pattern.template()
        ))),
    }
}
