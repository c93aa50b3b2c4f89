//! Attribute definitions, and the values that customers carry.

use rapport_platform::etag::Etag;
use rapport_proto::rapport::customer::v1 as proto;

use super::text;
use crate::domain::attributes::AttributeDefinitionParts;
use crate::error::Error;
use crate::resource;
use crate::store::attribute_definition;
use crate::store::entity::attribute_definition::Model;

/// What callers may name in an update. That the type stays is the domain's to say.
pub(in crate::grpc) const DEFINITION: [&str; 5] = [
    "display_name",
    "description",
    "type",
    "category",
    "allowed_values",
];

/// What a message says of an attribute.
pub(in crate::grpc) fn parts(
    definition: &proto::AttributeDefinition,
) -> AttributeDefinitionParts<'_> {
    let proto::AttributeDefinition {
        name: _,
        display_name,
        description,
        r#type,
        category,
        allowed_values,
        create_time: _,
        update_time: _,
        etag: _,
    } = definition;
    AttributeDefinitionParts {
        value_type: *r#type,
        category: *category,
        display_name,
        description,
        allowed_values: allowed_values.iter().map(String::as_str).collect(),
    }
}

/// The definition in a row.
pub(in crate::grpc) fn to_proto(row: Model) -> Result<proto::AttributeDefinition, Error> {
    let Model {
        tenant_id: _,
        key,
        display_name,
        description,
        value_type,
        category,
        allowed_values,
        version,
        create_time,
        update_time,
    } = row;
    Ok(proto::AttributeDefinition {
        name: resource::attribute_definition(&key),
        display_name,
        description: text(description),
        r#type: i32::from(value_type),
        category: i32::from(category),
        allowed_values: attribute_definition::allowed_values(&allowed_values)?,
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    })
}
