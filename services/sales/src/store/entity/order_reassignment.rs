//! Orders and receivables whose customer was merged into another: by these rows they find back.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// One of them that a merge gave another customer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_reassignment")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The merge.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merge_id: Uuid,
    /// What moved: 1 an order, 2 an invoice, 3 a reminder, 4 a line of expenses.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: i16,
    /// Which.
    #[sea_orm(primary_key, auto_increment = false)]
    pub moved_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
