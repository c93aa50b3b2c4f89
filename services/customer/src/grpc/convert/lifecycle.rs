//! The life cycle.

use rapport_platform::identity::Context;
use rapport_proto::rapport::customer::v1 as proto;

use super::{instant, text};
use crate::domain::behaviour::NewBehaviour;
use crate::domain::invalid::InvalidFields;
use crate::resource::{BEHAVIOUR_EVENT, STAGE_CHANGE};
use crate::store::entity::{behaviour_event, stage_change};

/// Reads an observation that the caller records.
pub(in crate::grpc) fn parse(
    ctx: &Context,
    event: &proto::BehaviourEvent,
) -> Result<NewBehaviour, InvalidFields> {
    let proto::BehaviourEvent {
        name: _,
        kind,
        subject,
        occur_time,
        recorder: _,
        record_time: _,
    } = event;
    let mut faults = InvalidFields::default();
    let occur_time = faults.take("occur_time", instant(occur_time.as_ref()));
    let behaviour = NewBehaviour::parse(*kind, subject, occur_time.flatten(), ctx.now);
    let behaviour = faults.take("", behaviour);
    faults.finish(behaviour)
}

/// The behaviour in a row.
pub(crate) fn behaviour_event(row: behaviour_event::Model) -> proto::BehaviourEvent {
    let behaviour_event::Model {
        tenant_id: _,
        customer_id,
        behaviour_event_id,
        sequence: _,
        kind,
        subject,
        occur_time,
        recorder,
        record_time,
    } = row;
    proto::BehaviourEvent {
        name: BEHAVIOUR_EVENT.format(&[customer_id, behaviour_event_id]),
        kind: kind.into(),
        subject: text(subject),
        occur_time: Some(occur_time.into()),
        recorder,
        record_time: Some(record_time.into()),
    }
}

/// The entry of a stage history in a row.
pub(crate) fn stage_change(row: stage_change::Model) -> proto::StageChange {
    let stage_change::Model {
        tenant_id: _,
        customer_id,
        stage_change_id,
        from_stage,
        to_stage,
        reason,
        behaviour_event_id,
        actor,
        change_time,
    } = row;
    let event = behaviour_event_id.map(|id| BEHAVIOUR_EVENT.format(&[customer_id, id]));
    proto::StageChange {
        name: STAGE_CHANGE.format(&[customer_id, stage_change_id]),
        from_stage: from_stage.into(),
        to_stage: to_stage.into(),
        reason,
        behaviour_event: text(event),
        actor,
        change_time: Some(change_time.into()),
    }
}
