//! Deliveries that we fail ourselves, because a row can't be read or a text can't be put together.
//!
//! Left to itself such a delivery would come back at the end of each lease, for ever. So it counts as
//! an attempt: it rests, and is given up in the end. Where not even that can be recorded as usual,
//! the barest record is made, which announces nothing.

use std::error::Error as _;
use std::future::Future;
use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use rapport_platform::db::Database;
use rapport_platform::error::{Answer as _, PlatformError};
use rapport_platform::identity::Context;
use sea_orm::DatabaseTransaction;
use tonic::Code;
use uuid::Uuid;

use super::Outbound;
use super::dispatch::{self, with_interruption};
use super::report::Report;
use crate::domain::delivery::{AttemptResult, DeliveryState, FailureClass, Next};
use crate::error::Error;
use crate::store::delivery::{self, Aside, attempt, counters, put_aside};
use crate::store::entity::delivery::Model;

/// What became of an attempt that we failed.
pub(crate) fn report(result: AttemptResult) -> Report {
    Report::failed(result, FailureClass::known("INTERNAL"))
}

/// What the work answers. A panic in it is a fault like any other: it ends this delivery and none
/// of those that are under way beside it.
pub(crate) async fn guarded<T>(work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.unwrap_or_else(|_| {
        // The panic hook has told where.
        Err(PlatformError::internal("delivering a message", "a panic").into())
    })
}

/// Counts an attempt that failed before the connector got anything.
///
/// # Errors
/// What made it fail, when that passes by itself: then the lease runs out, and nothing is counted.
pub(crate) async fn set_aside(
    outbound: &Outbound,
    db: &Database,
    ctx: &Context,
    key: (Uuid, Uuid),
    error: Error,
) -> Result<(), Error> {
    blame(key, error)?;
    let report = &report(AttemptResult::FailedTemporarily);
    let counted = db
        .write_txn(|txn| async move { count(outbound, ctx, &txn, key, report).await })
        .await;
    let Err(error) = counted else {
        return Ok(());
    };
    blame(key, error)?;
    db.write_txn(|txn| async move { record(outbound, ctx, &txn, key, (Begun::No, report)).await })
        .await
}

/// Ends an attempt that had begun and that we failed with this error.
///
/// # Errors
/// As [`set_aside`].
pub(crate) async fn finish(
    outbound: &Outbound,
    db: &Database,
    ctx: &Context,
    key: (Uuid, Uuid),
    (report, error): (&Report, Error),
) -> Result<(), Error> {
    blame(key, error)?;
    let finished = db
        .write_txn(|txn| async move { dispatch::finish(outbound, ctx, &txn, key, report).await })
        .await;
    match finished {
        Err(error) => close(outbound, db, ctx, key, (report, error)).await,
        Ok(_) => Ok(()),
    }
}

/// Records the end of an attempt that could not be recorded as usual. What was sent counts as sent,
/// so that it is not sent again at the end of each lease.
///
/// # Errors
/// As [`set_aside`].
pub(crate) async fn close(
    outbound: &Outbound,
    db: &Database,
    ctx: &Context,
    key: (Uuid, Uuid),
    (report, error): (&Report, Error),
) -> Result<(), Error> {
    blame(key, error)?;
    db.write_txn(|txn| async move { record(outbound, ctx, &txn, key, (Begun::Yes, report)).await })
        .await
}

/// Logs an error as ours; answers it when the same work may succeed later without anybody's doing,
/// because the database's state of the moment caused it.
fn blame((delivery, _): (Uuid, Uuid), error: Error) -> Result<(), Error> {
    let code = error.problem().code();
    let passes = [Code::Unavailable, Code::Aborted, Code::DeadlineExceeded];
    if passes.contains(&code) {
        return Err(error);
    }
    tracing::error!(
        %delivery,
        error = %error,
        cause = error.source().map(ToString::to_string),
        "delivery failed by a fault of ours"
    );
    Ok(())
}

async fn count(
    outbound: &Outbound,
    ctx: &Context,
    txn: &DatabaseTransaction,
    (id, lease): (Uuid, Uuid),
    report: &Report,
) -> Result<(), Error> {
    let row = delivery::find(ctx, txn, id).await?;
    let Some(row) = row.filter(|row| row.lease_id == Some(lease)) else {
        return Ok(());
    };
    let row = with_interruption(ctx, txn, row).await?;
    let row = Model {
        attempt_count: row.attempt_count + 1,
        ..row
    };
    let row = delivery::update(ctx, txn, row).await?;
    attempt::begin(ctx, txn, &row).await?;
    dispatch::finish(outbound, ctx, txn, (id, lease), report).await?;
    Ok(())
}

/// Whether an attempt was counted already.
#[derive(Clone, Copy)]
enum Begun {
    Yes,
    No,
}

/// The barest record of how an attempt ended.
async fn record(
    outbound: &Outbound,
    ctx: &Context,
    txn: &DatabaseTransaction,
    key: (Uuid, Uuid),
    (begun, report): (Begun, &Report),
) -> Result<(), Error> {
    let Some((counted, forgiven)) = counters(ctx, txn, key).await? else {
        return Ok(());
    };
    let attempt_count = match begun {
        Begun::Yes => counted,
        Begun::No => counted + 1,
    };
    let tried = u32::try_from(attempt_count - forgiven).unwrap_or_default();
    let (result, retry) = (report.result, &outbound.retry);
    let next = retry.after(result, tried, report.retry_after, ctx.now, rand::random());
    let (state, due) = match next {
        Next::Over(state) => (state, None),
        Next::Again(time) => (DeliveryState::Queued, Some(time)),
    };
    let (of_attempt, failure) = ((key.0, attempt_count), report.failure.as_ref());
    attempt::end(ctx, txn, of_attempt, result, failure).await?;
    let interrupted = attempt::end_interrupted(ctx, txn, key.0).await?;
    let aside = Aside {
        state,
        due,
        attempt_count,
        in_doubt: interrupted || result == AttemptResult::Unknown,
        failure,
        provider_message_id: report.provider_message_id.as_deref(),
    };
    Ok(put_aside(ctx, txn, key, aside).await?)
}
