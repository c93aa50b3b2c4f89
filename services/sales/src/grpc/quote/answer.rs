//! Sending a quote, and what the customer says to it.

use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::text::optional_passage;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::r#type::v1::Channel;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::step::{Changed, Named, require_binding, said};
use super::{Quotes, message};
use crate::domain::quote::state::{QuoteState, Step};
use crate::error::{Error, faults_of};
use crate::events::quote as events;
use crate::grpc::order;
use crate::resource::{CONTACT_POINT, CUSTOMER, QUOTE};
use crate::store::entity::quote::Model;
use crate::store::quote::{self, revision};

impl Quotes {
    pub(super) async fn send(
        &self,
        ctx: Context,
        request: proto::SendQuoteRequest,
    ) -> Result<proto::Quote, Error> {
        let [customer] = CUSTOMER.parse("customer", &request.customer)?;
        let [id] = QUOTE.parse("name", &request.name)?;
        let channel = Channel::try_from(request.channel).ok();
        let channel = channel.filter(|it| *it != Channel::Unspecified);
        let channel = channel.ok_or_else(|| Error::missing("channel"))?;
        let channel = i16::try_from(i32::from(channel)).unwrap_or_default();
        // The gateway lets no such call through without one.
        let permit = ctx.permit.ok_or_else(|| {
            PlatformError::internal("sending a quote", "the call has no contact permit")
        })?;
        if !request.contact_point.is_empty() {
            CONTACT_POINT.parse("contact_point", &request.contact_point)?;
        }
        let permit = format!("{}/contactPermits/{permit}", request.customer);
        let of_quote = quote::get(&ctx, self.0.db.read(), id).await?.customer_id;
        // The wrong one would be asked for his leave.
        if !self.0.customers.same(&ctx, customer, of_quote).await? {
            let why = "is not the quote's: name that one";
            return Err(Error::invalid("customer", why));
        }
        let named = Named {
            name: &request.name,
            revision: Some(request.revision),
            etag: &request.etag,
        };
        let wish = &message::parse(&request, id)?;
        let (ctx, request, permit) = (&ctx, &request, &permit);
        self.step(ctx, request, named, Step::Send, |txn, row| async move {
            let said = revision::get(ctx, &*txn, row.quote_id, row.revision).await?;
            let leaving = message::compose(ctx, &txn, (&row, &said), wish).await?;
            let event = leaving.event(request, permit);
            outbox::append(&txn, ctx, &[event]).await?;
            Ok(Changed {
                row: Model {
                    state: QuoteState::Sent.code(),
                    send_channel: Some(channel),
                    send_time: Some(ctx.now),
                    send_proposal_id: leaving.proposal,
                    send_hash: Some(leaving.hash.bytes().to_vec()),
                    ..row
                },
                content: revision::document(&said)?.content,
                tell: events::sent(request.contact_point.clone(), permit.clone()),
            })
        })
        .await
    }

    pub(super) async fn accept(
        &self,
        ctx: Context,
        request: proto::AcceptQuoteRequest,
    ) -> Result<proto::Quote, Error> {
        let named = Named {
            name: &request.name,
            revision: Some(request.revision),
            etag: &request.etag,
        };
        let ctx = &ctx;
        self.step(ctx, &request, named, Step::Answer, |txn, row| async move {
            require_binding(ctx, &row)?;
            let content = said(ctx, &txn, &row).await?;
            let promised = content.clone().unwrap_or_default();
            order::create(ctx, &txn, &row, &promised).await?;
            Ok(Changed {
                row: Model {
                    state: QuoteState::Accepted.code(),
                    ..row
                },
                content,
                tell: Box::new(events::accepted),
            })
        })
        .await
    }

    pub(super) async fn reject(
        &self,
        ctx: Context,
        request: proto::RejectQuoteRequest,
    ) -> Result<proto::Quote, Error> {
        let reason = &optional_passage(&request.reason, 1_000).map_err(faults_of("reason"))?;
        let named = Named {
            name: &request.name,
            revision: Some(request.revision),
            etag: &request.etag,
        };
        let ctx = &ctx;
        self.step(ctx, &request, named, Step::Answer, |txn, row| async move {
            let content = said(ctx, &txn, &row).await?;
            Ok(Changed {
                row: Model {
                    state: QuoteState::Rejected.code(),
                    reject_reason: reason.clone(),
                    ..row
                },
                content,
                tell: Box::new(events::rejected),
            })
        })
        .await
    }

    pub(super) async fn supersede(
        &self,
        ctx: Context,
        request: proto::SupersedeQuoteRequest,
    ) -> Result<proto::Quote, Error> {
        let [successor] = QUOTE.parse("successor", &request.successor)?;
        let named = Named {
            name: &request.name,
            revision: None,
            etag: &request.etag,
        };
        let ctx = &ctx;
        self.step(
            ctx,
            &request,
            named,
            Step::Supersede,
            |txn, row| async move {
                succeed(ctx, &txn, &row, successor).await?;
                let content = said(ctx, &txn, &row).await?;
                Ok(Changed {
                    row: Model {
                        state: QuoteState::Superseded.code(),
                        successor_id: Some(successor),
                        pending_level: None,
                        asked_level: None,
                        escalate_time: None,
                        ..row
                    },
                    content,
                    tell: Box::new(events::superseded),
                })
            },
        )
        .await
    }
}

/// Checks that a quote can take the place of another, and claims it: two can't take each other's.
async fn succeed(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &Model,
    successor: Uuid,
) -> Result<(), Error> {
    let refused = |why: &str| Error::invalid("successor", why);
    if successor == row.quote_id {
        return Err(refused("is this quote itself"));
    }
    if !quote::claim(ctx, txn, successor).await? {
        return Err(refused("does not exist: name a quote that does"));
    }
    let other = quote::get(ctx, txn, successor).await?;
    if other.state == QuoteState::Superseded.code() {
        return Err(refused("is superseded itself: name the one in its place"));
    }
    if other.customer_id != row.customer_id {
        return Err(refused("is for another customer"));
    }
    Ok(())
}
