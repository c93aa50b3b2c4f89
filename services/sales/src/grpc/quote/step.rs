//! Steps of a quote: each is one transaction over the version that the caller has read.

use std::sync::Arc;

use rapport_platform::error::PlatformError;
use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_proto::RequestId;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;

use super::Quotes;
use crate::domain::quote::state::{Step, is_binding};
use crate::error::Error;
use crate::events::quote::Tell;
use crate::grpc::convert::quote as convert;
use crate::resource::QUOTE;
use crate::store::entity::quote::Model;
use crate::store::quote::{self, revision};

/// The quote that a request names, as its caller has read it.
#[derive(Clone, Copy)]
pub(super) struct Named<'r> {
    /// `quotes/{uuid}`.
    pub(super) name: &'r str,
    /// Which revision he has read, where that matters.
    pub(super) revision: Option<i64>,
    /// Which version; empty: any.
    pub(super) etag: &'r str,
}

/// What a step makes of a quote.
pub(super) struct Changed {
    /// The row as it is to be, still with the version that it was read with.
    pub(super) row: Model,
    /// What it says.
    pub(super) content: Option<proto::QuoteContent>,
    /// The fact to be published.
    pub(super) tell: Tell,
}

impl Quotes {
    /// Takes a step of a quote, if it can be taken.
    ///
    /// # Errors
    /// `NotFound`, `EtagMismatch`, `InvalidState`, those of the work.
    pub(super) async fn step<Req, W, F>(
        &self,
        ctx: &Context,
        request: &Req,
        named: Named<'_>,
        step: Step,
        work: W,
    ) -> Result<proto::Quote, Error>
    where
        Req: RequestId,
        W: Fn(Arc<DatabaseTransaction>, Model) -> F + Sync,
        F: Future<Output = Result<Changed, Error>> + Send,
    {
        let [id] = QUOTE.parse("name", named.name)?;
        let work = &work;
        self.0
            .once(ctx, request, |txn| async move {
                let row = quote::get(ctx, &*txn, id).await?;
                Etag::check(named.name, named.etag, row.version)?;
                if named.revision.is_some_and(|read| read != row.revision) {
                    return Err(PlatformError::EtagMismatch(named.name.to_owned()).into());
                }
                if step == Step::Send {
                    require_binding(ctx, &row)?;
                }
                quote::allow(&row, step)?;
                let Changed { row, content, tell } = work(txn.clone(), row).await?;
                let row = quote::write(ctx, &txn, row).await?;
                publish(ctx, &txn, row, content, tell).await
            })
            .await
    }
}

/// Publishes what became of a quote; answers it.
pub(super) async fn publish(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
    content: Option<proto::QuoteContent>,
    tell: Tell,
) -> Result<proto::Quote, Error> {
    let version = row.version;
    let quote = convert::to_proto(row, content, ctx.now)?;
    outbox::append(txn, ctx, &[tell(quote.clone(), version)]).await?;
    Ok(quote)
}

/// What the present revision of a quote says.
pub(super) async fn said(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &Model,
) -> Result<Option<proto::QuoteContent>, Error> {
    let said = revision::get(ctx, txn, row.quote_id, row.revision).await?;
    Ok(revision::document(&said)?.content)
}

/// Whether a quote speaks for the company now.
pub(in crate::grpc) fn binds(ctx: &Context, row: &Model) -> Result<bool, Error> {
    let state = quote::state(row)?;
    let content = quote::hash(&row.content_hash)?;
    let approved = row.approved_hash.as_deref().map(quote::hash).transpose()?;
    let hashes = (content, approved);
    Ok(is_binding(state, hashes, row.expire_time, ctx.now))
}

/// Refuses what does not speak for the company now.
pub(super) fn require_binding(ctx: &Context, row: &Model) -> Result<(), Error> {
    if binds(ctx, row)? {
        return Ok(());
    }
    Err(Error::NotBinding {
        resource: QUOTE.format(&[row.quote_id]),
        state: quote::state(row)?.label(),
    })
}

/// Refuses what would be too late.
pub(super) fn require_time(ctx: &Context, row: &Model) -> Result<(), Error> {
    if row.expire_time.is_none_or(|expire| ctx.now < expire) {
        return Ok(());
    }
    Err(Error::InvalidState {
        resource: QUOTE.format(&[row.quote_id]),
        state: "EXPIRED",
        why: "is over. Revise it with a later expire time.",
    })
}
