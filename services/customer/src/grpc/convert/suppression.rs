//! Addresses that are not to be used.

use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address as ContactAddress;
use rapport_proto::rapport::customer::v1::suppressed_address::Address as ProtoAddress;

use super::contact_point::parse_address;
use super::text;
use crate::domain::channel::Purpose;
use crate::domain::contact::purposes::PurposeSet;
use crate::domain::contact::suppression::SuppressionReason;
use crate::domain::contact_point::Address;
use crate::domain::invalid::InvalidFields;
use crate::domain::region::Region;
use crate::resource::SUPPRESSION;
use crate::store::entity::suppression::Model;

/// Reads an address. Local phone numbers are numbers of `region`.
pub(in crate::grpc) fn address(
    sent: proto::SuppressedAddress,
    region: Region,
) -> Result<Address, InvalidFields> {
    let proto::SuppressedAddress { address } = sent;
    let address = address.map(|address| match address {
        ProtoAddress::Email(email) => ContactAddress::Email(email),
        ProtoAddress::Phone(phone) => ContactAddress::Phone(phone),
        ProtoAddress::Postal(postal) => ContactAddress::Postal(postal),
        ProtoAddress::Handle(handle) => ContactAddress::Handle(handle),
    });
    parse_address(address.as_ref(), region)
}

/// Reads what an address is suppressed for, and what that stops.
pub(in crate::grpc) fn reason(
    reason: i32,
    purposes: &[i32],
) -> Result<(SuppressionReason, PurposeSet), InvalidFields> {
    let mut faults = InvalidFields::default();
    let reason = faults.take("reason", SuppressionReason::try_from(reason));
    let mut named = Vec::with_capacity(purposes.len());
    for (index, &number) in purposes.iter().enumerate() {
        named.extend(faults.take(&format!("purposes[{index}]"), Purpose::try_from(number)));
    }
    let stops = reason.and_then(|reason| faults.take("purposes", reason.stops(&named)));
    faults.finish(reason.zip(stops))
}

/// A suppression as callers read it.
pub(in crate::grpc) fn to_proto(row: Model) -> proto::Suppression {
    let stops = PurposeSet::from_bits(row.purposes);
    let reason = SuppressionReason::try_from(i32::from(row.reason));
    let usual = reason.and_then(|reason| reason.stops(&[]));
    let named = match usual.is_ok_and(|usual| usual == stops) {
        true => Vec::new(),
        false => stops.iter().map(Purpose::number).collect(),
    };
    proto::Suppression {
        name: SUPPRESSION.format(&[row.suppression_id]),
        reason: i32::from(row.reason),
        purposes: named,
        note: text(row.note),
        recorder: row.recorder,
        create_time: Some(row.create_time.into()),
        lifter: text(row.lifter),
        lift_reason: text(row.lift_reason),
        lift_time: row.lift_time.map(Into::into),
    }
}
