//! What contacts on channels cost.

use rapport_platform::db::retry_if_taken;
use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::entity::channel_cost::{Column, Entity, Model};
use crate::domain::channel::Channel;
use crate::domain::channel_effect::{ChannelCost, UnitCost};
use crate::error::{Error, unreadable};
use crate::resource::CHANNEL_COST;

/// Most costs of a tenant.
pub(crate) const MOST: u64 = 1_000;

/// Where a page of costs ends.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Position {
    channel: i16,
    effective: Timestamp,
}

impl From<&Model> for Position {
    fn from(row: &Model) -> Self {
        Self {
            channel: row.channel,
            effective: row.effective_time,
        }
    }
}

/// Costs by channel and time, from behind `after` on.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    after: Option<Position>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let behind = after.map(|Position { channel, effective }| {
        let later = Column::EffectiveTime.gt(effective);
        let same = Column::Channel.eq(channel).and(later);
        Column::Channel.gt(channel).or(same)
    });
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Condition::all().add_option(behind))
        .order_by_asc(Column::Channel)
        .order_by_asc(Column::EffectiveTime)
        .limit(limit)
        .all(db)
        .await?)
}

/// All of the tenant's costs, by channel and time.
pub(crate) async fn all(
    ctx: &Context,
    db: &impl ConnectionTrait,
) -> Result<Vec<ChannelCost>, Error> {
    let rows = list(ctx, db, None, MOST).await?;
    rows.into_iter().map(from_row).collect()
}

/// Records a cost.
///
/// # Errors
/// `AlreadyExists` when the channel has one from that instant on; `InvalidState` when there are
/// too many.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    cost: &ChannelCost,
) -> Result<Model, Error> {
    let rows = list(ctx, txn, None, MOST).await?;
    if rows.iter().any(|it| it.currency != cost.currency) {
        let why = "must be in the currency of the other costs";
        return Err(Error::invalid("channel_cost.per_contact", why));
    }
    if u64::try_from(rows.len()).is_ok_and(|count| count >= MOST) {
        return Err(Error::InvalidState {
            resource: "channelCosts".to_owned(),
            state: "FULL",
            why: "has 1,000 costs. Delete those of long ago.",
        });
    }
    let same =
        |it: &&Model| it.channel == cost.channel.code() && it.effective_time == cost.effective;
    if let Some(taken) = rows.iter().find(same) {
        let name = CHANNEL_COST.format(&[taken.channel_cost_id]);
        return Err(PlatformError::AlreadyExists(name).into());
    }
    let row = Model {
        tenant_id: ctx.tenant,
        channel_cost_id: new_id(),
        channel: cost.channel.code(),
        currency: cost.currency.clone(),
        per_contact: cost.per_contact.nanos(),
        per_minute: cost.per_minute.nanos(),
        effective_time: cost.effective,
        recorder: ctx.actor.to_string(),
        create_time: ctx.now,
    };
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await
        .map_err(retry_if_taken)?;
    Ok(row)
}

/// Removes a cost.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn delete(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
) -> Result<(), Error> {
    let deleted = Entity::delete_by_id((ctx.tenant, id)).exec(txn).await?;
    if deleted.rows_affected == 0 {
        return Err(Error::not_found(CHANNEL_COST.format(&[id])));
    }
    Ok(())
}

fn from_row(row: Model) -> Result<ChannelCost, Error> {
    let channel = Channel::try_from(i32::from(row.channel));
    Ok(ChannelCost {
        channel: channel.map_err(unreadable("reading a channel's cost"))?,
        currency: row.currency,
        per_contact: UnitCost::stored(row.per_contact),
        per_minute: UnitCost::stored(row.per_minute),
        effective: row.effective_time,
    })
}
