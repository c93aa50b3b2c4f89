//! What people expect beyond the facts.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One adjustment of a forecast; they add up.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "forecast_adjustment")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub adjustment_id: Uuid,
    /// Whose forecast.
    pub seller_id: Uuid,
    /// First day of the period, such as 20260101.
    pub start_date: i32,
    /// The day after its last.
    pub end_date: i32,
    /// How much more, or less, in minor units.
    pub amount: i64,
    /// ISO 4217.
    pub currency: String,
    /// Why.
    pub note: String,
    /// Who noted it.
    pub actor: String,
    /// When it was noted.
    pub create_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
