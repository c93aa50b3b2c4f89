//! A request repeated with the same `request_id` (AIP-155) has one effect and one answer.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use prost::Message;
use rapport_proto::RequestId;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{ColumnTrait, DatabaseTransaction, EntityTrait, QueryFilter};
use sha2::{Digest, Sha256};

use crate::db::table::idempotency::{ActiveModel, Column, Entity};
use crate::db::{Database, Retryable};
use crate::error::PlatformError;
use crate::identity::Context;

/// How long an answer is kept.
pub const KEPT_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Longest `request_id`: a UUID with room to spare.
const LONGEST_REQUEST_ID: usize = 64;

/// Runs `work` in one [`Database::write_txn`], once per tenant and `request_id`. Every RPC has a
/// request of its own, whose name stands for it.
///
/// The answer is stored in the work's own transaction. A repeated request gets it for
/// [`KEPT_FOR`] without running the work; one that comes while the first still runs waits
/// for it. Failed work leaves nothing behind, so that it can be repeated. An empty
/// `request_id` means that the caller does without.
///
/// # Errors
/// Those of the work; `RequestIdReused` when the id came with another request or
/// actor before.
pub async fn once<Req, Resp, E, W, F>(
    db: &Database,
    ctx: &Context,
    request: &Req,
    work: W,
) -> Result<Resp, E>
where
    Req: RequestId,
    Resp: Message + Default,
    E: From<PlatformError> + Retryable,
    W: Fn(Arc<DatabaseTransaction>) -> F + Sync,
    F: Future<Output = Result<Resp, E>> + Send,
{
    let body = || request.encode_to_vec();
    let claim = Claim::of(ctx, Req::NAME, request.request_id(), &body)?;
    let is_claimed = claim.is_some();
    let (work, answer) = (&work, &Mutex::new(None));
    let kept = run::<E>(db, claim, &|txn| {
        Box::pin(async move {
            let response = work(txn).await?;
            let bytes = is_claimed.then(|| response.encode_to_vec());
            *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(response);
            Ok(bytes)
        })
    })
    .await?;
    if let Some(bytes) = kept {
        let read = |error| PlatformError::internal("reading a kept answer", error).into();
        return Resp::decode(bytes.as_slice()).map_err(read);
    }
    let first = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
    first.ok_or_else(|| PlatformError::internal("answering", "the work left no answer").into())
}

/// Work whose type is erased, so that what runs it is compiled once and not for each request. It
/// answers the encoded answer, where that is to be kept.
type Work<'w, E> =
    dyn Fn(Arc<DatabaseTransaction>) -> BoxFuture<'w, Result<Option<Vec<u8>>, E>> + Sync + 'w;

/// Runs the work, or answers what was kept of the time when it ran.
async fn run<E>(
    db: &Database,
    claim: Option<Claim<'_>>,
    work: &Work<'_, E>,
) -> Result<Option<Vec<u8>>, E>
where
    E: From<PlatformError> + Retryable,
{
    let claim = &claim;
    db.write_txn(|txn| async move {
        if let Some(claim) = claim
            && !claim.stake(&txn).await?
        {
            return Ok(Some(claim.answer(&txn).await?));
        }
        let response = work(txn.clone()).await?;
        if let Some((claim, response)) = claim.as_ref().zip(response) {
            claim.keep(&txn, response).await?;
        }
        Ok(None)
    })
    .await
}

/// Who asked for what: the actor counts, so that nobody reads another's answer.
fn fingerprint(ctx: &Context, request: &str, body: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in [ctx.actor.as_str(), request] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(body);
    hash.finalize().to_vec()
}

/// A request that is to have one effect. What it asks of the database is compiled here, and not once
/// more in each service that awaits it.
struct Claim<'a> {
    ctx: &'a Context,
    request: &'static str,
    request_id: &'a str,
    fingerprint: Vec<u8>,
}

impl<'a> Claim<'a> {
    /// The claim of a request of this name; none if it has no id.
    fn of(
        ctx: &'a Context,
        request: &'static str,
        request_id: &'a str,
        body: &dyn Fn() -> Vec<u8>,
    ) -> Result<Option<Self>, PlatformError> {
        if request_id.is_empty() {
            return Ok(None);
        }
        let plain = request_id.bytes().all(|byte| byte.is_ascii_graphic());
        if !plain || request_id.len() > LONGEST_REQUEST_ID {
            let why = format!("must be at most {LONGEST_REQUEST_ID} plain characters; send a UUID");
            return Err(PlatformError::invalid("request_id", why));
        }
        Ok(Some(Self {
            ctx,
            request,
            request_id,
            fingerprint: fingerprint(ctx, request, &body()),
        }))
    }

    /// Inserts the row, or takes over one that expired. False when there is an answer.
    ///
    /// Before the work, so that a second caller meets this row and not the traces of the
    /// first caller's work, such as its own name already taken.
    #[inline(never)]
    fn stake<'c>(
        &'c self,
        txn: &'c DatabaseTransaction,
    ) -> BoxFuture<'c, Result<bool, PlatformError>> {
        let row = ActiveModel {
            tenant_id: Set(self.ctx.tenant),
            request_id: Set(self.request_id.to_owned()),
            method: Set(self.request.to_owned()),
            fingerprint: Set(self.fingerprint.clone()),
            response: Set(None),
            expire_time: Set(self.ctx.now.saturating_add(KEPT_FOR)),
        };
        let take_over = OnConflict::columns([Column::TenantId, Column::RequestId])
            .update_columns([Column::Method, Column::Fingerprint, Column::Response])
            .update_column(Column::ExpireTime)
            .action_and_where(Expr::col((Entity, Column::ExpireTime)).lte(self.ctx.now))
            .to_owned();
        let insert = Entity::insert(row).on_conflict(take_over);
        Box::pin(async move { Ok(insert.exec_without_returning(txn).await? == 1) })
    }

    #[inline(never)]
    fn answer<'c>(
        &'c self,
        txn: &'c DatabaseTransaction,
    ) -> BoxFuture<'c, Result<Vec<u8>, PlatformError>> {
        Box::pin(async move {
            let row = Entity::find_by_id((self.ctx.tenant, self.request_id.to_owned()))
                .one(txn)
                .await?
                // Cleared away since: run again and take its place.
                .ok_or(PlatformError::Conflict)?;
            if row.method != self.request || row.fingerprint != self.fingerprint {
                return Err(PlatformError::RequestIdReused);
            }
            Ok(row.response.unwrap_or_default())
        })
    }

    #[inline(never)]
    fn keep<'c>(
        &'c self,
        txn: &'c DatabaseTransaction,
        response: Vec<u8>,
    ) -> BoxFuture<'c, Result<(), PlatformError>> {
        let update = Entity::update_many()
            .col_expr(Column::Response, Expr::value(response))
            .filter(Column::TenantId.eq(self.ctx.tenant))
            .filter(Column::RequestId.eq(self.request_id));
        Box::pin(async move { Ok(update.exec(txn).await.map(drop)?) })
    }
}

#[cfg(test)]
mod tests;
