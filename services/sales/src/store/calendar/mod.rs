//! What takes people's time.

pub(crate) mod feed;
pub(crate) mod window;

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{CaseStatement, Expr};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::entity::calendar_event::{Column, Entity, Model};
use super::entity::{activity_link, calendar_attendee as attendee};
use super::rows::{insert_all, replace_all};
use super::{link, reminders};
use crate::domain::calendar::CalendarEventState;
use crate::error::Error;
use crate::resource::CALENDAR_EVENT;

/// An event with who takes part and what it concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its row.
    pub(crate) row: Model,
    /// Who takes part, the organiser first.
    pub(crate) attendees: Vec<attendee::Model>,
    /// What it concerns.
    pub(crate) links: Vec<activity_link::Model>,
}

/// One event.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Record, Error> {
    let row = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    let row = row.ok_or_else(|| Error::not_found(CALENDAR_EVENT.format(&[id])))?;
    Ok(Record {
        row,
        attendees: attendees(ctx, db, [id]).await?,
        links: link::of(ctx, db, [id]).await?,
    })
}

/// These events.
pub(crate) async fn rows(
    ctx: &Context,
    db: &impl ConnectionTrait,
    events: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::EventId.is_in(events))
        .all(db)
        .await?)
}

/// Who takes part in events, the organiser of each first.
pub(crate) async fn attendees(
    ctx: &Context,
    db: &impl ConnectionTrait,
    events: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<attendee::Model>, Error> {
    Ok(attendee::Entity::find()
        .filter(attendee::Column::TenantId.eq(ctx.tenant))
        .filter(attendee::Column::EventId.is_in(events))
        .order_by_asc(attendee::Column::EventId)
        .order_by_asc(attendee::Column::Position)
        .all(db)
        .await?)
}

/// Those of the events in which a seller takes part.
pub(crate) async fn of_seller(
    ctx: &Context,
    db: &impl ConnectionTrait,
    seller: Uuid,
    events: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<Uuid>, Error> {
    Ok(attendee::Entity::find()
        .select_only()
        .column(attendee::Column::EventId)
        .filter(attendee::Column::TenantId.eq(ctx.tenant))
        .filter(attendee::Column::EventId.is_in(events))
        .filter(attendee::Column::SellerId.eq(seller))
        .into_tuple()
        .all(db)
        .await?)
}

/// Records an event.
pub(crate) async fn insert(txn: &DatabaseTransaction, record: &Record) -> Result<(), Error> {
    insert_all::<Entity>(txn, vec![record.row.clone()]).await?;
    insert_all::<attendee::Entity>(txn, record.attendees.clone()).await?;
    insert_all::<activity_link::Entity>(txn, record.links.clone()).await
}

/// Writes an event over the version that it was read with.
pub(crate) async fn write(
    ctx: &Context,
    txn: &DatabaseTransaction,
    changed: Record,
) -> Result<Record, Error> {
    let row = Model {
        version: changed.row.version + 1,
        update_time: ctx.now,
        ..changed.row
    };
    replace_all::<Entity>(txn, vec![row.clone()], Some(Column::Version)).await?;
    attendee::Entity::delete_many()
        .filter(attendee::Column::TenantId.eq(ctx.tenant))
        .filter(attendee::Column::EventId.eq(row.event_id))
        .exec(txn)
        .await?;
    insert_all::<attendee::Entity>(txn, changed.attendees.clone()).await?;
    link::replace(ctx, txn, row.event_id, changed.links.clone()).await?;
    Ok(Record { row, ..changed })
}

/// Events of which a reminder is due, of every tenant, the longest due first, from the one after
/// `last` on.
pub(crate) async fn due(
    db: &impl ConnectionTrait,
    now: Timestamp,
    last: Option<&Model>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let after = last.and_then(|row| Some((row.next_reminder_time?, row.event_id)));
    let by = (Column::NextReminderTime, Column::EventId);
    reminders::due::<Entity>(db, by, now, after, limit).await
}

/// Notes that reminders were looked at until now, and when the next of each event is due.
pub(crate) async fn reminded(
    ctx: &Context,
    txn: &DatabaseTransaction,
    next: &[(Uuid, Option<Timestamp>)],
) -> Result<(), Error> {
    let mut due = CaseStatement::new();
    for (event, next) in next {
        due = due.case(Column::EventId.eq(*event), Expr::value(*next));
    }
    if next.is_empty() {
        return Ok(());
    }
    let due = due.finally(Expr::col(Column::NextReminderTime));
    Entity::update_many()
        .col_expr(Column::RemindedTime, Expr::value(ctx.now))
        .col_expr(Column::NextReminderTime, due.into())
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::EventId.is_in(next.iter().map(|(event, _)| *event)))
        .exec(txn)
        .await?;
    Ok(())
}

/// Checks that the event in a row takes place.
///
/// # Errors
/// `InvalidState`.
pub(crate) fn require_confirmed(row: &Model) -> Result<(), Error> {
    match row.state == CalendarEventState::Confirmed.code() {
        true => Ok(()),
        false => Err(Error::InvalidState {
            resource: CALENDAR_EVENT.format(&[row.event_id]),
            state: CalendarEventState::Cancelled.label(),
            why: "was cancelled. Make another.",
        }),
    }
}
