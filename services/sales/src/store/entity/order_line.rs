//! What was ordered, by line.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// One line of one order.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_line")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Of which order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// Its place, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// The product, if it is one of ours.
    pub product_id: Option<Uuid>,
    /// What the customer read.
    pub description: String,
    /// How many were ordered, in thousandths.
    pub quantity: i64,
    /// How many the customer has, in thousandths.
    pub delivered: i64,
    /// Price of one unit before discounts, in minor units.
    pub unit_price: i64,
    /// In parts per million.
    pub tax_rate: i32,
    /// After all discounts and before tax.
    pub net: i64,
    /// The tax on it.
    pub tax: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
