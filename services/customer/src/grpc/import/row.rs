//! One import row: what stands beside the customer itself.

use rapport_platform::identity::Context;
use rapport_platform::problem::FieldViolation;
use rapport_proto::rapport::customer::v1 as proto;
use uuid::Uuid;

use crate::domain::contact_point::ContactPoint;
use crate::domain::external_id::ExternalId;
use crate::domain::interaction::NewInteraction;
use crate::domain::invalid::{Invalid, InvalidFields};
use crate::domain::preferences::PreferenceChange;
use crate::domain::region::Region;
use crate::grpc::convert;
use crate::resource::CUSTOMER;

/// Most ids of one customer, which bounds what a batch looks up.
const MAX_EXTERNAL_IDS: usize = 20;
/// Most contact points, interactions and preferences of one row.
const MAX_CONTACT_POINTS: usize = 100;
const MAX_INTERACTIONS: usize = 1_000;
const MAX_PREFERENCES: usize = 60;

/// What a row tells of a customer beside its own fields.
pub(super) struct ParsedRow {
    pub(super) contact_points: Vec<ContactPoint>,
    pub(super) interactions: Vec<NewInteraction>,
    pub(super) preferences: Vec<PreferenceChange>,
    pub(super) parent: Option<Parent>,
}

/// How a row names the parent of its customer.
pub(super) enum Parent {
    /// By the name of the resource.
    Customer(Uuid),
    /// By an id of another system, which may become known later in the run.
    KnownAs(ExternalId),
}

/// The ids by which the customer is known; the first says which customer the row means.
pub(super) fn external_ids(customer: &proto::Customer) -> Result<Vec<ExternalId>, InvalidFields> {
    let mut faults = InvalidFields::default();
    if customer.external_ids.is_empty() {
        let missing = Invalid::new("is required: it tells which customer the row means");
        faults.push("customer.external_ids", missing);
    }
    if customer.external_ids.len() > MAX_EXTERNAL_IDS {
        let fault = Invalid::new(format!("are too many: at most {MAX_EXTERNAL_IDS}"));
        faults.push("customer.external_ids", fault);
        return Err(faults);
    }
    let mut ids = Vec::with_capacity(customer.external_ids.len());
    for (index, proto::ExternalId { system, id }) in customer.external_ids.iter().enumerate() {
        let place = format!("customer.external_ids[{index}]");
        ids.extend(faults.take(&place, ExternalId::parse(system, id)));
    }
    faults.finish(Some(ids))
}

/// Reads what stands beside the customer. Local phone numbers are numbers of `region`.
pub(super) fn parse(
    ctx: &Context,
    row: &proto::ImportRow,
    region: Region,
) -> Result<ParsedRow, Vec<FieldViolation>> {
    let proto::ImportRow {
        line: _,
        customer,
        contact_points,
        interactions,
        preferences,
        parent_external_id,
    } = row;
    let mut faults = InvalidFields::default();
    limit(
        &mut faults,
        "contact_points",
        contact_points.len(),
        MAX_CONTACT_POINTS,
    );
    limit(
        &mut faults,
        "interactions",
        interactions.len(),
        MAX_INTERACTIONS,
    );
    limit(
        &mut faults,
        "preferences",
        preferences.len(),
        MAX_PREFERENCES,
    );
    let points = contact_points
        .iter()
        .take(MAX_CONTACT_POINTS)
        .enumerate()
        .filter_map(|(index, point)| {
            let parsed = convert::contact_point::parse(point, region);
            faults.take(&format!("contact_points[{index}]"), parsed)
        });
    let points: Vec<_> = points
        .map(|(address, usage)| ContactPoint::new(address, usage, ctx.now))
        .collect();
    let contacts = interactions
        .iter()
        .take(MAX_INTERACTIONS)
        .enumerate()
        .filter_map(|(index, interaction)| {
            faults.take(
                &format!("interactions[{index}]"),
                parse_interaction(ctx, interaction),
            )
        });
    let contacts: Vec<_> = contacts.collect();
    let preferences = preferences.get(..MAX_PREFERENCES).unwrap_or(preferences);
    let choices = faults.take("preferences", convert::preference::parse(preferences));
    let named = customer.as_ref().map_or("", |customer| &customer.parent);
    let parent = parent(&mut faults, named, parent_external_id.as_ref());
    let parsed = choices.map(|preferences| ParsedRow {
        contact_points: points,
        interactions: contacts,
        preferences,
        parent,
    });
    faults.finish(parsed).map_err(|faults| faults.at(""))
}

fn parent(
    faults: &mut InvalidFields,
    named: &str,
    known_as: Option<&proto::ExternalId>,
) -> Option<Parent> {
    if let Some(proto::ExternalId { system, id }) = known_as {
        let known_as = faults.take("parent_external_id", ExternalId::parse(system, id));
        return known_as.map(Parent::KnownAs);
    }
    if named.is_empty() {
        return None;
    }
    let id = CUSTOMER
        .ids(named)
        .ok_or_else(|| Invalid::new("is no name of a customer: write customers/ and its UUID"));
    faults
        .take("customer.parent", id)
        .map(|[id]| Parent::Customer(id))
}

/// Reads a contact that took place. It needs an external id, so that the same contact is not
/// logged again, and belongs to no conversation, which only calls can open.
fn parse_interaction(
    ctx: &Context,
    interaction: &proto::Interaction,
) -> Result<NewInteraction, InvalidFields> {
    let mut faults = InvalidFields::default();
    if interaction.external_id.is_none() {
        let missing = Invalid::new("is required: a contact delivered twice is logged once by it");
        faults.push("external_id", missing);
    }
    for (field, name) in [
        ("conversation", &interaction.conversation),
        ("contact_point", &interaction.contact_point),
    ] {
        if !name.is_empty() {
            faults.push(field, Invalid::new("can't be set in an import"));
        }
    }
    // Without names of other resources, it does not matter whose the contact is.
    let parsed = faults.take("", convert::interaction::parse(ctx, &[], interaction));
    faults.finish(parsed)
}

fn limit(faults: &mut InvalidFields, field: &str, count: usize, most: usize) {
    if count > most {
        faults.push(
            field,
            Invalid::new(format!("are too many for one row: at most {most}")),
        );
    }
}
