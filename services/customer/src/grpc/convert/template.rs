//! Templates.

use rapport_platform::etag::Etag;
use rapport_proto::rapport::customer::v1 as proto;

use super::text;
use crate::domain::template::{CustomerFields, TemplateParts};
use crate::error::Error;
use crate::resource;
use crate::store::entity::template::Model;
use crate::store::{customer, template};

/// What callers may name in an update.
pub(in crate::grpc) const TEMPLATE: [&str; 6] = [
    "display_name",
    "channel",
    "subject",
    "text",
    "html",
    "merge_fields",
];

/// What a message says of a template.
pub(in crate::grpc) fn parts(template: &proto::Template) -> TemplateParts<'_> {
    let proto::Template {
        name: _,
        display_name,
        channel,
        subject,
        text,
        html,
        merge_fields,
        create_time: _,
        update_time: _,
        etag: _,
    } = template;
    TemplateParts {
        display_name,
        channel: *channel,
        subject,
        text,
        html,
        merge_fields: merge_fields
            .iter()
            .map(|proto::MergeField { key, description }| (key.as_str(), description.as_str()))
            .collect(),
    }
}

/// The template in a row.
pub(in crate::grpc) fn to_proto(row: Model) -> Result<proto::Template, Error> {
    let merge_fields = template::merge_fields(&row)?;
    let Model {
        tenant_id: _,
        template_id,
        display_name,
        channel,
        subject,
        text: plain,
        html,
        merge_fields: _,
        version,
        create_time,
        update_time,
    } = row;
    Ok(proto::Template {
        name: resource::template(&template_id),
        display_name,
        channel: i32::from(channel),
        subject,
        text: plain,
        html: text(html),
        merge_fields: merge_fields
            .into_iter()
            .map(|(key, description)| proto::MergeField { key, description })
            .collect(),
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    })
}

/// What templates may say of a customer.
pub(in crate::grpc) fn customer_fields(
    row: &crate::store::entity::customer::Model,
) -> Result<CustomerFields, Error> {
    let name = customer::name(row)?;
    Ok(CustomerFields {
        display_name: name.display().to_owned(),
        given_name: row.given_name.clone(),
        family_name: row.family_name.clone(),
        salutation: row.salutation.clone(),
        language_code: row.language_code.clone(),
    })
}
