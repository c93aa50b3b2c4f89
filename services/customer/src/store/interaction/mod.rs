//! The contact repository: what passed between customers and the company, in the order in
//! which it took place.

mod append;
mod known;
mod remove;
mod row;
mod timeline;

#[cfg(test)]
mod tests;

pub(crate) use append::append;
pub(crate) use known::known_among;
pub(crate) use remove::remove;
pub(crate) use row::new as new_row;
pub(crate) use timeline::{Timeline, latest_of_each, linked, timeline};

use rapport_platform::identity::Context;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
};
use uuid::Uuid;

use super::entity::channel_activity;
use super::entity::interaction::{Column, Entity, Model};
use crate::error::Error;
use crate::resource;

/// One interaction.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    [customer, id]: [Uuid; 2],
) -> Result<Model, Error> {
    Entity::find_by_id((ctx.tenant, customer, id))
        .one(db)
        .await?
        .ok_or_else(|| Error::not_found(resource::INTERACTION.format(&[customer, id])))
}

/// The interaction that another system knows by this id.
pub(crate) async fn known_as(
    ctx: &Context,
    db: &impl ConnectionTrait,
    system: &str,
    external_id: &str,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ExternalSystem.eq(system))
        .filter(Column::ExternalId.eq(external_id))
        .one(db)
        .await
}

/// How many contacts there were with a customer, by channel: those of its records together.
pub(crate) async fn activity(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: &[Uuid],
) -> Result<Vec<channel_activity::Model>, DbErr> {
    use channel_activity::{Column, Entity};
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(members.iter().copied()))
        .order_by_asc(Column::Channel)
        .all(db)
        .await?;
    let mut sums: Vec<channel_activity::Model> = Vec::new();
    for row in rows {
        match sums.last_mut() {
            Some(sum) if sum.channel == row.channel => {
                sum.inbound_count += row.inbound_count;
                sum.outbound_count += row.outbound_count;
                sum.last_time = Ord::max(sum.last_time, row.last_time);
            }
            _ => sums.push(row),
        }
    }
    Ok(sums)
}
