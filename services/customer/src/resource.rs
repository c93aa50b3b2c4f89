//! Names of this service's resources, as the protos write them.

use rapport_platform::name::Pattern;
use rapport_platform::problem::FieldViolation;
use uuid::Uuid;

use crate::domain::attributes::AttributeKey;

/// The pattern of what belongs to one customer.
pub(crate) type OfCustomer = Pattern<2>;

/// `customers/{uuid}`.
pub(crate) const CUSTOMER: Pattern<1> = Pattern::new("customers/{customer}");
/// `customers/{uuid}/contactPoints/{uuid}`.
pub(crate) const CONTACT_POINT: Pattern<2> =
    Pattern::new("customers/{customer}/contactPoints/{contact_point}");
/// `customers/{uuid}/roles/{uuid}`; the customer is the person.
pub(crate) const ROLE: Pattern<2> = Pattern::new("customers/{customer}/roles/{role}");
/// `customers/{uuid}/interactions/{uuid}`.
pub(crate) const INTERACTION: Pattern<2> =
    Pattern::new("customers/{customer}/interactions/{interaction}");
/// `customers/{uuid}/conversations/{uuid}`.
pub(crate) const CONVERSATION: Pattern<2> =
    Pattern::new("customers/{customer}/conversations/{conversation}");
/// `customers/{uuid}/preferences`.
pub(crate) const PREFERENCES: Pattern<1> = Pattern::new("customers/{customer}/preferences");
/// `customers/{uuid}/stageChanges/{uuid}`.
pub(crate) const STAGE_CHANGE: Pattern<2> =
    Pattern::new("customers/{customer}/stageChanges/{stage_change}");
/// `customers/{uuid}/behaviourEvents/{uuid}`.
pub(crate) const BEHAVIOUR_EVENT: Pattern<2> =
    Pattern::new("customers/{customer}/behaviourEvents/{behaviour_event}");

/// `customers/{uuid}/consentEvents/{uuid}`.
pub(crate) const CONSENT_EVENT: Pattern<2> =
    Pattern::new("customers/{customer}/consentEvents/{consent_event}");
/// `customers/{uuid}/contactPermits/{uuid}`.
pub(crate) const CONTACT_PERMIT: Pattern<2> =
    Pattern::new("customers/{customer}/contactPermits/{contact_permit}");
/// `suppressions/{uuid}`.
pub(crate) const SUPPRESSION: Pattern<1> = Pattern::new("suppressions/{suppression}");
/// The tenant's only contact policy.
pub(crate) const CONTACT_POLICY: &str = "contactPolicy";

/// `customerMerges/{uuid}`.
pub(crate) const CUSTOMER_MERGE: Pattern<1> = Pattern::new("customerMerges/{customer_merge}");
/// `duplicateCandidates/{uuid}`.
pub(crate) const DUPLICATE_CANDIDATE: Pattern<1> =
    Pattern::new("duplicateCandidates/{duplicate_candidate}");
/// `duplicateScans/{uuid}`.
pub(crate) const DUPLICATE_SCAN: Pattern<1> = Pattern::new("duplicateScans/{duplicate_scan}");
/// `importRuns/{uuid}`.
pub(crate) const IMPORT_RUN: Pattern<1> = Pattern::new("importRuns/{import_run}");

/// The name of a customer.
pub(crate) fn customer(id: Uuid) -> String {
    CUSTOMER.format(&[id])
}

/// The name of an attribute definition; its id is the key.
pub(crate) fn attribute_definition(key: &str) -> String {
    format!("{ATTRIBUTE_DEFINITIONS}{key}")
}

/// The key in the name of an attribute definition, which the request has in `field`.
pub(crate) fn attribute_key(field: &str, name: &str) -> Result<AttributeKey, FieldViolation> {
    let key = name.strip_prefix(ATTRIBUTE_DEFINITIONS).unwrap_or_default();
    AttributeKey::parse(key).map_err(|_| {
        let why = "must have the form `attributeDefinitions/{key}`";
        FieldViolation::new(field, why)
    })
}

const ATTRIBUTE_DEFINITIONS: &str = "attributeDefinitions/";
