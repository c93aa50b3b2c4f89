//! Between the protos and the domain.
//!
//! Every message is taken apart as a whole, so that a new field of a proto breaks the build
//! until someone decided what becomes of it. Fields that callers can't set are named and
//! dropped. Faults carry the path of the field inside the message; handlers add where the
//! message sits in the request.

pub(super) mod attribute;
pub(super) mod channel_effect;
pub(super) mod consent;
pub(super) mod contact;
pub(super) mod contact_point;
pub(super) mod contact_policy;
pub(crate) mod contact_times;
pub(super) mod conversation;
pub(super) mod customer;
pub(crate) mod delivery;
pub(super) mod delivery_route;
pub(super) mod duplicate;
pub(super) mod interaction;
pub(crate) mod lifecycle;
pub(super) mod merge;
pub(super) mod preference;
pub(super) mod role;
pub(super) mod suppression;
pub(super) mod template;

use rapport_platform::time::Timestamp;
use uuid::Uuid;

use crate::domain::invalid::Invalid;
use crate::resource::{CONTACT_POINT, OfCustomer};

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

/// The id of something that belongs to a customer, whose rows are kept under the ids `members`,
/// from its name; unset when there is none.
pub(super) fn part_of(
    members: &[Uuid],
    pattern: OfCustomer,
    name: &str,
) -> Result<Option<Uuid>, Invalid> {
    match pattern.ids(name) {
        _ if name.is_empty() => Ok(None),
        Some([owner, id]) if members.contains(&owner) => Ok(Some(id)),
        Some(_) => Err(Invalid::new(
            "belongs to another customer: name one of this customer",
        )),
        None => Err(Invalid::new(format!(
            "must have the form `{}`",
            pattern.template()
        ))),
    }
}

/// The id in a contact point's name; unset when there is none. The name may be that of any record
/// that was merged into the customer: whoever reads the row finds out whether it is.
pub(super) fn contact_point_id(name: &str) -> Result<Option<Uuid>, Invalid> {
    match CONTACT_POINT.ids(name) {
        _ if name.is_empty() => Ok(None),
        Some([_, id]) => Ok(Some(id)),
        None => Err(Invalid::new(format!(
            "must have the form `{}`",
            CONTACT_POINT.template()
        ))),
    }
}
