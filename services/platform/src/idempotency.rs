//! A request repeated with the same `request_id` (AIP-155) has one effect and one answer.

use std::sync::Arc;
use std::time::Duration;

use prost::{Message, Name};
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

/// Runs `work` in one [`Database::write_txn`], once per tenant and `request_id`.
///
/// The answer is stored in the work's own transaction. A repeated request gets it for
/// [`KEPT_FOR`] without running the work; one that comes while the first still runs waits
/// for it. Failed work leaves nothing behind, so that it can be repeated. An empty
/// `request_id` means that the caller does without.
///
/// # Errors
/// Those of the work; `RequestIdReused` when the id came with another method, body or
/// actor before.
pub async fn once<Req, Resp, E, W, F>(
    db: &Database,
    ctx: &Context,
    method: &'static str,
    request_id: &str,
    request: &Req,
    work: W,
) -> Result<Resp, E>
where
    Req: Message + Name,
    Resp: Message + Default,
    E: From<PlatformError> + Retryable,
    W: Fn(Arc<DatabaseTransaction>) -> F + Sync,
    F: Future<Output = Result<Resp, E>> + Send,
{
    let claim = &Claim::of(ctx, method, request_id, request)?;
    let work = &work;
    db.write_txn(|txn| async move {
        let Some(claim) = claim else {
            return work(txn).await;
        };
        if !claim.stake(&txn).await? {
            return Ok(claim.answer(&txn).await?);
        }
        let response = work(txn.clone()).await?;
        claim.keep(&txn, response.encode_to_vec()).await?;
        Ok(response)
    })
    .await
}
/// Who asked for what: the actor counts, so that nobody reads another's answer.
fn fingerprint<Req: Message + Name>(ctx: &Context, method: &str, request: &Req) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in [
        ctx.actor.as_str().as_bytes(),
        method.as_bytes(),
        Req::NAME.as_bytes(),
    ] {
        hash.update(part);
        hash.update([0]);
    }
    hash.update(request.encode_to_vec());
    hash.finalize().to_vec()
}

struct Claim<'a> {
    ctx: &'a Context,
    method: &'static str,
    request_id: &'a str,
    fingerprint: Vec<u8>,
}

impl<'a> Claim<'a> {
    /// The claim of a request; none if it has no id.
    fn of<Req: Message + Name>(
        ctx: &'a Context,
        method: &'static str,
        request_id: &'a str,
        request: &Req,
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
            method,
            request_id,
            fingerprint: fingerprint(ctx, method, request),
        }))
    }

    /// Inserts the row, or takes over one that expired. False when there is an answer.
    ///
    /// Before the work, so that a second caller meets this row and not the traces of the
    /// first caller's work, such as its own name already taken.
    async fn stake(&self, txn: &DatabaseTransaction) -> Result<bool, PlatformError> {
        let row = ActiveModel {
            tenant_id: Set(self.ctx.tenant),
            request_id: Set(self.request_id.to_owned()),
            method: Set(self.method.to_owned()),
            fingerprint: Set(self.fingerprint.clone()),
            response: Set(None),
            expire_time: Set(self.ctx.now.saturating_add(KEPT_FOR)),
        };
        let take_over = OnConflict::columns([Column::TenantId, Column::RequestId])
            .update_columns([Column::Method, Column::Fingerprint, Column::Response])
            .update_column(Column::ExpireTime)
            .action_and_where(Expr::col((Entity, Column::ExpireTime)).lte(self.ctx.now))
            .to_owned();
        let staked = Entity::insert(row)
            .on_conflict(take_over)
            .exec_without_returning(txn)
            .await?;
        Ok(staked == 1)
    }

    async fn answer<Resp: Message + Default>(
        &self,
        txn: &DatabaseTransaction,
    ) -> Result<Resp, PlatformError> {
        let row = Entity::find_by_id((self.ctx.tenant, self.request_id.to_owned()))
            .one(txn)
            .await?
            // Cleared away since: run again and take its place.
            .ok_or(PlatformError::Conflict)?;
        if row.method != self.method || row.fingerprint != self.fingerprint {
            return Err(PlatformError::RequestIdReused);
        }
        let response = row.response.unwrap_or_default();
        Resp::decode(response.as_slice())
            .map_err(|error| PlatformError::internal("reading a kept answer", error))
    }

    async fn keep(
        &self,
        txn: &DatabaseTransaction,
        response: Vec<u8>,
    ) -> Result<(), PlatformError> {
        Entity::update_many()
            .col_expr(Column::Response, Expr::value(response))
            .filter(Column::TenantId.eq(self.ctx.tenant))
            .filter(Column::RequestId.eq(self.request_id))
            .exec(txn)
            .await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
