//! Sellers.

use rapport_platform::etag::Etag;
use rapport_proto::rapport::sales::v1 as proto;

use super::text;
use crate::domain::seller::SellerParts;
use crate::resource::{self, SELLER};
use crate::store::entity::seller::Model;

/// What callers may name in an update. That the principal stays is the domain's to say.
pub(in crate::grpc) const UPDATABLE: [&str; 5] =
    ["display_name", "principal", "manager", "team", "region"];

/// What a message says of a seller.
pub(in crate::grpc) fn parts(seller: &proto::Seller) -> SellerParts<'_> {
    let proto::Seller {
        name: _,
        display_name,
        principal,
        manager,
        team,
        region,
        state: _,
        create_time: _,
        update_time: _,
        etag: _,
    } = seller;
    SellerParts {
        display_name,
        principal,
        manager: resource::optional(SELLER, manager),
        team,
        region,
    }
}

/// The seller in a row.
pub(in crate::grpc) fn to_proto(row: Model) -> proto::Seller {
    let Model {
        tenant_id: _,
        seller_id,
        display_name,
        principal,
        manager_id,
        team,
        region,
        state,
        version,
        create_time,
        update_time,
    } = row;
    proto::Seller {
        name: resource::seller(seller_id),
        display_name,
        principal,
        manager: manager_id.map(resource::seller).unwrap_or_default(),
        team: text(team),
        region: text(region),
        state: i32::from(state),
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    }
}
