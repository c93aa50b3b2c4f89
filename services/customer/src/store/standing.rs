//! What decides whether a customer may be contacted, in two short reads: the gateway asks
//! before every outreach.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DbErr, EntityTrait as _, FromQueryResult,
    JoinType, QueryFilter as _, QuerySelect as _, RelationDef,
};
use uuid::Uuid;

use super::entity::{contact_point, customer, preference};
use super::identity::group;
use super::preference::{from_rows, of_group};
use crate::domain::channel::ChannelSet;
use crate::domain::contact_point::ContactPointState;
use crate::domain::preferences::Preferences;
use crate::error::Error;
use crate::resource;

/// Whether a customer is there, and what it chose.
pub(crate) struct Standing {
    /// Whether it is deleted: then it is not contacted at all.
    pub(crate) deleted: bool,
    /// What it chose.
    pub(crate) preferences: Preferences,
    /// The records it is made of.
    pub(crate) members: Vec<Uuid>,
}

/// What matters of the customer itself.
#[derive(FromQueryResult)]
struct Life {
    delete_time: Option<Timestamp>,
    merged_into: Option<Uuid>,
    merged_count: i32,
}

/// How a customer stands towards being contacted.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn of(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
) -> Result<Standing, Error> {
    let rows = customer::Entity::find_by_id((ctx.tenant, customer))
        .select_only()
        .columns([
            customer::Column::DeleteTime,
            customer::Column::MergedInto,
            customer::Column::MergedCount,
        ])
        .join(JoinType::LeftJoin, preferences())
        .select_also(preference::Entity)
        .into_model::<Life, preference::Model>()
        .all(db)
        .await?;
    let Some((life, _)) = rows.first() else {
        return Err(Error::not_found(resource::customer(customer)));
    };
    if life.merged_into.is_some() || life.merged_count > 0 {
        return of_merged(ctx, db, customer).await;
    }
    Ok(Standing {
        members: vec![customer],
        deleted: life.delete_time.is_some(),
        preferences: from_rows(rows.into_iter().filter_map(|(_, preference)| preference))?,
    })
}

/// As [`of`], of a customer that is made of several records.
async fn of_merged(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
) -> Result<Standing, Error> {
    let group = group::of(ctx, db, customer).await?;
    Ok(Standing {
        deleted: group.root.delete_time.is_some(),
        preferences: of_group(ctx, db, &group).await?,
        members: group.members(),
    })
}

fn preferences() -> RelationDef {
    use customer::Column;
    customer::Entity::belongs_to(preference::Entity)
        .from((Column::TenantId, Column::CustomerId))
        .to((preference::Column::TenantId, preference::Column::CustomerId))
        .into()
}

/// The channels on which a usable address of one of its records reaches the customer now.
///
/// The condition is that of `ContactPoint::usable_at`, which a test compares with it.
pub(crate) async fn reachable(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: &[Uuid],
) -> Result<ChannelSet, DbErr> {
    use contact_point::{Column, Entity};
    let begun = Condition::any()
        .add(Column::ValidFromTime.is_null())
        .add(Column::ValidFromTime.lte(ctx.now));
    let not_over = Condition::any()
        .add(Column::ValidToTime.is_null())
        .add(Column::ValidToTime.gt(ctx.now));
    let channels: Vec<i32> = Entity::find()
        .select_only()
        .column(Column::Channels)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(members.iter().copied()))
        .filter(Column::State.eq(ContactPointState::Active.code()))
        .filter(begun)
        .filter(not_over)
        .into_tuple()
        .all(db)
        .await?;
    let sets = channels.into_iter().map(ChannelSet::from_bits);
    Ok(sets.fold(ChannelSet::default(), ChannelSet::or))
}
