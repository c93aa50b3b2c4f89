//! Sending a quote, and what is known of every time that it was sent.

use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::r#type::v1::Channel;
use uuid::Uuid;

use super::message::{self, Leaving};
use super::step::{Changed, Named};
use super::{PAGE, Quotes};
use crate::domain::quote::state::{QuoteState, Step};
use crate::error::Error;
use crate::events::quote as events;
use crate::grpc::convert::quote_send as convert;
use crate::resource::{CONTACT_PERMIT, CONTACT_POINT, CUSTOMER, QUOTE};
use crate::store::entity::quote::Model;
use crate::store::entity::quote_send;
use crate::store::quote::{self, revision, send};

/// The way that a message takes.
struct Way {
    channel: i16,
    contact_point: Option<Uuid>,
    contact_permit: Uuid,
}

impl Way {
    fn of(ctx: &Context, request: &proto::SendQuoteRequest) -> Result<Self, Error> {
        let channel = Channel::try_from(request.channel).ok();
        let channel = channel.filter(|it| *it != Channel::Unspecified);
        let channel = channel.ok_or_else(|| Error::missing("channel"))?;
        // The gateway lets no such call through without one.
        let contact_permit = ctx.permit.ok_or_else(|| {
            PlatformError::internal("sending a quote", "the call has no contact permit")
        })?;
        let contact_point = match request.contact_point.as_str() {
            "" => None,
            name => {
                let [_, id] = CONTACT_POINT.parse("contact_point", name)?;
                Some(id)
            }
        };
        Ok(Self {
            channel: i16::try_from(i32::from(channel)).unwrap_or_default(),
            contact_point,
            contact_permit,
        })
    }
}

impl Quotes {
    pub(super) async fn send(
        &self,
        ctx: Context,
        request: proto::SendQuoteRequest,
    ) -> Result<proto::Quote, Error> {
        let [customer] = CUSTOMER.parse("customer", &request.customer)?;
        let [id] = QUOTE.parse("name", &request.name)?;
        let way = &Way::of(&ctx, &request)?;
        // The wrong one would be asked for his leave.
        self.require_customer(&ctx, id, customer).await?;
        let named = Named {
            name: &request.name,
            revision: Some(request.revision),
            etag: &request.etag,
        };
        let wish = &message::parse(&request, id)?;
        let permit = &CONTACT_PERMIT.format(&[customer, way.contact_permit]);
        let (ctx, request) = (&ctx, &request);
        self.step(ctx, request, named, Step::Send, |txn, row| async move {
            let said = revision::get(ctx, &*txn, row.quote_id, row.revision).await?;
            let leaving = message::compose(ctx, &txn, (&row, &said), wish).await?;
            let event = leaving.event(request, permit);
            outbox::append(&txn, ctx, &[event]).await?;
            send::insert(&txn, noted(ctx, &row, way, &leaving)).await?;
            Ok(Changed {
                row: Model {
                    state: QuoteState::Sent.code(),
                    send_channel: Some(way.channel),
                    send_time: Some(ctx.now),
                    send_proposal_id: leaving.proposal,
                    send_hash: Some(leaving.hash().bytes().to_vec()),
                    ..row
                },
                content: revision::document(&said)?.content,
                tell: events::sent(request.contact_point.clone(), permit.clone()),
            })
        })
        .await
    }

    /// Refuses a customer whose the quote is not: the call was judged by his choices and terms.
    pub(super) async fn require_customer(
        &self,
        ctx: &Context,
        quote: Uuid,
        customer: Uuid,
    ) -> Result<(), Error> {
        let of_quote = quote::get(ctx, self.0.db.read(), quote).await?.customer_id;
        if self.0.customers.same(ctx, customer, of_quote).await? {
            return Ok(());
        }
        let why = "is not the quote's: name that one";
        Err(Error::invalid("customer", why))
    }

    pub(super) async fn list_sends(
        &self,
        ctx: Context,
        request: proto::ListQuoteSendsRequest,
    ) -> Result<proto::ListQuoteSendsResponse, Error> {
        let proto::ListQuoteSendsRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [id] = QUOTE.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.QuoteService/ListQuoteSends",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        let customer = quote::get(&ctx, db, id).await?.customer_id;
        let rows = send::list(&ctx, db, id, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.send_id)?;
        let sends = rows.into_iter().map(|row| convert::to_proto(row, customer));
        Ok(proto::ListQuoteSendsResponse {
            sends: sends.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }
}

/// What is kept of what leaves.
fn noted(ctx: &Context, row: &Model, way: &Way, leaving: &Leaving) -> quote_send::Model {
    quote_send::Model {
        tenant_id: ctx.tenant,
        quote_id: row.quote_id,
        send_id: new_id(),
        revision: row.revision,
        content_hash: row.content_hash.clone(),
        channel: way.channel,
        contact_point_id: way.contact_point,
        contact_permit_id: way.contact_permit,
        proposal_id: leaving.proposal,
        document_hash: leaving.document.map(|it| it.bytes().to_vec()),
        message_hash: leaving.message.bytes().to_vec(),
        sender: ctx.actor.to_string(),
        send_time: ctx.now,
    }
}
