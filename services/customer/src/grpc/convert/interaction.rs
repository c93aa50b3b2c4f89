//! Interactions.

use rapport_platform::identity::Context;
use rapport_proto::rapport::customer::v1 as proto;
use uuid::Uuid;

use super::{instant, part_of, text};
use crate::domain::interaction::{InteractionParts, MessageParts, NewInteraction};
use crate::domain::invalid::InvalidFields;
use crate::resource::{self, CONTACT_POINT, CONVERSATION, INTERACTION};
use crate::store::entity::channel_activity;
use crate::store::entity::interaction::Model;

/// Reads a contact with the customer of the records `members` that the caller records.
pub(in crate::grpc) fn parse(
    ctx: &Context,
    members: &[Uuid],
    interaction: &proto::Interaction,
) -> Result<NewInteraction, InvalidFields> {
    let proto::Interaction {
        name: _,
        channel,
        direction,
        purpose,
        conversation,
        agent,
        contact_point,
        summary,
        body,
        outcome,
        occur_time,
        duration,
        links,
        external_id,
        recorder: _,
        record_time: _,
    } = interaction;
    let mut faults = InvalidFields::default();
    let conversation = faults.take("conversation", part_of(members, CONVERSATION, conversation));
    let contact_point = faults.take(
        "contact_point",
        part_of(members, CONTACT_POINT, contact_point),
    );
    let occur_time = faults.take("occur_time", instant(occur_time.as_ref()));
    let parts = InteractionParts {
        channel: *channel,
        direction: *direction,
        purpose: *purpose,
        conversation: conversation.flatten(),
        agent,
        contact_point: contact_point.flatten(),
        summary,
        body,
        outcome: *outcome,
        occur_time: occur_time.flatten(),
        duration: duration.map(|it| (it.seconds, it.nanos)),
        links: links.iter().map(String::as_str).collect(),
        external_id: external_id
            .as_ref()
            .map(|it| (it.system.as_str(), it.id.as_str())),
    };
    let interaction = NewInteraction::parse(&parts, ctx.actor.as_str(), ctx.now);
    let interaction = faults.take("", interaction);
    faults.finish(interaction)
}

/// Reads a message to the customer of the records `members` that the caller hands over for delivery.
pub(in crate::grpc) fn parse_message(
    ctx: &Context,
    members: &[Uuid],
    message: &proto::SendMessageRequest,
) -> Result<NewInteraction, InvalidFields> {
    let proto::SendMessageRequest {
        customer: _,
        channel,
        purpose,
        subject,
        body,
        conversation,
        contact_point,
        links,
        request_id: _,
        // Filled in by now.
        template: _,
        merge_fields: _,
        // Of the contact, not of the text.
        topic: _,
        campaign: _,
    } = message;
    let mut faults = InvalidFields::default();
    let conversation = faults.take("conversation", part_of(members, CONVERSATION, conversation));
    let contact_point = faults.take(
        "contact_point",
        part_of(members, CONTACT_POINT, contact_point),
    );
    let parts = MessageParts {
        channel: *channel,
        purpose: *purpose,
        conversation: conversation.flatten(),
        contact_point: contact_point.flatten(),
        subject,
        body,
        links: links.iter().map(String::as_str).collect(),
    };
    let message = NewInteraction::message(&parts, ctx.actor.as_str(), ctx.now);
    let message = faults.take("", message);
    faults.finish(message)
}

/// The interaction in a row.
pub(in crate::grpc) fn to_proto(row: Model) -> proto::Interaction {
    let Model {
        tenant_id: _,
        customer_id,
        interaction_id,
        channel,
        direction,
        purpose,
        conversation_id,
        agent,
        contact_point_id,
        summary,
        body,
        outcome,
        occur_time,
        duration_seconds,
        links,
        external_system,
        external_id,
        recorder,
        record_time,
    } = row;
    let name_of = |pattern: resource::OfCustomer, id: Option<Uuid>| {
        id.map(|id| pattern.format(&[customer_id, id]))
            .unwrap_or_default()
    };
    proto::Interaction {
        name: INTERACTION.format(&[customer_id, interaction_id]),
        channel: channel.into(),
        direction: direction.into(),
        purpose: purpose.map_or(0, Into::into),
        conversation: name_of(CONVERSATION, conversation_id),
        agent,
        contact_point: name_of(CONTACT_POINT, contact_point_id),
        summary,
        body: text(body),
        outcome: outcome.map_or(0, Into::into),
        occur_time: Some(occur_time.into()),
        duration: duration_seconds.map(|seconds| prost_types::Duration {
            seconds: seconds.into(),
            nanos: 0,
        }),
        links: links.0,
        external_id: external_system
            .zip(external_id)
            .map(|(system, id)| proto::ExternalId { system, id }),
        recorder,
        record_time: Some(record_time.into()),
    }
}

/// The interactions in rows.
pub(in crate::grpc) fn all_to_proto(rows: Vec<Model>) -> Vec<proto::Interaction> {
    rows.into_iter().map(to_proto).collect()
}

/// The activity in a row.
pub(in crate::grpc) fn activity(row: channel_activity::Model) -> proto::ChannelActivity {
    let channel_activity::Model {
        tenant_id: _,
        customer_id: _,
        channel,
        inbound_count,
        outbound_count,
        last_time,
    } = row;
    proto::ChannelActivity {
        channel: channel.into(),
        inbound_count,
        outbound_count,
        last_time: Some(last_time.into()),
    }
}
