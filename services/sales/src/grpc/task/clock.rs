//! Reminders of tasks, when they are due: by the worker that reminds of events.

use rapport_platform::db::Database;
use rapport_platform::identity::{Actor, Context};
use rapport_platform::outbox;
use rapport_platform::time::Timestamp;
use uuid::Uuid;

use crate::error::Error;
use crate::events::task as events;
use crate::grpc::convert::task as convert;
use crate::store::{link, task};

/// Tasks that are looked at in one go.
const BATCH: u64 = 100;

/// Reminds of tasks that are due to be thought of. One for which that fails is left to the next round
/// and holds up no other.
pub(crate) async fn remind(db: &Database, actor: &Actor, now: Timestamp) -> Result<(), Error> {
    let mut rows = task::due(db.read(), now, None, BATCH).await?;
    while let Some(last) = rows.last() {
        for row in &rows {
            let ctx = Context::new(row.tenant_id, actor.clone(), now);
            if let Err(error) = Box::pin(settle(db, &ctx, row.task_id)).await {
                tracing::warn!(%error, task = %row.task_id, "nobody was reminded");
            }
        }
        rows = task::due(db.read(), now, Some(last), BATCH).await?;
    }
    Ok(())
}

async fn settle(db: &Database, ctx: &Context, id: Uuid) -> Result<(), Error> {
    db.write_txn(|txn| async move {
        let row = task::get(ctx, &*txn, id).await?;
        let Some(due) = row.next_reminder_time.filter(|it| *it <= ctx.now) else {
            // Somebody was faster.
            return Ok(());
        };
        let links = link::of(ctx, &*txn, [id]).await?;
        let fact = events::reminder_due(convert::to_proto(row, &links, ctx.now), due.as_micros());
        outbox::append(&txn, ctx, &[fact]).await?;
        task::reminded(ctx, &txn, id).await
    })
    .await
}
