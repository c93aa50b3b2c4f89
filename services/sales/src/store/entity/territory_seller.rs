//! Who works territories.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// Somebody works a territory for a while.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "territory_seller")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seat_id: Uuid,
    /// Which territory.
    pub territory_id: Uuid,
    /// Who.
    pub seller_id: Uuid,
    /// As what.
    pub role: String,
    /// From which day on, as a number.
    pub start_date: i32,
    /// The first day on which he does no longer.
    pub end_date: Option<i32>,
    /// Who recorded it.
    pub actor: String,
    /// Grows with every change.
    pub version: i64,
    /// When it was recorded.
    pub create_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
