//! Facts that this service publishes. Each is appended to the outbox in the transaction that
//! makes it true.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::customer::v1 as proto;

/// A contact point was recorded or changed and has `version` since.
pub(crate) fn contact_point_changed(point: &proto::ContactPoint, version: i64) -> NewEvent {
    let fact = proto::ContactPointChanged { contact_point: Some(point.clone()) };
    NewEvent::new(&point.name, version, &fact)
}

/// A contact point that had `version` was removed.
pub(crate) fn contact_point_deleted(name: &str, version: i64) -> NewEvent {
    let fact = proto::ContactPointDeleted { contact_point: name.to_owned() };
    NewEvent::new(name, version + 1, &fact)
}
