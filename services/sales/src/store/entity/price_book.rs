//! Prices that hold for some customers, in one currency, for some time.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One price book of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "price_book")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub price_book_id: Uuid,
    /// What people call it.
    pub display_name: String,
    /// ISO 4217, of all its prices.
    pub currency: String,
    /// `TaxTreatment`.
    pub tax_treatment: i16,
    /// First instant at which it holds.
    pub valid_from_time: Option<Timestamp>,
    /// First instant at which it no longer holds.
    pub valid_to_time: Option<Timestamp>,
    /// Names of the segments it is for.
    pub segments: Json,
    /// The higher wins.
    pub priority: i32,
    /// Grows with every change, also of its prices.
    pub version: i64,
    /// When it was recorded.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
