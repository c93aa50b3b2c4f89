//! Who opportunities were about.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// Whom one opportunity was about, from when to when.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opportunity_customer")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which.
    #[sea_orm(primary_key, auto_increment = false)]
    pub opportunity_id: Uuid,
    /// Since when; 0: since it began.
    #[sea_orm(primary_key, auto_increment = false)]
    pub start_time: Timestamp,
    /// Until when; null while it is.
    pub end_time: Option<Timestamp>,
    /// Whom.
    pub customer_id: Option<Uuid>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
