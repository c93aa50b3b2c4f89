//! Parts of the market.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One territory of one model.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "territory")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub territory_id: Uuid,
    /// Of which model.
    pub model_id: Uuid,
    /// Which territory it is in every model; unique in one.
    pub code: String,
    /// What people call it.
    pub display_name: String,
    /// What it is part of.
    pub parent_id: Option<Uuid>,
    /// Which customers belong to it, as a filter.
    pub rule: Option<String>,
    /// Which of equally deep ones comes first.
    pub priority: i32,
    /// Grows with every change.
    pub version: i64,
    /// When it was recorded.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
