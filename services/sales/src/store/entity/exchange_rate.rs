//! What currencies are worth in others.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One rate, from a day on, as somebody told it. Rows are appended: of those of one day, the one
/// that was recorded last holds.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "exchange_rate")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// In which currency: ISO 4217.
    #[sea_orm(primary_key, auto_increment = false)]
    pub to_currency: String,
    /// Of which currency: ISO 4217.
    #[sea_orm(primary_key, auto_increment = false)]
    pub from_currency: String,
    /// From which day on, such as 20260101.
    #[sea_orm(primary_key, auto_increment = false)]
    pub effective_date: i32,
    /// When it was recorded; 0: before that was noted.
    #[sea_orm(primary_key, auto_increment = false)]
    pub record_time: Timestamp,
    /// Tells apart what was recorded at the same instant: the later has the greater one.
    #[sea_orm(primary_key, auto_increment = false)]
    pub rate_id: Uuid,
    /// A decimal number as text, which both engines keep exactly.
    pub rate: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
