//! Deliveries and their attempts.

use rapport_platform::etag::Etag;
use rapport_proto::rapport::customer::v1 as proto;

use super::text;
use crate::domain::contact::refusal::ContactRefusal;
use crate::domain::delivery::DeliveryState;
use crate::resource::{self, CONTACT_PERMIT, CONTACT_POINT, CUSTOMER, DELIVERY, INTERACTION};
use crate::store::delivery;
use crate::store::entity::delivery::Model;
use crate::store::entity::{delivery_attachment, delivery_attempt};

/// The delivery in a row.
pub(crate) fn to_proto(row: &Model) -> proto::Delivery {
    let Model {
        tenant_id: _,
        delivery_id,
        customer_id,
        interaction_id,
        channel,
        purpose,
        contact_point_id,
        // Ours alone.
        address_digest: _,
        contact_permit_id,
        // The permit tells of them.
        topic: _,
        campaign: _,
        // Part of the message.
        html: _,
        connector,
        state,
        refusals: _,
        attempt_count,
        forgiven_count: _,
        due_time,
        lease_id: _,
        provider_message_id,
        possible_duplicate,
        failure,
        complain_time,
        version,
        create_time,
        update_time,
        end_time,
    } = row;
    let is_in = |wanted: DeliveryState| *state == wanted.code();
    let due_when = |wanted| due_time.filter(|_| is_in(wanted)).map(Into::into);
    let contact_point = contact_point_id.map(|id| CONTACT_POINT.format(&[*customer_id, id]));
    proto::Delivery {
        name: DELIVERY.format(&[*delivery_id]),
        customer: CUSTOMER.format(&[*customer_id]),
        interaction: INTERACTION.format(&[*customer_id, *interaction_id]),
        channel: i32::from(*channel),
        purpose: i32::from(*purpose),
        contact_point: text(contact_point),
        permit: CONTACT_PERMIT.format(&[*customer_id, *contact_permit_id]),
        connector: i32::from(*connector),
        state: i32::from(*state),
        refusals: delivery::refusals(row)
            .map(ContactRefusal::number)
            .collect(),
        attempt_count: *attempt_count,
        next_attempt_time: due_when(DeliveryState::Queued),
        lease_expire_time: due_when(DeliveryState::Leased),
        provider_message_id: text(provider_message_id.clone()),
        possible_duplicate: *possible_duplicate,
        failure: text(failure.clone()),
        complain_time: complain_time.map(Into::into),
        create_time: Some((*create_time).into()),
        update_time: Some((*update_time).into()),
        end_time: end_time.map(Into::into),
        etag: Etag::of(*version),
    }
}

/// The attempt in a row.
pub(in crate::grpc) fn attempt_to_proto(row: delivery_attempt::Model) -> proto::DeliveryAttempt {
    let delivery_attempt::Model {
        tenant_id: _,
        delivery_id,
        number,
        connector,
        start_time,
        end_time,
        result,
        failure,
        possible_duplicate,
    } = row;
    proto::DeliveryAttempt {
        name: resource::delivery_attempt(delivery_id, number),
        connector: i32::from(connector),
        start_time: Some(start_time.into()),
        end_time: end_time.map(Into::into),
        result: result.map_or(0, i32::from),
        failure: text(failure),
        possible_duplicate,
    }
}

/// The document in a row.
pub(in crate::grpc) fn attachment(row: delivery_attachment::Model) -> proto::Attachment {
    let delivery_attachment::Model {
        tenant_id: _,
        customer_id: _,
        attachment_id: _,
        delivery_id: _,
        file_name,
        media_type,
        content,
        create_time: _,
    } = row;
    proto::Attachment {
        file_name,
        media_type,
        content,
    }
}
