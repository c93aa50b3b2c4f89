//! What contacts on channels cost.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// A channel's cost from an instant on. Rows are added and deleted, never changed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channel_cost")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel_cost_id: Uuid,
    /// `Channel`.
    pub channel: i16,
    /// ISO 4217.
    pub currency: String,
    /// Billionths of a unit for each contact.
    pub per_contact: i64,
    /// Billionths of a unit for each minute.
    pub per_minute: i64,
    /// First instant at which it holds.
    pub effective_time: Timestamp,
    /// Who recorded it.
    pub recorder: String,
    /// When it was recorded.
    pub create_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
