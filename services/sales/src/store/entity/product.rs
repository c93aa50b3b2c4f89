//! What is sold.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One product of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "product")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: Uuid,
    /// The tenant's own code; also in `product_code`.
    pub code: String,
    /// What people call it.
    pub display_name: String,
    /// Its other codes: a JSON array of strings; each also in `product_code`.
    pub aliases: Json,
    /// The series it belongs to.
    pub series: Option<String>,
    /// What one costs, in minor units.
    pub list_price: Option<i64>,
    /// ISO 4217.
    pub list_price_currency: Option<String>,
    /// Whether it is no longer sold.
    pub retired: bool,
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
