//! Contact points.

use rapport_platform::etag::Etag;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address as ProtoAddress;

use super::{instant, text};
use crate::domain::channel::{Channel, ChannelSet};
use crate::domain::contact_point::{Address, Usage, UsageParts};
use crate::domain::email::EmailAddress;
use crate::domain::handle::Handle;
use crate::domain::invalid::{Invalid, InvalidFields};
use crate::domain::phone::PhoneNumber;
use crate::domain::postal::{PostalAddress, PostalAddressParts};
use crate::domain::region::Region;
use crate::error::Error;
use crate::resource;
use crate::store::contact_point;
use crate::store::entity::contact_point::Model;

/// What callers may say about the use of an address, also later.
pub(in crate::grpc) const USAGE: [&str; 5] = [
    "label",
    "channels",
    "rank",
    "valid_from_time",
    "valid_to_time",
];

/// Reads an address and its use. Local phone numbers are numbers of `region`.
pub(in crate::grpc) fn parse(
    point: &proto::ContactPoint,
    region: Region,
) -> Result<(Address, Usage), InvalidFields> {
    let address = parse_address(point.address.as_ref(), region)?;
    let usage = parse_usage(point, &address)?;
    Ok((address, usage))
}

/// Reads the use of an address.
pub(in crate::grpc) fn parse_usage(
    point: &proto::ContactPoint,
    address: &Address,
) -> Result<Usage, InvalidFields> {
    let proto::ContactPoint {
        name: _,
        address: _,
        label,
        channels,
        rank,
        valid_from_time,
        valid_to_time,
        state: _,
        state_time: _,
        verify_time: _,
        create_time: _,
        update_time: _,
        etag: _,
    } = point;
    let mut faults = InvalidFields::default();
    let channels = faults.take("channels", parse_channels(channels));
    let from = faults.take("valid_from_time", instant(valid_from_time.as_ref()));
    let to = faults.take("valid_to_time", instant(valid_to_time.as_ref()));
    let usage = UsageParts {
        label,
        channels: channels.as_deref().unwrap_or_default(),
        rank: *rank,
        valid_from_time: from.flatten(),
        valid_to_time: to.flatten(),
    };
    let usage = faults.take("", Usage::parse(address, usage));
    faults.finish(usage)
}

/// The contact point in a row.
pub(in crate::grpc) fn to_proto(row: Model) -> Result<proto::ContactPoint, Error> {
    let rank = contact_point::rank(row.rank);
    let address = write_address(contact_point::address(&row)?);
    let Model {
        tenant_id: _,
        customer_id,
        contact_point_id,
        kind: _,
        address: _,
        extension: _,
        line_kind: _,
        platform: _,
        postal: _,
        address_digest: _,
        label,
        channels,
        rank: _,
        valid_from_time,
        valid_to_time,
        state,
        state_time,
        verify_time,
        version,
        create_time,
        update_time,
    } = row;
    Ok(proto::ContactPoint {
        name: resource::CONTACT_POINT.format(&[customer_id, contact_point_id]),
        address: Some(address),
        label: text(label),
        channels: ChannelSet::from_bits(channels)
            .iter()
            .map(Channel::number)
            .collect(),
        rank,
        valid_from_time: valid_from_time.map(Into::into),
        valid_to_time: valid_to_time.map(Into::into),
        state: i32::from(state),
        state_time: Some(state_time.into()),
        verify_time: verify_time.map(Into::into),
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    })
}

/// Reads an address. Local phone numbers are numbers of `region`.
pub(super) fn parse_address(
    address: Option<&ProtoAddress>,
    region: Region,
) -> Result<Address, InvalidFields> {
    let mut faults = InvalidFields::default();
    let address = match address {
        Some(ProtoAddress::Email(email)) => faults
            .take("email", EmailAddress::parse(email))
            .map(Address::Email),
        Some(ProtoAddress::Phone(phone)) => faults
            .take("phone", PhoneNumber::parse(phone, Some(region)))
            .map(Address::Phone),
        Some(ProtoAddress::Postal(postal)) => faults
            .take("postal", parse_postal(postal))
            .map(Address::Postal),
        Some(ProtoAddress::Handle(proto::Handle { platform, id })) => faults
            .take("handle", Handle::parse(platform, id))
            .map(Address::Handle),
        None => {
            let missing = Invalid::new("is required: set one of email, phone, postal, handle");
            faults.push("address", missing);
            None
        }
    };
    faults.finish(address)
}

fn parse_postal(postal: &proto::PostalAddress) -> Result<PostalAddress, InvalidFields> {
    let proto::PostalAddress {
        region_code,
        postal_code,
        administrative_area,
        locality,
        address_lines,
    } = postal;
    PostalAddress::parse(&PostalAddressParts {
        region_code,
        postal_code,
        administrative_area,
        locality,
        address_lines: address_lines.iter().map(String::as_str).collect(),
    })
}

fn parse_channels(numbers: &[i32]) -> Result<Vec<Channel>, InvalidFields> {
    let mut faults = InvalidFields::default();
    let mut channels = Vec::with_capacity(numbers.len());
    for (index, &number) in numbers.iter().enumerate() {
        channels.extend(faults.take(&format!("[{index}]"), Channel::try_from(number)));
    }
    faults.finish(Some(channels))
}

fn write_address(address: Address) -> ProtoAddress {
    match address {
        Address::Email(email) => ProtoAddress::Email(email.as_sent()),
        Address::Phone(number) => ProtoAddress::Phone(number.to_string()),
        Address::Postal(postal) => ProtoAddress::Postal(write_postal(&postal)),
        Address::Handle(handle) => ProtoAddress::Handle(proto::Handle {
            platform: handle.platform().to_owned(),
            id: handle.id().to_owned(),
        }),
    }
}

fn write_postal(postal: &PostalAddress) -> proto::PostalAddress {
    let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
    proto::PostalAddress {
        region_code: postal.region().code().to_owned(),
        postal_code: text(postal.postal_code()),
        administrative_area: text(postal.administrative_area()),
        locality: text(postal.locality()),
        address_lines: postal.lines().to_vec(),
    }
}
