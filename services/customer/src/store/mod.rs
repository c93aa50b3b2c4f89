//! The service's rows: one repository per aggregate.
//!
//! Every function takes the caller's [`Context`](rapport_platform::identity::Context) first and
//! sees the rows of its tenant only. Reads take any connection; writes take the transaction
//! that the handler opened.

pub(crate) mod attribute_definition;
pub(crate) mod channel_cost;
pub(crate) mod channel_effect;
pub(crate) mod contact;
pub(crate) mod contact_point;
pub(crate) mod conversation;
pub(crate) mod customer;
pub(crate) mod delivery;
pub(crate) mod entity;
pub(crate) mod identity;
pub(crate) mod import;
pub(crate) mod interaction;
pub(crate) mod key_proof;
pub(crate) mod lifecycle;
pub(crate) mod migration;
pub(crate) mod past_choice;
pub(crate) mod preference;
pub(crate) mod relatives;
pub(crate) mod role;
pub(crate) mod search;
pub(crate) mod template;

use rapport_platform::time::Timestamp;
use sea_orm::sea_query::IntoCondition;
use sea_orm::{
    ColumnTrait, ConnectionTrait, DbErr, EntityTrait, QueryFilter as _, QuerySelect as _,
};

/// The latest time in a column of an entity, of the rows that the filter leaves.
async fn latest<E: EntityTrait>(
    db: &impl ConnectionTrait,
    time: E::Column,
    filter: impl IntoCondition,
) -> Result<Option<Timestamp>, DbErr> {
    let latest: Option<Option<Timestamp>> = E::find()
        .select_only()
        .column_as(time.max(), "latest")
        .filter(filter.into_condition())
        .into_tuple()
        .one(db)
        .await?;
    Ok(latest.flatten())
}
