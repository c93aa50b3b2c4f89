//! Events that a consumer is done with, written with the effect of each.

use sea_orm::entity::prelude::*;

use crate::identity::TenantId;
use crate::time::Timestamp;

/// One event handled by one consumer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "inbox")]
pub struct Model {
    /// Whose event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Name of the consumer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub consumer: String,
    /// The event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// When.
    pub handle_time: Timestamp,
}

/// None.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
