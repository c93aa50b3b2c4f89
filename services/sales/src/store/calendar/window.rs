//! What is in calendars in a stretch of time.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::domain::calendar::CalendarResponse;
use crate::domain::calendar::slot::Stretch;
use crate::error::Error;
use crate::store::entity::{calendar_attendee as attendee, calendar_event as event};
use crate::store::link;

/// An event that may take place then, in one calendar.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Found {
    pub(crate) seller_id: Uuid,
    pub(crate) event_id: Uuid,
    pub(crate) organizer_id: Uuid,
    pub(crate) response: i16,
    pub(crate) instance_responses: Option<Vec<u8>>,
    pub(crate) document: Vec<u8>,
}

/// Which events are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those that are not declined as a whole.
    All,
    /// Those of them that keep from other things, at least once.
    Busy,
}

/// Events that begin before the end of a window and end after its beginning, at least once, in the
/// calendars of sellers: one statement, by one index. At most `limit`, those that end first.
pub(crate) async fn find(
    ctx: &Context,
    db: &impl ConnectionTrait,
    sellers: &[Uuid],
    (window, which): (Stretch, Which),
    limit: u64,
) -> Result<Vec<Found>, Error> {
    let mut query = select(ctx, sellers, window);
    query.limit(limit);
    match which {
        Which::All => query.and_where(
            of(attendee::Column::Response)
                .ne(CalendarResponse::Declined.code())
                .or(of(attendee::Column::InstanceResponses).is_not_null()),
        ),
        Which::Busy => query.and_where(of(attendee::Column::Busy).eq(true)),
    };
    let statement = db.get_database_backend().build(&query);
    Ok(Found::find_by_statement(statement).all(db).await?)
}

/// Events that concern a resource and may take place in a window, each once, by its organiser: at
/// most `limit`, those that end first.
pub(crate) async fn linked(
    ctx: &Context,
    db: &impl ConnectionTrait,
    resource: &str,
    window: Stretch,
    limit: u64,
) -> Result<Vec<Found>, Error> {
    let mut query = within(ctx, window);
    let query = found(&mut query)
        .and_where(of(attendee::Column::Position).eq(0))
        .and_where(of(attendee::Column::EventId).in_subquery(link::owners(ctx, resource)))
        .limit(limit);
    let statement = db.get_database_backend().build(&*query);
    Ok(Found::find_by_statement(statement).all(db).await?)
}

/// An event to which somebody is invited.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Invitation {
    pub(crate) event_id: Uuid,
    pub(crate) organizer_id: Uuid,
    pub(crate) document: Vec<u8>,
    pub(crate) last_time: Timestamp,
}

/// Invitations of a seller that were answered so, to what is not over: what ends first comes first, from
/// behind `after` on.
pub(crate) async fn invitations(
    ctx: &Context,
    db: &impl ConnectionTrait,
    (seller, response): (Uuid, CalendarResponse),
    after: Option<(Timestamp, Uuid)>,
    limit: u64,
) -> Result<Vec<Invitation>, Error> {
    use attendee::Column;
    let start = after.map_or(ctx.now, |(time, _)| Ord::max(time, ctx.now));
    let ahead = Stretch {
        start,
        end: Timestamp::MAX,
    };
    let mut query = joined(ctx, &[seller], ahead);
    query
        .columns([Column::EventId, Column::LastTime].map(|it| (attendee::Entity, it)))
        .columns(
            [event::Column::OrganizerId, event::Column::Document].map(|it| (event::Entity, it)),
        )
        .and_where(of(Column::Response).eq(response.code()))
        .and_where(of(Column::Position).gt(0))
        .order_by((attendee::Entity, Column::LastTime), Order::Asc)
        .order_by((attendee::Entity, Column::EventId), Order::Asc)
        .limit(limit);
    if let Some((time, id)) = after {
        let same = of(Column::LastTime)
            .eq(time)
            .and(of(Column::EventId).gt(id));
        query.and_where(of(Column::LastTime).gt(time).or(same));
    }
    let statement = db.get_database_backend().build(&query);
    Ok(Invitation::find_by_statement(statement).all(db).await?)
}

/// Those of the sellers who have not answered so many invitations of an organiser to what is still to
/// come, not counting one to an event.
pub(crate) async fn swamped(
    ctx: &Context,
    db: &impl ConnectionTrait,
    sellers: &[Uuid],
    (organizer, except, most): (Uuid, Uuid, i64),
) -> Result<Vec<Uuid>, Error> {
    let ahead = Stretch {
        start: ctx.now,
        end: Timestamp::MAX,
    };
    let unanswered = of(attendee::Column::Response).eq(CalendarResponse::NeedsAction.code());
    let count = of(attendee::Column::EventId).count();
    let query = joined(ctx, sellers, ahead)
        .column((attendee::Entity, attendee::Column::SellerId))
        .and_where(unanswered)
        .and_where(of(attendee::Column::EventId).ne(except))
        .and_where(Expr::col((event::Entity, event::Column::OrganizerId)).eq(organizer))
        .group_by_col((attendee::Entity, attendee::Column::SellerId))
        .and_having(count.gte(most))
        .to_owned();
    let statement = db.get_database_backend().build(&query);
    let rows = db.query_all_raw(statement).await?;
    let sellers = rows.iter().map(|row| row.try_get_by_index(0));
    Ok(sellers.collect::<Result<_, _>>()?)
}

fn of(column: attendee::Column) -> Expr {
    Expr::col((attendee::Entity, column))
}

/// Events of sellers in a window, with who takes part.
fn joined(ctx: &Context, sellers: &[Uuid], window: Stretch) -> SelectStatement {
    let theirs = of(attendee::Column::SellerId).is_in(sellers.iter().copied());
    within(ctx, window).and_where(theirs).to_owned()
}

/// Events of anybody in a window, with who takes part.
fn within(ctx: &Context, window: Stretch) -> SelectStatement {
    use attendee::Column;
    let joined = Expr::col((event::Entity, event::Column::TenantId))
        .equals((attendee::Entity, Column::TenantId))
        .and(
            Expr::col((event::Entity, event::Column::EventId))
                .equals((attendee::Entity, Column::EventId)),
        );
    Query::select()
        .from(attendee::Entity)
        .inner_join(event::Entity, joined)
        .and_where(of(Column::TenantId).eq(ctx.tenant))
        // What has no length, and begins when the window does, is in it.
        .and_where(of(Column::LastTime).gte(window.start))
        .and_where(of(Column::FirstTime).lt(window.end))
        .to_owned()
}

fn select(ctx: &Context, sellers: &[Uuid], window: Stretch) -> SelectStatement {
    found(&mut joined(ctx, sellers, window)).to_owned()
}

/// What is read of them, those that end first first.
fn found(query: &mut SelectStatement) -> &mut SelectStatement {
    use attendee::Column;
    query
        .columns(
            [
                Column::SellerId,
                Column::EventId,
                Column::Response,
                Column::InstanceResponses,
            ]
            .map(|it| (attendee::Entity, it)),
        )
        .columns(
            [event::Column::OrganizerId, event::Column::Document].map(|it| (event::Entity, it)),
        )
        .order_by((attendee::Entity, Column::LastTime), Order::Asc)
        .order_by((attendee::Entity, Column::EventId), Order::Asc)
}
