//! Facts that this service publishes. Each is appended to the outbox in the transaction that
//! makes it true.

pub(crate) mod authority;
pub(crate) mod price;
pub(crate) mod quote;

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

/// A seller was recorded.
pub(crate) fn seller_created(seller: &proto::Seller, version: i64) -> NewEvent {
    let fact = proto::SellerCreated {
        seller: Some(seller.clone()),
    };
    NewEvent::new(&seller.name, version, &fact)
}

/// A seller's record changed and has `version` since.
pub(crate) fn seller_updated(seller: &proto::Seller, version: i64) -> NewEvent {
    let fact = proto::SellerUpdated {
        seller: Some(seller.clone()),
    };
    NewEvent::new(&seller.name, version, &fact)
}

/// A seller was deactivated or reactivated and has `version` since.
pub(crate) fn seller_state_changed(seller: &proto::Seller, version: i64) -> NewEvent {
    let fact = proto::SellerStateChanged {
        seller: Some(seller.clone()),
    };
    NewEvent::new(&seller.name, version, &fact)
}
