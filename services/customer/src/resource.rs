//! Names of this service's resources, as the protos write them.

use rapport_platform::name::Pattern;
use rapport_platform::problem::FieldViolation;
use uuid::Uuid;

use crate::domain::attributes::AttributeKey;
use crate::domain::channel::Channel;
use crate::domain::template::TemplateId;
use crate::error::Error;

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
/// `channelCosts/{uuid}`.
pub(crate) const CHANNEL_COST: Pattern<1> = Pattern::new("channelCosts/{channel_cost}");
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

/// `deliveries/{uuid}`.
pub(crate) const DELIVERY: Pattern<1> = Pattern::new("deliveries/{delivery}");

/// The name of one attempt of a delivery.
pub(crate) fn delivery_attempt(delivery: Uuid, number: i32) -> String {
    format!("{}/attempts/{number}", DELIVERY.format(&[delivery]))
}

/// The name of a channel's delivery route.
pub(crate) fn delivery_route(channel: Channel) -> String {
    format!("{DELIVERY_ROUTES}{}", channel.label().to_ascii_lowercase())
}

/// The channel in the name of a delivery route.
///
/// # Errors
/// `NotFound`: there is a route for every channel, and for nothing else.
pub(crate) fn route_channel(name: &str) -> Result<Channel, Error> {
    let channels = Channel::ALL.iter().copied();
    let mut named = channels.filter(|channel| delivery_route(*channel) == name);
    named.next().ok_or_else(|| {
        // Only what could be a name is repeated.
        let known = |it: u8| it.is_ascii_lowercase() || it == b'_';
        let id = name.strip_prefix(DELIVERY_ROUTES).unwrap_or_default();
        let id = if id.len() <= 31 && id.bytes().all(known) {
            id
        } else {
            "-"
        };
        Error::not_found(format!("{DELIVERY_ROUTES}{id}"))
    })
}

const DELIVERY_ROUTES: &str = "deliveryRoutes/";

/// The name of a template.
pub(crate) fn template(id: &str) -> String {
    format!("{TEMPLATES}{id}")
}

/// The id in the name of a template, which the request has in `field`.
pub(crate) fn template_id(field: &str, name: &str) -> Result<TemplateId, FieldViolation> {
    let id = name.strip_prefix(TEMPLATES).unwrap_or_default();
    TemplateId::parse(id).map_err(|_| {
        let why = "must have the form `templates/{id}`";
        FieldViolation::new(field, why)
    })
}

const TEMPLATES: &str = "templates/";

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
