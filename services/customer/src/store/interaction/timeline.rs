//! Reads interactions by the time at which they took place, a page at a time. Every page is
//! one range of an index, wherever in the timeline it lies.

use rapport_platform::identity::Context;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, Query, SelectStatement, UnionType};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult as _,
    Iterable as _, JoinType, QueryFilter as _, QueryOrder as _, QuerySelect as _, RelationDef,
    Select,
};
use uuid::Uuid;

use crate::store::entity::interaction::{Column, Entity, Model};
use crate::store::entity::interaction_link;
use crate::store::identity::parts;
use rapport_platform::db::place::{Order, Place, behind};

/// A part of a customer's timeline.
pub(crate) struct Timeline {
    /// The records of the customer whose it is.
    pub(crate) members: Vec<Uuid>,
    /// Which interactions.
    pub(crate) filter: Condition,
    /// Which end first.
    pub(crate) order: Order,
    /// Those behind this place, in that order; all without.
    pub(crate) after: Option<Place>,
    /// At most so many.
    pub(crate) limit: u64,
}

/// Part of a customer's timeline.
pub(crate) async fn timeline(
    ctx: &Context,
    db: &impl ConnectionTrait,
    part: &Timeline,
) -> Result<Vec<Model>, DbErr> {
    let order = [
        (Column::OccurTime, part.order.into()),
        (Column::InteractionId, part.order.into()),
    ];
    parts::page(db, &part.members, &order, part.limit, |member| {
        select(ctx, member, part)
    })
    .await
}

pub(super) fn select(ctx: &Context, customer: Uuid, part: &Timeline) -> Select<Entity> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.eq(customer))
        .filter(part.filter.clone())
        .filter(behind(
            part.after,
            part.order,
            Column::OccurTime,
            Column::InteractionId,
        ))
        .order_by(Column::OccurTime, part.order.into())
        .order_by(Column::InteractionId, part.order.into())
        .limit(part.limit)
}

/// The interactions of any customer that concern a resource, latest first.
pub(crate) async fn linked(
    ctx: &Context,
    db: &impl ConnectionTrait,
    resource: &str,
    after: Option<Place>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    select_linked(ctx, resource, after, limit).all(db).await
}

pub(super) fn select_linked(
    ctx: &Context,
    resource: &str,
    after: Option<Place>,
    limit: u64,
) -> Select<Entity> {
    use interaction_link::Column as Link;
    let latest = Order::LatestFirst;
    Entity::find()
        .join(JoinType::InnerJoin, link())
        .filter(Link::TenantId.eq(ctx.tenant))
        .filter(Link::Resource.eq(resource))
        .filter(behind(after, latest, Link::OccurTime, Link::InteractionId))
        .order_by_desc(Link::OccurTime)
        .order_by_desc(Link::InteractionId)
        .limit(limit)
}

fn link() -> RelationDef {
    use interaction_link::Column as Link;
    Entity::belongs_to(interaction_link::Entity)
        .from((Column::TenantId, Column::CustomerId, Column::InteractionId))
        .to((Link::TenantId, Link::CustomerId, Link::InteractionId))
        .into()
}

/// The latest interactions of each of a customer's conversations, latest first and at most
/// `each`, in one statement.
///
/// A branch per conversation reads its own few rows from the index. A window function would
/// read every interaction of every conversation to number them.
pub(crate) async fn latest_of_each(
    ctx: &Context,
    db: &impl ConnectionTrait,
    conversations: &[Uuid],
    each: u64,
) -> Result<Vec<Model>, DbErr> {
    let Some(statement) = select_latest_of_each(ctx, conversations, each) else {
        return Ok(Vec::new());
    };
    let rows = db.query_all(&statement).await?;
    rows.iter()
        .map(|row| Model::from_query_result(row, ""))
        .collect()
}

pub(super) fn select_latest_of_each(
    ctx: &Context,
    conversations: &[Uuid],
    each: u64,
) -> Option<SelectStatement> {
    let mut branches = conversations.iter().map(|&id| latest_of(ctx, id, each));
    let mut statement = branches.next()?;
    for branch in branches {
        statement.union(UnionType::All, branch);
    }
    Some(statement)
}

/// Wrapped once more, because SQLite takes no ORDER BY inside a UNION.
fn latest_of(ctx: &Context, conversation: Uuid, limit: u64) -> SelectStatement {
    let latest = Query::select()
        .columns(Column::iter())
        .from(Entity)
        .and_where(Expr::col(Column::TenantId).eq(ctx.tenant))
        .and_where(Expr::col(Column::ConversationId).eq(conversation))
        .order_by(Column::OccurTime, sea_orm::Order::Desc)
        .order_by(Column::InteractionId, sea_orm::Order::Desc)
        .limit(limit)
        .to_owned();
    Query::select()
        .columns(Column::iter())
        .from_subquery(latest, Alias::new("latest"))
        .to_owned()
}
