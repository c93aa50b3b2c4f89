//! Conversations.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_proto::rapport::customer::v1 as proto;
use uuid::Uuid;

use super::{part_of, text};
use crate::domain::conversation::Conversation;
use crate::domain::invalid::InvalidFields;
use crate::resource::CONVERSATION;
use crate::store::entity::conversation::Model;

/// Reads a conversation with the customer of the records `members` that the caller opens.
pub(in crate::grpc) fn parse(
    ctx: &Context,
    members: &[Uuid],
    conversation: &proto::Conversation,
) -> Result<Conversation, InvalidFields> {
    let proto::Conversation {
        name: _,
        subject,
        state: _,
        follows,
        resolution: _,
        last_channel: _,
        last_interaction_time: _,
        interaction_count: _,
        opener: _,
        create_time: _,
        close_time: _,
        etag: _,
    } = conversation;
    let mut faults = InvalidFields::default();
    let follows = faults.take("follows", part_of(members, CONVERSATION, follows));
    let opened = Conversation::open(subject, follows.flatten(), ctx.now);
    let opened = faults.take("subject", opened);
    faults.finish(opened)
}

/// The conversation in a row.
pub(in crate::grpc) fn to_proto(row: Model) -> proto::Conversation {
    let Model {
        tenant_id: _,
        customer_id,
        conversation_id,
        subject,
        state,
        follows_id,
        resolution,
        last_channel,
        last_interaction_time,
        interaction_count,
        active_time: _,
        opener,
        create_time,
        close_time,
        version,
    } = row;
    let name = |id: Uuid| CONVERSATION.format(&[customer_id, id]);
    proto::Conversation {
        name: name(conversation_id),
        subject,
        state: state.into(),
        follows: follows_id.map(name).unwrap_or_default(),
        resolution: text(resolution),
        last_channel: last_channel.map_or(0, Into::into),
        last_interaction_time: last_interaction_time.map(Into::into),
        interaction_count,
        opener,
        create_time: Some(create_time.into()),
        close_time: close_time.map(Into::into),
        etag: Etag::of(version),
    }
}
