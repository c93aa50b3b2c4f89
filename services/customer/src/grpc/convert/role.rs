//! Roles.

use rapport_platform::etag::Etag;
use rapport_proto::rapport::customer::v1 as proto;

use super::{instant, text};
use crate::domain::hierarchy::Member;
use crate::domain::invalid::InvalidFields;
use crate::domain::role::Role;
use crate::resource;
use crate::store::entity::role::Model;
use rapport_platform::period::Period;

/// What callers may change about a role.
pub(in crate::grpc) const CHANGEABLE: [&str; 4] =
    ["title", "description", "valid_from_time", "valid_to_time"];

/// Reads the role of a person in the organisation that the message names.
pub(in crate::grpc) fn parse(
    role: &proto::Role,
    person: Member,
    organisation: Member,
) -> Result<Role, InvalidFields> {
    let proto::Role {
        name: _,
        organisation: _,
        title,
        description,
        valid_from_time,
        valid_to_time,
        create_time: _,
        update_time: _,
        etag: _,
    } = role;
    let mut faults = InvalidFields::default();
    let from = faults.take("valid_from_time", instant(valid_from_time.as_ref()));
    let to = faults.take("valid_to_time", instant(valid_to_time.as_ref()));
    let valid = Period::parse(from.flatten(), to.flatten());
    let role = faults.take(
        "",
        Role::parse(person, organisation, title, description, valid),
    );
    faults.finish(role)
}

/// The role in a row.
pub(in crate::grpc) fn to_proto(row: Model) -> proto::Role {
    let Model {
        tenant_id: _,
        customer_id,
        role_id,
        organisation_id,
        title,
        description,
        valid_from_time,
        valid_to_time,
        version,
        create_time,
        update_time,
    } = row;
    proto::Role {
        name: resource::ROLE.format(&[customer_id, role_id]),
        organisation: resource::customer(organisation_id),
        title,
        description: text(description),
        valid_from_time: valid_from_time.map(Into::into),
        valid_to_time: valid_to_time.map(Into::into),
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    }
}
