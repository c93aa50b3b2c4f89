//! What products cost by price books.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// The price of one product by one price book.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "price_book_entry")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The price book.
    #[sea_orm(primary_key, auto_increment = false)]
    pub price_book_id: Uuid,
    /// The product.
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: Uuid,
    /// Pairs of the smallest quantity, in thousandths, and the unit price, in minor units.
    pub tiers: Json,
    /// What one unit costs the company, in minor units.
    pub unit_cost: Option<i64>,
    /// The smallest margin at which it is sold without asking, in parts per million.
    pub floor_margin: i32,
    /// When it was set.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
