//! Reminders.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// One reminder of one customer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dunning_notice")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub notice_id: Uuid,
    /// Whom; none after an erasure.
    pub customer_id: Option<Uuid>,
    /// ISO 4217, of the amount.
    pub currency: String,
    /// Of how much, in minor units.
    pub amount: i64,
    /// How many invoices that is of.
    pub invoice_count: i64,
    /// The highest level that one of them has since.
    pub level: i16,
    /// When.
    pub dunning_date: i32,
    /// Who noted it.
    pub author: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
