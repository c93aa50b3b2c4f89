//! The products on opportunities.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// One product on one opportunity; the currency is the opportunity's.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opportunity_line")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Of which opportunity.
    #[sea_orm(primary_key, auto_increment = false)]
    pub opportunity_id: Uuid,
    /// Its place, from 0.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i16,
    /// What is to be sold.
    pub product_id: Uuid,
    /// How many.
    pub quantity: i64,
    /// What they bring together, in minor units.
    pub amount: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
