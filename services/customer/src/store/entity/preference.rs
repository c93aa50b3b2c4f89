//! What customers chose for each channel.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "preference")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Whose choice.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// `rapport.type.v1.Channel`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel: i16,
    /// `rapport.type.v1.Purpose`; 0 for all purposes.
    #[sea_orm(primary_key, auto_increment = false)]
    pub purpose: i16,
    /// `ChannelChoice`; a choice that was withdrawn has no row.
    pub choice: i16,
    /// Place in the customer's order, from 1; 0 after all ranked ones.
    pub rank: i16,
    /// Who recorded it.
    pub recorder: String,
    /// When it was recorded.
    pub record_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
