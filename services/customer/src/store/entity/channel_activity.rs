//! How many contacts there were with a customer on each channel, counted as they are appended.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// The contacts with one customer on one channel.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "channel_activity")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// With whom.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// `rapport.type.v1.Channel`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub channel: i16,
    /// Contacts that the customer started.
    pub inbound_count: i64,
    /// Contacts that the company started.
    pub outbound_count: i64,
    /// When the latest took place.
    pub last_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
