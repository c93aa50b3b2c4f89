//! What sellers are to do.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use uuid::Uuid;

use super::entity::task::{Column, Entity, Model};
use super::link;
use super::reminders;
use super::rows::{insert_all, replace_all};
use crate::error::Error;
use crate::resource::TASK;

/// One task.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    let row = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    row.ok_or_else(|| Error::not_found(TASK.format(&[id])))
}

/// These tasks.
pub(crate) async fn rows(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::TaskId.is_in(ids))
        .all(db)
        .await?)
}

/// Records a task.
pub(crate) async fn insert(txn: &DatabaseTransaction, row: &Model) -> Result<(), Error> {
    insert_all::<Entity>(txn, vec![row.clone()]).await
}

/// Writes a task over the version that it was read with.
pub(crate) async fn write(
    ctx: &Context,
    txn: &DatabaseTransaction,
    changed: Model,
) -> Result<Model, Error> {
    let row = Model {
        version: changed.version + 1,
        update_time: ctx.now,
        ..changed
    };
    replace_all::<Entity>(txn, vec![row.clone()], Some(Column::Version)).await?;
    Ok(row)
}

/// Tasks that fit from behind `after` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    wanted: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(page(ctx, wanted, after, limit).all(db).await?)
}

/// A page of tasks.
pub(crate) fn page(
    ctx: &Context,
    wanted: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Select<Entity> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(wanted)
        .filter(Condition::all().add_option(after.map(|after| Column::TaskId.lt(after))))
        .order_by_desc(Column::TaskId)
        .limit(limit)
}

/// Whose tasks, and what they concern.
pub(crate) fn that(ctx: &Context, assignee: Option<Uuid>, resource: &str) -> Condition {
    let mut wanted = Condition::all().add_option(assignee.map(|it| Column::AssigneeId.eq(it)));
    if !resource.is_empty() {
        let owners = link::owners(ctx, resource);
        wanted = wanted.add(Expr::col((Entity, Column::TaskId)).in_subquery(owners));
    }
    wanted
}

/// Tasks of a seller that are not done and whose time is over by `until`, the longest first, from
/// behind `after` on.
pub(crate) async fn overdue(
    ctx: &Context,
    db: &impl ConnectionTrait,
    (assignee, until): (Uuid, Timestamp),
    after: Option<(Timestamp, Uuid)>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(overdue_page(ctx, (assignee, until), after, limit)
        .all(db)
        .await?)
}

/// A page of them.
pub(crate) fn overdue_page(
    ctx: &Context,
    (assignee, until): (Uuid, Timestamp),
    after: Option<(Timestamp, Uuid)>,
    limit: u64,
) -> Select<Entity> {
    let behind = after.map(|(time, id)| {
        let same = Condition::all()
            .add(Column::OverTime.eq(time))
            .add(Column::TaskId.gt(id));
        Condition::any().add(Column::OverTime.gt(time)).add(same)
    });
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::AssigneeId.eq(assignee))
        .filter(Column::CloseTime.is_null())
        .filter(Column::OverTime.lte(until))
        .filter(Condition::all().add_option(behind))
        .order_by_asc(Column::OverTime)
        .order_by_asc(Column::TaskId)
        .limit(limit)
}

/// Tasks of which a reminder is due, of every tenant, the longest due first, from the one after
/// `last` on.
pub(crate) async fn due(
    db: &impl ConnectionTrait,
    now: Timestamp,
    last: Option<&Model>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let after = last.and_then(|row| Some((row.next_reminder_time?, row.task_id)));
    let by = (Column::NextReminderTime, Column::TaskId);
    reminders::due::<Entity>(db, by, now, after, limit).await
}

/// Notes that somebody was reminded of tasks.
pub(crate) async fn reminded(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: Vec<Uuid>,
) -> Result<(), Error> {
    let none: Option<Timestamp> = None;
    Entity::update_many()
        .col_expr(Column::NextReminderTime, Expr::value(none))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::TaskId.is_in(ids))
        .exec(txn)
        .await?;
    Ok(())
}
