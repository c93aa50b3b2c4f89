//! Facts that this service publishes. Each is appended to the outbox in the transaction that
//! makes it true.

pub(crate) mod lifecycle;
pub(crate) mod outbound;

use rapport_platform::outbox::NewEvent;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use uuid::Uuid;

use crate::resource;

/// A customer was recorded.
pub(crate) fn customer_created(customer: &proto::Customer, version: i64) -> NewEvent {
    let fact = proto::CustomerCreated {
        customer: Some(customer.clone()),
    };
    NewEvent::new(&customer.name, version, &fact)
}

/// A customer's record changed and has `version` since.
pub(crate) fn customer_updated(customer: &proto::Customer, version: i64) -> NewEvent {
    let fact = proto::CustomerUpdated {
        customer: Some(customer.clone()),
    };
    NewEvent::new(&customer.name, version, &fact)
}

/// A customer was deleted softly and has `version` since.
pub(crate) fn customer_deleted(customer: &proto::Customer, version: i64) -> NewEvent {
    let fact = proto::CustomerDeleted {
        customer: Some(customer.clone()),
    };
    NewEvent::new(&customer.name, version, &fact)
}

/// A deleted customer was brought back and has `version` since.
pub(crate) fn customer_undeleted(customer: &proto::Customer, version: i64) -> NewEvent {
    let fact = proto::CustomerUndeleted {
        customer: Some(customer.clone()),
    };
    NewEvent::new(&customer.name, version, &fact)
}

/// A contact point was recorded or changed and has `version` since.
pub(crate) fn contact_point_changed(point: &proto::ContactPoint, version: i64) -> NewEvent {
    let fact = proto::ContactPointChanged {
        contact_point: Some(point.clone()),
    };
    NewEvent::new(&point.name, version, &fact)
}

/// A contact point that had `version` was removed.
pub(crate) fn contact_point_deleted(name: &str, version: i64) -> NewEvent {
    let fact = proto::ContactPointDeleted {
        contact_point: name.to_owned(),
    };
    NewEvent::new(name, version + 1, &fact)
}

/// An interaction was appended.
pub(crate) fn interaction_appended(interaction: &proto::Interaction) -> NewEvent {
    let fact = proto::InteractionAppended {
        interaction: Some(interaction.clone()),
    };
    NewEvent::new(&interaction.name, 1, &fact)
}

/// The message in an interaction waits for delivery to `contact_point`.
pub(crate) fn message_queued(
    interaction: &proto::Interaction,
    contact_point: Option<proto::ContactPoint>,
) -> NewEvent {
    let fact = proto::MessageQueued {
        interaction: Some(interaction.clone()),
        contact_point,
    };
    // An interaction never changes: appended is the first thing that happens to it, queued
    // the second.
    NewEvent::new(&interaction.name, 2, &fact)
}

/// A conversation was opened or closed and has `version` since.
pub(crate) fn conversation_changed(conversation: &proto::Conversation, version: i64) -> NewEvent {
    let fact = proto::ConversationChanged {
        conversation: Some(conversation.clone()),
    };
    NewEvent::new(&conversation.name, version, &fact)
}

/// A customer's preferences changed and have `version` since.
pub(crate) fn preferences_changed(preferences: &proto::Preferences, version: i64) -> NewEvent {
    let fact = proto::PreferencesChanged {
        preferences: Some(preferences.clone()),
    };
    NewEvent::new(&preferences.name, version, &fact)
}

/// A customer moved to another stage and has `version` since.
pub(crate) fn customer_stage_changed(
    customer: Uuid,
    change: proto::StageChange,
    version: i64,
) -> NewEvent {
    let fact = proto::CustomerStageChanged {
        stage_change: Some(change),
    };
    NewEvent::new(resource::customer(customer), version, &fact)
}

/// A customer's behaviour was recorded, the `sequence`th of this customer.
///
/// All behaviour of one customer is one aggregate, so that it is acted on in the order in
/// which it was recorded: a repeated purchase is one only after the first.
pub(crate) fn behaviour_recorded(
    customer: Uuid,
    event: &proto::BehaviourEvent,
    sequence: i64,
) -> NewEvent {
    let fact = proto::BehaviourRecorded {
        behaviour_event: Some(event.clone()),
    };
    NewEvent::new(
        format!("{}/behaviourEvents", resource::customer(customer)),
        sequence,
        &fact,
    )
}

/// An import run was completed or taken back and has `version` since.
pub(crate) fn import_run_ended(run: &proto::ImportRun, version: i64) -> NewEvent {
    let fact = proto::ImportRunEnded {
        import_run: run.name.clone(),
        created_count: run.created_count,
        updated_count: run.updated_count,
        undone: run.state() == proto::ImportState::Undone,
    };
    NewEvent::new(&run.name, version, &fact)
}

/// The connector's other side took a message over; the delivery has `version` since.
pub(crate) fn delivery_sent(delivery: &proto::Delivery, version: i64) -> NewEvent {
    let fact = proto::DeliverySent {
        delivery: Some(delivery.clone()),
    };
    NewEvent::new(&delivery.name, version, &fact)
}

/// A message is known to have arrived; the delivery has `version` since.
pub(crate) fn delivery_delivered(delivery: &proto::Delivery, version: i64) -> NewEvent {
    let fact = proto::DeliveryDelivered {
        delivery: Some(delivery.clone()),
    };
    NewEvent::new(&delivery.name, version, &fact)
}

/// A message was not sent; the delivery has `version` since.
pub(crate) fn delivery_refused(delivery: &proto::Delivery, version: i64) -> NewEvent {
    let fact = proto::DeliveryRefused {
        delivery: Some(delivery.clone()),
    };
    NewEvent::new(&delivery.name, version, &fact)
}

/// A message was given up or came back; the delivery has `version` since.
pub(crate) fn delivery_failed(delivery: &proto::Delivery, version: i64) -> NewEvent {
    let fact = proto::DeliveryFailed {
        delivery: Some(delivery.clone()),
    };
    NewEvent::new(&delivery.name, version, &fact)
}

/// An entry was appended to a customer's consent ledger.
///
/// The ledger of one customer is one aggregate, and its record times, each later than the one
/// before, are its versions.
pub(crate) fn consent_recorded(
    customer: Uuid,
    event: &proto::ConsentEvent,
    record_time: Timestamp,
) -> NewEvent {
    let fact = proto::ConsentRecorded {
        consent_event: Some(event.clone()),
    };
    let ledger = format!("{}/consentEvents", resource::customer(customer));
    NewEvent::new(ledger, record_time.as_micros(), &fact)
}

/// What contacts on a channel cost was recorded.
pub(crate) fn channel_cost_created(cost: &proto::ChannelCost) -> NewEvent {
    let fact = proto::ChannelCostCreated {
        channel_cost: Some(cost.clone()),
    };
    NewEvent::new(&cost.name, 1, &fact)
}

/// A channel's cost was removed.
pub(crate) fn channel_cost_deleted(name: &str) -> NewEvent {
    let fact = proto::ChannelCostDeleted {
        channel_cost: name.to_owned(),
    };
    NewEvent::new(name, 2, &fact)
}

/// An address was suppressed, or a suppression lifted.
pub(crate) fn suppression_changed(suppression: &proto::Suppression) -> NewEvent {
    let fact = proto::SuppressionChanged {
        suppression: Some(suppression.clone()),
    };
    let version = if suppression.lift_time.is_some() {
        2
    } else {
        1
    };
    NewEvent::new(&suppression.name, version, &fact)
}
