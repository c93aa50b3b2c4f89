//! When and how quotes were sent.

use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::text;
use crate::error::Error;
use crate::resource::{CONTACT_PERMIT, CONTACT_POINT, PROPOSAL, QUOTE_SEND};
use crate::store::entity::quote_send::Model;
use crate::store::quote;

/// A send in a row, of a quote that is `customer`'s now.
pub(in crate::grpc) fn to_proto(row: Model, customer: Uuid) -> Result<proto::QuoteSend, Error> {
    let Model {
        tenant_id: _,
        quote_id,
        send_id,
        revision,
        content_hash,
        channel,
        contact_point_id,
        contact_permit_id,
        proposal_id,
        document_hash,
        message_hash,
        sender,
        send_time,
    } = row;
    let document_hash = document_hash.as_deref().map(quote::hash).transpose()?;
    Ok(proto::QuoteSend {
        name: QUOTE_SEND.format(&[quote_id, send_id]),
        revision,
        content_hash: quote::hash(&content_hash)?.to_string(),
        channel: i32::from(channel),
        contact_point: text(contact_point_id.map(|id| CONTACT_POINT.format(&[customer, id]))),
        contact_permit: CONTACT_PERMIT.format(&[customer, contact_permit_id]),
        proposal: text(proposal_id.map(|id| PROPOSAL.format(&[quote_id, id]))),
        document_hash: text(document_hash.map(|it| it.to_string())),
        message_hash: quote::hash(&message_hash)?.to_string(),
        sender,
        send_time: Some(send_time.into()),
    })
}
