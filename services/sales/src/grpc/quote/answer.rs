//! What the customer says to a quote.

use rapport_platform::identity::Context;
use rapport_platform::text::optional_passage;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Quotes;
use super::step::{Changed, Named, require_binding, said};
use crate::domain::quote::state::{QuoteState, Step};
use crate::error::{Error, faults_of};
use crate::events::quote as events;
use crate::grpc::order;
use crate::resource::QUOTE;
use crate::store::entity::quote::Model;
use crate::store::quote;

impl Quotes {
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
