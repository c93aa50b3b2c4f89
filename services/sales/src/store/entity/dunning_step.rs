//! What reminders were of.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// One invoice of which a customer was reminded. Never changed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dunning_step")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Of which invoice.
    #[sea_orm(primary_key, auto_increment = false)]
    pub invoice_id: Uuid,
    /// The reminder.
    #[sea_orm(primary_key, auto_increment = false)]
    pub notice_id: Uuid,
    /// The level that it has since.
    pub level: i16,
    /// What was open, in minor units.
    pub open: i64,
    /// ISO 4217, of the amount.
    pub currency: String,
    /// When.
    pub dunning_date: i32,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
