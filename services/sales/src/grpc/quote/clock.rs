//! What time does to quotes: those whose time is over end, and levels that do not decide in time
//! are passed over.

use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::{Actor, Context};
use rapport_platform::server::Worker;
use rapport_platform::time::Clock;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::step::{publish, said};
use crate::domain::authority::Level;
use crate::domain::quote::state::{QuoteState, Step};
use crate::error::Error;
use crate::events::quote::{Tell, escalated, expired};
use crate::grpc::convert::approval_policy as policies;
use crate::store::entity::approval_policy::Entity as Policies;
use crate::store::entity::quote::Model;
use crate::store::quote::{self, Due};
use crate::store::versions;

/// How often it looks. Nothing is binding for longer: what is over is over on every read.
const INTERVAL: Duration = Duration::from_secs(30);
/// Quotes that are looked at in one go.
const BATCH: u64 = 100;
/// Who it is, in events.
const ACTOR: &str = "systems/sales-clock";

/// The worker that does it, in one process at a time.
pub(crate) fn worker(db: &Database, clock: &Clock) -> Worker {
    let (db, clock) = (db.clone(), clock.clone());
    Worker::new("sales.quotes", move |stop| {
        let (db, clock) = (db.clone(), clock.clone());
        async move {
            let round = || round(&db, &clock);
            db.in_rounds("quotes_clock", INTERVAL, &stop, round).await;
        }
    })
}

async fn round(db: &Database, clock: &Clock) -> Result<(), Error> {
    for due in [Due::Expiry, Due::Escalation] {
        sweep(db, clock, due).await?;
    }
    Ok(())
}

/// Does what is due about every quote that it is due for; answers for how many it could. One for
/// which it can't is left to the next round and holds up no other. Harmless where another process
/// does the same.
pub(crate) async fn sweep(db: &Database, clock: &Clock, due: Due) -> Result<u64, Error> {
    let now = clock.now();
    let actor = Actor::parse(ACTOR)
        .map_err(|error| PlatformError::internal("naming the clock of quotes", error))?;
    let mut done = 0;
    let mut rows = quote::due(db.read(), due, now, None, BATCH).await?;
    while let Some(last) = rows.last() {
        for row in &rows {
            let ctx = Context::new(row.tenant_id, actor.clone(), now);
            match Box::pin(settle(db, &ctx, row.quote_id, due)).await {
                Ok(()) => done += 1,
                Err(error) => {
                    tracing::warn!(%error, quote = %row.quote_id, "quote not looked at");
                }
            }
        }
        rows = quote::due(db.read(), due, now, Some(last), BATCH).await?;
    }
    Ok(done)
}

async fn settle(db: &Database, ctx: &Context, id: Uuid, due: Due) -> Result<(), Error> {
    db.write_txn(|txn| async move {
        let row = quote::get(ctx, &*txn, id).await?;
        let Some((row, tell)) = overdue(ctx, &txn, row, due).await? else {
            return Ok(());
        };
        let content = said(ctx, &txn, &row).await?;
        let row = quote::write(ctx, &txn, row).await?;
        publish(ctx, &txn, row, content, tell).await.map(drop)
    })
    .await
}

/// The quote with what is due done about it; none when somebody was faster.
async fn overdue(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
    due: Due,
) -> Result<Option<(Model, Tell)>, Error> {
    let is_over = |time: Option<_>| time.is_some_and(|time| time <= ctx.now);
    match due {
        Due::Expiry if is_over(row.expire_time) && quote::allow(&row, Step::Expire).is_ok() => {
            let ended = Model {
                state: QuoteState::Expired.code(),
                pending_level: None,
                asked_level: None,
                escalate_time: None,
                ..row
            };
            Ok(Some((ended, Box::new(expired))))
        }
        Due::Escalation if is_over(row.escalate_time) => {
            Ok(Some((passed_on(ctx, txn, row).await?, Box::new(escalated))))
        }
        Due::Expiry | Due::Escalation => Ok(None),
    }
}

/// The quote when the next level is asked too.
async fn passed_on(ctx: &Context, txn: &DatabaseTransaction, row: Model) -> Result<Model, Error> {
    let asked = row
        .asked_level
        .and_then(|it| Level::parse(i32::from(it)).ok());
    let next = asked.and_then(Level::above);
    let policy = versions::version::<Policies>(ctx, txn, row.policy_version).await?;
    let (_, policy) = policies::from_row(policy)?;
    let again = policy
        .escalate_after()
        .filter(|_| next.and_then(Level::above).is_some());
    Ok(Model {
        asked_level: next.map(Level::code).or(row.asked_level),
        escalate_time: again.map(|wait| ctx.now.saturating_add(wait)),
        ..row
    })
}
