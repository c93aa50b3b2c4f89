//! The message with which a quote is sent.

use std::collections::BTreeMap;

use rapport_platform::identity::Context;
use rapport_platform::outbox::NewEvent;
use rapport_platform::text::{optional_line, optional_passage};
use rapport_proto::rapport::customer::v1::{Attachment, OutboundMessage};
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::r#type::v1::Purpose;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::domain::proposal::facts::CustomerFacts;
use crate::domain::proposal::plain;
use crate::domain::proposal::template::Template;
use crate::domain::quote::hash::ContentHash;
use crate::error::{Error, faults_of};
use crate::events::proposal as events;
use crate::grpc::convert::proposal as convert;
use crate::grpc::proposal::{MAX_MESSAGE, PDF, file_name};
use crate::resource::{OPPORTUNITY, PROPOSAL, QUOTE};
use crate::store::entity::{proposal, quote, quote_revision};
use crate::store::proposal as proposals;
use crate::store::quote as quotes;

/// Longest subject, in characters.
const MAX_SUBJECT: usize = 500;
/// Longest message that a caller writes, in characters.
const MAX_WRITTEN: usize = 10_000;

/// What the caller wants to be sent.
pub(super) struct Wish {
    proposal: Option<Uuid>,
    subject: Option<String>,
    message: Option<String>,
}

/// What leaves.
pub(super) struct Leaving {
    /// The proposal that goes with it.
    pub(super) proposal: Option<Uuid>,
    /// Identifies the proposal's PDF.
    pub(super) document: Option<ContentHash>,
    /// Identifies the message.
    pub(super) message: ContentHash,
    subject: String,
    body: String,
    attachments: Vec<Attachment>,
    links: Vec<String>,
}

/// Reads what is to be sent with a quote.
pub(super) fn parse(request: &proto::SendQuoteRequest, quote: Uuid) -> Result<Wish, Error> {
    let subject = optional_line(&request.subject, MAX_SUBJECT).map_err(faults_of("subject"))?;
    let message = optional_passage(&request.message, MAX_WRITTEN);
    let proposal = match request.proposal.as_str() {
        "" => None,
        name => {
            let [of, id] = PROPOSAL.parse("proposal", name)?;
            if of != quote {
                return Err(Error::invalid(
                    "proposal",
                    "is another quote's: name one of this",
                ));
            }
            Some(id)
        }
    };
    Ok(Wish {
        proposal,
        subject,
        message: message.map_err(faults_of("message"))?,
    })
}

/// Puts the message together, in the transaction that sends the quote.
///
/// # Errors
/// `NotFound` for the proposal; `NotBinding` when it shows something else than the quote says now.
pub(super) async fn compose(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (row, said): (&quote::Model, &quote_revision::Model),
    wish: &Wish,
) -> Result<Leaving, Error> {
    let proposal = match wish.proposal {
        Some(id) => Some(proposals::get(ctx, txn, [row.quote_id, id]).await?),
        None => None,
    };
    if let Some(proposal) = &proposal {
        require_same(row, proposal)?;
    }
    let subject = wish.subject.as_ref();
    let subject = subject.or(proposal.as_ref().map(|it| &it.title));
    let body = wish.message.as_ref();
    let body = match body.or(proposal.as_ref().map(|it| &it.message)) {
        Some(body) => body.clone(),
        None => as_text(said)?,
    };
    if body.len() > MAX_MESSAGE {
        let why = "is longer than 65,536 bytes: write one, and render a proposal to go with it";
        return Err(Error::invalid("message", why));
    }
    let attached = match &proposal {
        Some(proposal) => Some(Attachment {
            file_name: file_name(proposal.revision, "pdf"),
            media_type: PDF.to_owned(),
            content: proposals::bytes(ctx, txn, &proposal.pdf_hash).await?,
        }),
        None => None,
    };
    let document = proposal.as_ref().map(|it| quotes::hash(&it.pdf_hash));
    let document = document.transpose()?;
    let proposal = proposal.as_ref().map(|it| it.proposal_id);
    Ok(Leaving {
        proposal,
        document,
        message: ContentHash::of_bytes(body.as_bytes()),
        subject: subject.unwrap_or(&row.title).clone(),
        body,
        attachments: attached.into_iter().collect(),
        links: links(row, proposal),
    })
}

/// Refuses a document that shows something else, or says that it binds nobody.
fn require_same(row: &quote::Model, proposal: &proposal::Model) -> Result<(), Error> {
    let state = match (proposal.draft, proposal.content_hash == row.content_hash) {
        (false, true) => return Ok(()),
        (true, _) => "DRAFT",
        (false, false) => "OUTDATED",
    };
    Err(Error::NotBinding {
        resource: PROPOSAL.format(&[row.quote_id, proposal.proposal_id]),
        state,
    })
}

/// The quote as plain text, where nobody made a document of it.
fn as_text(said: &quote_revision::Model) -> Result<String, Error> {
    let around = convert::Around {
        customer: CustomerFacts::default(),
        seller: None,
        binding: true,
    };
    let facts = convert::facts(said, around)?;
    let filled = Template::plain().fill(&BTreeMap::new(), &facts);
    let filled = filled.map_err(|faults| faults.at("message"))?;
    Ok(plain(&filled.document))
}

/// What the message is about.
fn links(row: &quote::Model, proposal: Option<Uuid>) -> Vec<String> {
    let quote = QUOTE.format(&[row.quote_id]);
    let opportunity = row.opportunity_id.map(|id| OPPORTUNITY.format(&[id]));
    let proposal = proposal.map(|id| PROPOSAL.format(&[row.quote_id, id]));
    [Some(quote), opportunity, proposal]
        .into_iter()
        .flatten()
        .collect()
}

impl Leaving {
    /// Identifies the proposal's PDF or, without one, the message.
    pub(super) fn hash(&self) -> ContentHash {
        self.document.unwrap_or(self.message)
    }

    /// The event by which the customer service gets it.
    pub(super) fn event(&self, request: &proto::SendQuoteRequest, permit: &str) -> NewEvent {
        events::message_submitted(OutboundMessage {
            customer: request.customer.clone(),
            channel: request.channel,
            purpose: Purpose::Sales.into(),
            contact_point: request.contact_point.clone(),
            contact_permit: permit.to_owned(),
            subject: self.subject.clone(),
            body: self.body.clone(),
            attachments: self.attachments.clone(),
            links: self.links.clone(),
        })
    }
}
