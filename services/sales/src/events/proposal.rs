//! Facts about proposals, and the messages with which they leave.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::customer::v1::OutboundMessage;
use rapport_proto::rapport::sales::v1 as proto;

/// A template was written, or has another version.
pub(crate) fn template_changed(template: &proto::ProposalTemplate) -> NewEvent {
    let fact = proto::ProposalTemplateChanged {
        proposal_template: Some(template.clone()),
    };
    NewEvent::new(&template.name, template.version, &fact)
}

/// A template that had `version` was taken out of use.
pub(crate) fn template_deleted(name: &str, version: i64) -> NewEvent {
    let fact = proto::ProposalTemplateDeleted {
        proposal_template: name.to_owned(),
    };
    NewEvent::new(name, version + 1, &fact)
}

/// A document was made.
pub(crate) fn rendered(proposal: &proto::Proposal) -> NewEvent {
    let fact = proto::ProposalRendered {
        proposal: Some(proposal.clone()),
    };
    NewEvent::new(&proposal.name, 1, &fact)
}

/// A message is handed over to be delivered under its permit, which stands for it.
pub(crate) fn message_submitted(message: OutboundMessage) -> NewEvent {
    let permit = message.contact_permit.clone();
    let fact = proto::QuoteMessageSubmitted {
        message: Some(message),
    };
    NewEvent::new(permit, 1, &fact)
}
