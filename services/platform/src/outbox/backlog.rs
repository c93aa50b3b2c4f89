//! The outbox as the relay sees it: what is to be published next, and what is done.

use std::collections::BTreeMap;
use std::collections::HashSet;

use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, EntityTrait, FromQueryResult, QueryFilter, QueryOrder, QuerySelect, Select,
};
use uuid::Uuid;

use crate::db::Database;
use crate::db::table::outbox::{Column, Entity};
use crate::error::PlatformError;
use crate::identity::TenantId;
use crate::time::Timestamp;

/// An event to be published.
#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct Row {
    pub(super) tenant_id: TenantId,
    pub(super) event_id: Uuid,
    pub(super) aggregate: String,
    pub(super) version: i64,
    pub(super) payload: Vec<u8>,
    /// An unpublished event of the same aggregate comes before it by version but after it
    /// by id: clocks of two processes differed.
    pub(super) early: bool,
}

/// One aggregate's unpublished events, in order.
pub(super) type Queue = Vec<Row>;

/// The oldest unpublished events, as a queue per aggregate. Each queue starts with its
/// aggregate's first unpublished event and leaves none out.
pub(super) async fn next(db: &Database, limit: u64) -> Result<Vec<Queue>, PlatformError> {
    let mut rows = oldest(limit).into_model::<Row>().all(db.read()).await?;
    // Ids are made in order of time, so the oldest ids hold all earlier versions as well,
    // but for aggregates where two processes disagreed about the time.
    let disordered: HashSet<String> = rows
        .iter()
        .filter(|row| row.early)
        .map(|row| row.aggregate.clone())
        .collect();
    if !disordered.is_empty() {
        rows.retain(|row| !disordered.contains(&row.aggregate));
        rows.extend(by_version(db, disordered, limit).await?);
    }
    Ok(queues(rows))
}

fn oldest(limit: u64) -> Select<Entity> {
    unpublished().order_by_asc(Column::EventId).limit(limit)
}

async fn by_version(
    db: &Database,
    aggregates: HashSet<String>,
    limit: u64,
) -> Result<Vec<Row>, PlatformError> {
    let rows = unpublished()
        .filter(Column::Aggregate.is_in(aggregates))
        .order_by_asc(Column::Aggregate)
        .order_by_asc(Column::Version)
        .order_by_asc(Column::EventId)
        .limit(limit)
        .into_model::<Row>()
        .all(db.read())
        .await?;
    Ok(rows)
}

fn unpublished() -> Select<Entity> {
    Entity::find()
        .select_only()
        .columns([Column::TenantId, Column::EventId, Column::Aggregate])
        .columns([Column::Version, Column::Payload])
        .column_as(Expr::exists(earlier_version_with_later_id()), "early")
        .filter(Column::PublishTime.is_null())
}

fn earlier_version_with_later_id() -> SelectStatement {
    let other = Alias::new("other");
    let theirs = |column: Column| Expr::col((other.clone(), column));
    let ours = |column: Column| Expr::col((Entity, column));
    Query::select()
        .expr(Expr::val(1))
        .from_as(Entity, other.clone())
        .and_where(theirs(Column::TenantId).eq(ours(Column::TenantId)))
        .and_where(theirs(Column::Aggregate).eq(ours(Column::Aggregate)))
        .and_where(theirs(Column::Version).lt(ours(Column::Version)))
        .and_where(theirs(Column::EventId).gt(ours(Column::EventId)))
        .and_where(theirs(Column::PublishTime).is_null())
        .to_owned()
}

fn queues(rows: Vec<Row>) -> Vec<Queue> {
    let mut queues = BTreeMap::<_, Queue>::new();
    for row in rows {
        queues
            .entry((row.tenant_id, row.aggregate.clone()))
            .or_default()
            .push(row);
    }
    let mut queues: Vec<Queue> = queues.into_values().collect();
    for queue in &mut queues {
        queue.sort_by_key(|row| (row.version, row.event_id));
    }
    queues
}

/// Notes what the bus took, and what it refused.
pub(super) async fn mark(
    db: &Database,
    taken: &[Uuid],
    refused: &[Uuid],
    now: Timestamp,
) -> Result<(), PlatformError> {
    db.transact(|txn| async move {
        if !taken.is_empty() {
            Entity::update_many()
                .col_expr(Column::PublishTime, Expr::value(now))
                .filter(unpublished_of(taken))
                .exec(&*txn)
                .await?;
        }
        if !refused.is_empty() {
            Entity::update_many()
                .col_expr(Column::Attempts, Expr::col(Column::Attempts).add(1))
                .filter(unpublished_of(refused))
                .exec(&*txn)
                .await?;
        }
        Ok(())
    })
    .await
}

fn unpublished_of(ids: &[Uuid]) -> Expr {
    // The first part is also the condition of the index that finds them.
    Column::PublishTime
        .is_null()
        .and(Column::EventId.is_in(ids.iter().copied()))
}

#[cfg(test)]
mod tests {
    use sea_orm::{DbBackend, QueryTrait, UpdateMany};

    use super::*;
    use crate::db::platform_migrations;
    use crate::id::new_id;
    use crate::testing;

    #[tokio::test]
    async fn a_long_backlog_is_neither_searched_nor_sorted() {
        let (db, _storage) = testing::sqlite().await;
        db.migrate(platform_migrations()).await.unwrap();

        let plan = testing::plan(&db, oldest(10).build(DbBackend::Sqlite)).await;
        let read: Vec<_> = plan.lines().collect();
        assert_eq!(read[0], "SCAN outbox USING INDEX outbox_unpublished");
        assert!(
            read[2].contains(
                "USING INDEX outbox_unpublished_by_aggregate (aggregate=? AND version<?)"
            )
        );
        assert_eq!(read.len(), 3, "no sorting: {read:?}");

        let ids = [new_id(), new_id()];
        let mark: UpdateMany<Entity> = Entity::update_many()
            .col_expr(Column::PublishTime, Expr::value(1))
            .filter(unpublished_of(&ids));
        let mark = testing::plan(&db, mark.build(DbBackend::Sqlite)).await;
        let look_up = "SEARCH outbox USING INDEX outbox_unpublished (event_id=?)";
        assert_eq!(mark, look_up);
    }
}
