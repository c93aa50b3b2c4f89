//! Customers as callers send them.

use std::collections::BTreeMap;

use rapport_platform::identity::Context;
use rapport_platform::money::Money;
use rapport_platform::time::Timestamp;
use rapport_proto::google::r#type::Date;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::attribute_value::Value as Sent;
use rapport_proto::rapport::customer::v1::customer::Profile as ProtoProfile;
use uuid::Uuid;

use crate::domain::attributes::{AttributeSchema, Attributes, Given};
use crate::domain::customer::{CustomerDetails, CustomerParts, ProfileParts};
use crate::domain::invalid::{Invalid, InvalidFields};
use crate::domain::names::PersonNameParts;
use crate::domain::profile::OrganisationParts;
use crate::resource::CUSTOMER;
use crate::store::customer::Content;

/// What callers may say about a customer.
pub(in crate::grpc) const SETTABLE: [&str; 9] = [
    "person",
    "organisation",
    "external_ids",
    "parent",
    "language_code",
    "region_code",
    "time_zone",
    "primary_employee",
    "attributes",
];

/// Reads a customer, who has `current` attributes, by the tenant's schema of attributes. That
/// the parent may be one is left to be checked.
pub(in crate::grpc) fn parse(
    ctx: &Context,
    customer: &proto::Customer,
    current: &Attributes,
    schema: &AttributeSchema,
) -> Result<Content, InvalidFields> {
    let proto::Customer {
        name: _,
        profile,
        external_ids,
        parent,
        language_code,
        region_code,
        time_zone,
        primary_employee,
        attributes,
        lifecycle_stage: _,
        display_name: _,
        merged_names: _,
        merged_external_ids: _,
        create_time: _,
        update_time: _,
        delete_time: _,
        etag: _,
    } = customer;
    let mut faults = InvalidFields::default();
    let revenue = faults.take(
        "organisation.annual_revenue",
        parse_revenue(profile.as_ref()),
    );
    let parts = CustomerParts {
        profile: profile
            .as_ref()
            .map(|profile| profile_parts(profile, revenue.flatten())),
        external_ids: external_ids.iter().map(external_id).collect(),
        language_code,
        region_code,
        time_zone,
        primary_employee,
    };
    let details = faults.take("", CustomerDetails::parse(&parts, ctx.now));
    let parent = faults.take("parent", parse_parent(parent));
    let attributes = faults.take("attributes", revise(ctx, attributes, current, schema));
    let content = details.zip(parent).zip(attributes);
    faults.finish(content.map(|((details, parent), attributes)| Content {
        details,
        parent,
        attributes,
    }))
}

fn profile_parts(profile: &ProtoProfile, revenue: Option<Money>) -> ProfileParts<'_> {
    match profile {
        ProtoProfile::Person(proto::Person {
            full_name,
            given_name,
            family_name,
            salutation,
            birth_date,
        }) => {
            let name = PersonNameParts {
                full_name,
                given_name,
                family_name,
                salutation,
            };
            let born = birth_date.map(|Date { year, month, day }| (year, month, day));
            ProfileParts::Person(name, born)
        }
        ProtoProfile::Organisation(proto::Organisation {
            legal_name,
            trading_name,
            industry,
            employee_count,
            founding_year,
            annual_revenue: _,
        }) => ProfileParts::Organisation(OrganisationParts {
            legal_name,
            trading_name,
            industry,
            employee_count: *employee_count,
            founding_year: *founding_year,
            annual_revenue: revenue,
        }),
    }
}

fn parse_revenue(profile: Option<&ProtoProfile>) -> Result<Option<Money>, Invalid> {
    let Some(ProtoProfile::Organisation(organisation)) = profile else {
        return Ok(None);
    };
    let revenue = organisation
        .annual_revenue
        .as_ref()
        .map(Money::try_from)
        .transpose();
    revenue.map_err(|fault| Invalid::new(fault.to_string()))
}

fn external_id(external: &proto::ExternalId) -> (&str, &str) {
    let proto::ExternalId { system, id } = external;
    (system, id)
}

fn parse_parent(name: &str) -> Result<Option<Uuid>, Invalid> {
    if name.is_empty() {
        return Ok(None);
    }
    match CUSTOMER.ids(name) {
        Some([id]) => Ok(Some(id)),
        None => Err(Invalid::new(
            "is no name of a customer: write customers/ and its UUID",
        )),
    }
}

fn revise(
    ctx: &Context,
    sent: &BTreeMap<String, proto::AttributeValue>,
    current: &Attributes,
    schema: &AttributeSchema,
) -> Result<Attributes, InvalidFields> {
    let mut faults = InvalidFields::default();
    let given: Vec<_> = sent
        .iter()
        .filter_map(|(key, value)| Some((key.as_str(), faults.take(key, given(value))?)))
        .collect();
    let revised = faults.take(
        "",
        schema.revise(current, given, ctx.actor.as_str(), ctx.now),
    );
    faults.finish(revised)
}

fn given(sent: &proto::AttributeValue) -> Result<Given<'_>, Invalid> {
    let proto::AttributeValue {
        value,
        recorder: _,
        record_time: _,
    } = sent;
    Ok(match value {
        Some(Sent::Text(text)) => Given::Text(text),
        Some(Sent::Integer(number)) => Given::Integer(*number),
        Some(Sent::Decimal(text)) => Given::Decimal(text),
        Some(Sent::Boolean(truth)) => Given::Boolean(*truth),
        Some(Sent::Date(Date { year, month, day })) => Given::Date(*year, *month, *day),
        Some(Sent::Timestamp(instant)) => {
            let instant = Timestamp::try_from(*instant);
            Given::Timestamp(instant.map_err(|fault| Invalid::new(fault.to_string()))?)
        }
        None => return Err(Invalid::new("has no value: set the field of its type")),
    })
}
