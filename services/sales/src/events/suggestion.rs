//! Facts about what customers are offered next, and the messages that offer it.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::customer::v1::OutboundMessage;
use rapport_proto::rapport::sales::v1 as proto;

use crate::resource::SUGGESTION_POLICY;

/// It was decided what to offer.
pub(crate) fn decided(decision: &proto::SuggestionDecision) -> NewEvent {
    let fact = proto::SuggestionsDecided {
        suggestion_decision: Some(decision.clone()),
    };
    NewEvent::new(&decision.name, 1, &fact)
}

/// It is presented under the permit.
pub(crate) fn presented(
    decision: &proto::SuggestionDecision,
    version: i64,
    contact_permit: &str,
) -> NewEvent {
    let fact = proto::SuggestionsPresented {
        suggestion_decision: Some(decision.clone()),
        contact_permit: contact_permit.to_owned(),
    };
    NewEvent::new(&decision.name, version, &fact)
}

/// A customer said something to it.
pub(crate) fn responded(response: &proto::SuggestionResponse) -> NewEvent {
    let fact = proto::SuggestionResponded {
        suggestion_response: Some(response.clone()),
    };
    let aggregate = format!("suggestionResponses/{}", response.response_id);
    NewEvent::new(aggregate, 1, &fact)
}

/// The policy was set.
pub(crate) fn policy_changed(policy: &proto::SuggestionPolicy) -> NewEvent {
    let fact = proto::SuggestionPolicyChanged {
        suggestion_policy: Some(policy.clone()),
    };
    NewEvent::new(SUGGESTION_POLICY, policy.version, &fact)
}

/// A message is handed over to be delivered under its permit, which stands for it.
pub(crate) fn message_submitted(message: OutboundMessage) -> NewEvent {
    let permit = message.contact_permit.clone();
    let fact = proto::SuggestionMessageSubmitted {
        message: Some(message),
    };
    NewEvent::new(permit, 1, &fact)
}
