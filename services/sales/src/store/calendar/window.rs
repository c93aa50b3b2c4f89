//! What is in calendars in a stretch of time.

use rapport_platform::identity::Context;
use sea_orm::sea_query::{Expr, ExprTrait as _, Order, Query, SelectStatement};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use crate::domain::calendar::CalendarResponse;
use crate::domain::calendar::slot::Stretch;
use crate::error::Error;
use crate::store::entity::{calendar_attendee as attendee, calendar_event as event};

/// An event that may take place then, in one calendar.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Found {
    pub(crate) seller_id: Uuid,
    pub(crate) event_id: Uuid,
    pub(crate) organizer_id: Uuid,
    pub(crate) response: i16,
    pub(crate) document: Vec<u8>,
}

/// Which events are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Which {
    /// Those that are not declined.
    All,
    /// Those of them that keep from other things.
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
        Which::All => {
            query.and_where(of(attendee::Column::Response).ne(CalendarResponse::Declined.code()))
        }
        Which::Busy => query.and_where(of(attendee::Column::Busy).eq(true)),
    };
    let statement = db.get_database_backend().build(&query);
    Ok(Found::find_by_statement(statement).all(db).await?)
}

fn of(column: attendee::Column) -> Expr {
    Expr::col((attendee::Entity, column))
}

fn select(ctx: &Context, sellers: &[Uuid], window: Stretch) -> SelectStatement {
    use attendee::Column;
    let joined = Expr::col((event::Entity, event::Column::TenantId))
        .equals((attendee::Entity, Column::TenantId))
        .and(
            Expr::col((event::Entity, event::Column::EventId))
                .equals((attendee::Entity, Column::EventId)),
        );
    Query::select()
        .columns(
            [Column::SellerId, Column::EventId, Column::Response].map(|it| (attendee::Entity, it)),
        )
        .columns(
            [event::Column::OrganizerId, event::Column::Document].map(|it| (event::Entity, it)),
        )
        .from(attendee::Entity)
        .inner_join(event::Entity, joined)
        .and_where(of(Column::TenantId).eq(ctx.tenant))
        .and_where(of(Column::SellerId).is_in(sellers.iter().copied()))
        // What has no length, and begins when the window does, is in it.
        .and_where(of(Column::LastTime).gte(window.start))
        .and_where(of(Column::FirstTime).lt(window.end))
        .order_by((attendee::Entity, Column::LastTime), Order::Asc)
        .order_by((attendee::Entity, Column::EventId), Order::Asc)
        .to_owned()
}
