//! Contact points as rows.

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use sea_orm::prelude::Json;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::AddressKey;
use crate::domain::channel::{Channel, ChannelSet};
use crate::domain::contact_point::{
    Address, AddressKind, ContactPoint, ContactPointState, Usage, UsageParts,
};
use crate::domain::email::EmailAddress;
use crate::domain::handle::Handle;
use crate::domain::phone::{LineKind, PhoneNumber};
use crate::domain::postal::{PostalAddress, PostalAddressParts};
use crate::domain::rank::Rank;
use crate::error::{Error, unreadable};
use crate::store::entity::contact_point::Model;

/// Stored for contact points without a rank, so that the index has them last.
const UNRANKED: i16 = i16::MAX;
const READING: &str = "reading a stored contact point";

/// A postal address as the row keeps it.
#[derive(Serialize, Deserialize)]
struct Postal {
    region_code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    postal_code: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    administrative_area: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    locality: String,
    address_lines: Vec<String>,
}

/// The columns that hold an address.
#[derive(Default)]
struct AddressColumns {
    address: Option<String>,
    extension: Option<String>,
    line_kind: Option<i16>,
    platform: Option<String>,
    postal: Option<Json>,
}

/// The row of a new contact point.
pub(super) fn new(
    ctx: &Context,
    key: &AddressKey,
    customer_id: Uuid,
    point: &ContactPoint,
) -> Result<Model, Error> {
    let AddressColumns {
        address,
        extension,
        line_kind,
        platform,
        postal,
    } = columns(point.address())?;
    let usage = point.usage();
    Ok(Model {
        tenant_id: ctx.tenant,
        customer_id,
        contact_point_id: new_id(),
        kind: point.address().kind().code(),
        address,
        extension,
        line_kind,
        platform,
        postal,
        address_digest: key.digest(point.address()),
        label: usage.label().map(str::to_owned),
        channels: usage.channels().bits(),
        rank: stored_rank(usage.rank()),
        valid_from_time: usage.valid().from(),
        valid_to_time: usage.valid().to(),
        state: point.state().code(),
        state_time: point.state_time(),
        verify_time: point.verify_time(),
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
    })
}

/// The row with what may change about a contact point.
pub(super) fn changed(ctx: &Context, before: Model, point: &ContactPoint) -> Model {
    let usage = point.usage();
    Model {
        label: usage.label().map(str::to_owned),
        channels: usage.channels().bits(),
        rank: stored_rank(usage.rank()),
        valid_from_time: usage.valid().from(),
        valid_to_time: usage.valid().to(),
        state: point.state().code(),
        state_time: point.state_time(),
        verify_time: point.verify_time(),
        version: before.version + 1,
        update_time: ctx.now,
        ..before
    }
}

/// The contact point that a row holds.
pub(crate) fn from_row(row: &Model) -> Result<ContactPoint, Error> {
    let address = address(row)?;
    let channels: Vec<Channel> = ChannelSet::from_bits(row.channels).iter().collect();
    let usage = UsageParts {
        label: row.label.as_deref().unwrap_or_default(),
        channels: &channels,
        rank: rank(row.rank),
        valid_from_time: row.valid_from_time,
        valid_to_time: row.valid_to_time,
    };
    let usage = Usage::parse(&address, usage).map_err(unreadable(READING))?;
    let state = ContactPointState::try_from(i32::from(row.state)).map_err(unreadable(READING))?;
    let point = ContactPoint::new(address, usage, row.create_time);
    Ok(point.stored(state, row.state_time, row.verify_time))
}

/// The address that a row holds.
pub(crate) fn address(row: &Model) -> Result<Address, Error> {
    let kind = AddressKind::try_from(i32::from(row.kind)).map_err(unreadable(READING))?;
    let text = row.address.as_deref().unwrap_or_default();
    Ok(match kind {
        AddressKind::Email => {
            Address::Email(EmailAddress::parse(text).map_err(unreadable(READING))?)
        }
        AddressKind::Phone => {
            let line = LineKind::try_from(row.line_kind.map_or(0, i32::from))
                .map_err(unreadable(READING))?;
            let number = PhoneNumber::stored(text, row.extension.clone(), line);
            Address::Phone(number.ok_or_else(|| unreadable(READING)("no number in E.164"))?)
        }
        AddressKind::Postal => Address::Postal(postal_address(row)?),
        AddressKind::Handle => {
            let platform = row.platform.as_deref().unwrap_or_default();
            Address::Handle(Handle::parse(platform, text).map_err(unreadable(READING))?)
        }
    })
}

/// The rank as callers know it: 0 for none.
pub(crate) fn rank(stored: i16) -> i32 {
    if stored == UNRANKED {
        0
    } else {
        i32::from(stored)
    }
}

fn stored_rank(rank: Rank) -> i16 {
    match i16::try_from(rank.number()) {
        Ok(0) | Err(_) => UNRANKED,
        Ok(number) => number,
    }
}

fn columns(address: &Address) -> Result<AddressColumns, Error> {
    let none = AddressColumns::default();
    Ok(match address {
        Address::Email(email) => AddressColumns {
            address: Some(email.as_sent()),
            ..none
        },
        Address::Phone(number) => AddressColumns {
            address: Some(number.e164()),
            extension: number.extension().map(str::to_owned),
            line_kind: Some(number.kind().code()),
            ..none
        },
        Address::Handle(handle) => AddressColumns {
            address: Some(handle.id().to_owned()),
            platform: Some(handle.platform().to_owned()),
            ..none
        },
        Address::Postal(postal) => AddressColumns {
            postal: Some(postal_json(postal)?),
            ..none
        },
    })
}

fn postal_json(address: &PostalAddress) -> Result<Json, Error> {
    let text = |part: Option<&str>| part.unwrap_or_default().to_owned();
    let postal = Postal {
        region_code: address.region().code().to_owned(),
        postal_code: text(address.postal_code()),
        administrative_area: text(address.administrative_area()),
        locality: text(address.locality()),
        address_lines: address.lines().to_vec(),
    };
    serde_json::to_value(postal).map_err(unreadable("writing a postal address"))
}

fn postal_address(row: &Model) -> Result<PostalAddress, Error> {
    let json = row
        .postal
        .as_ref()
        .ok_or_else(|| unreadable(READING)("no postal address"))?;
    let postal = Postal::deserialize(json).map_err(unreadable(READING))?;
    let Postal {
        region_code,
        postal_code,
        administrative_area,
        locality,
        address_lines,
    } = &postal;
    let parts = PostalAddressParts {
        region_code,
        postal_code,
        administrative_area,
        locality,
        address_lines: address_lines.iter().map(String::as_str).collect(),
    };
    PostalAddress::parse(&parts).map_err(unreadable(READING))
}
