//! Reminders of tasks, when they are due: by the worker that reminds of events.

use futures::future::BoxFuture;
use rapport_platform::db::Database;
use rapport_platform::identity::{Actor, Context};
use rapport_platform::outbox::{self, NewEvent};
use rapport_platform::time::Timestamp;
use uuid::Uuid;

use crate::error::Error;
use crate::events::task as events;
use crate::grpc::calendar::clock::{BATCH, settle_all};
use crate::grpc::convert::task as convert;
use crate::store::{link, task};

/// Reminds of tasks that are due to be thought of.
pub(crate) async fn remind(db: &Database, actor: &Actor, now: Timestamp) -> Result<(), Error> {
    let mut rows = task::due(db.read(), now, None, BATCH).await?;
    while let Some(last) = rows.last() {
        let due = rows.iter().map(|it| (it.tenant_id, it.task_id));
        settle_all(db, (actor, now), due, settle).await;
        rows = task::due(db.read(), now, Some(last), BATCH).await?;
    }
    Ok(())
}

fn settle<'a>(
    db: &'a Database,
    ctx: &'a Context,
    ids: &'a [Uuid],
) -> BoxFuture<'a, Result<(), Error>> {
    Box::pin(db.write_txn(move |txn| async move {
        let rows = task::rows(ctx, &*txn, ids.iter().copied()).await?;
        let mut links = link::by_owner(ctx, &*txn, ids.iter().copied()).await?;
        let (mut facts, mut told): (Vec<NewEvent>, Vec<Uuid>) = (Vec::new(), Vec::new());
        for row in rows {
            // Of the others somebody told who was faster.
            if let Some(due) = row.next_reminder_time.filter(|it| *it <= ctx.now) {
                told.push(row.task_id);
                let links = links.remove(&row.task_id).unwrap_or_default();
                let task = convert::to_proto(row, &links, ctx.now);
                facts.push(events::reminder_due(task, due.as_micros()));
            }
        }
        outbox::append(&txn, ctx, &facts).await?;
        task::reminded(ctx, &txn, told).await
    }))
}
