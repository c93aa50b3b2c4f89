//! Appends interactions, one or thousands, with everything that follows from them.

use std::collections::{BTreeMap, HashSet};

use rapport_platform::db::bulk;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, Func, OnConflict};
use sea_orm::{DatabaseTransaction, DbErr, EntityTrait as _};
use uuid::Uuid;

use crate::domain::interaction::Direction;
use crate::store::entity::{channel_activity, interaction, interaction_link};

/// Rows of one statement: SQLite binds at most 32,766 values, and the widest row has 19.
const ROWS_PER_STATEMENT: usize = 1_000;

/// Appends interactions of any number of customers, with their links and the count of
/// contacts per channel, in a number of statements that depends on thousands of rows.
///
/// Answers the ids of those that are new: a row whose external id is known already is left
/// out, also when `rows` has it twice. Conversations are not touched.
pub(crate) async fn append(
    ctx: &Context,
    txn: &DatabaseTransaction,
    rows: &[interaction::Model],
) -> Result<HashSet<Uuid>, DbErr> {
    let mut added = HashSet::with_capacity(rows.len());
    for chunk in rows.chunks(ROWS_PER_STATEMENT) {
        added.extend(insert(ctx, txn, chunk).await?);
    }
    let new: Vec<_> = rows
        .iter()
        .filter(|row| added.contains(&row.interaction_id))
        .collect();
    insert_links(ctx, txn, &new).await?;
    count(ctx, txn, &new).await?;
    Ok(added)
}

async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    rows: &[interaction::Model],
) -> Result<impl Iterator<Item = Uuid> + use<>, DbErr> {
    use interaction::{Column, Entity};
    let known = OnConflict::columns([Column::TenantId, Column::ExternalSystem, Column::ExternalId])
        .target_and_where(Expr::col(Column::ExternalSystem).is_not_null())
        .do_nothing()
        .to_owned();
    let rows = rows.iter().map(|row| interaction::Model {
        tenant_id: ctx.tenant,
        ..row.clone()
    });
    let keys = Entity::insert_many(rows.map(interaction::ActiveModel::from))
        .on_conflict(known)
        .exec_with_returning_keys(txn)
        .await?;
    Ok(keys.into_iter().map(|(_, _, id)| id))
}

async fn insert_links(
    ctx: &Context,
    txn: &DatabaseTransaction,
    rows: &[&interaction::Model],
) -> Result<(), DbErr> {
    let links = rows
        .iter()
        .flat_map(|row| row.links.0.iter().map(move |resource| (row, resource)))
        .map(|(row, resource)| interaction_link::Model {
            tenant_id: ctx.tenant,
            resource: resource.clone(),
            occur_time: row.occur_time,
            interaction_id: row.interaction_id,
            customer_id: row.customer_id,
        });
    bulk::insert::<interaction_link::Entity>(txn, links.collect(), None).await?;
    Ok(())
}

/// The contacts with a customer on a channel.
type Activity = BTreeMap<(Uuid, i16), channel_activity::Model>;

/// Adds to the counts per channel.
///
/// Rows are written in the order of their key, so that two transactions that count for the
/// same customers wait for each other and never in a circle.
async fn count(
    ctx: &Context,
    txn: &DatabaseTransaction,
    rows: &[&interaction::Model],
) -> Result<(), DbErr> {
    let counts = activity_of(ctx, rows).into_values().collect();
    bulk::insert::<channel_activity::Entity>(txn, counts, Some(add_to_counts())).await?;
    Ok(())
}

fn activity_of(ctx: &Context, rows: &[&interaction::Model]) -> Activity {
    let mut activity = Activity::new();
    for row in rows {
        let counts = activity
            .entry((row.customer_id, row.channel))
            .or_insert_with(|| channel_activity::Model {
                tenant_id: ctx.tenant,
                customer_id: row.customer_id,
                channel: row.channel,
                inbound_count: 0,
                outbound_count: 0,
                last_time: Timestamp::MIN,
            });
        let inbound = row.direction == Direction::Inbound.code();
        counts.inbound_count += i64::from(inbound);
        counts.outbound_count += i64::from(!inbound);
        counts.last_time = Ord::max(counts.last_time, row.occur_time);
    }
    activity
}

fn add_to_counts() -> OnConflict {
    use channel_activity::{Column, Entity};
    let kept = |column: Column| Expr::col((Entity, column));
    let added = |column: Column| Expr::col(("excluded", column));
    let sum = |column: Column| kept(column).add(added(column));
    let later = Func::greatest([kept(Column::LastTime), added(Column::LastTime)]);
    OnConflict::columns([Column::TenantId, Column::CustomerId, Column::Channel])
        .values([
            (Column::InboundCount, sum(Column::InboundCount)),
            (Column::OutboundCount, sum(Column::OutboundCount)),
            (Column::LastTime, later.into()),
        ])
        .to_owned()
}
