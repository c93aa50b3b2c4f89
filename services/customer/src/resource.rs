//! Names of this service's resources, as the protos write them.

use rapport_platform::name::Pattern;
use uuid::Uuid;

/// `customers/{uuid}`.
pub(crate) const CUSTOMER: Pattern<1> = Pattern::new("customers/{customer}");
/// `customers/{uuid}/contactPoints/{uuid}`.
pub(crate) const CONTACT_POINT: Pattern<2> =
    Pattern::new("customers/{customer}/contactPoints/{contact_point}");
/// `customers/{uuid}/roles/{uuid}`; the customer is the person.
pub(crate) const ROLE: Pattern<2> = Pattern::new("customers/{customer}/roles/{role}");

/// The name of a customer.
pub(crate) fn customer(id: Uuid) -> String {
    CUSTOMER.format(&[id])
}
