//! What had a customer who was merged into another: by these rows it finds back.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// One row that a merge gave another customer.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_reassignment")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The merge.
    #[sea_orm(primary_key, auto_increment = false)]
    pub merge_id: Uuid,
    /// What moved: 1 an order, 2 an invoice, 3 a reminder, 4 a line of expenses, 5 a guest of an event,
    /// 6 a link of an event or task, 7 an answer to a suggestion, 8 a decision about suggestions, 9 a
    /// plan, 10 one of those whom a plan is about.
    #[sea_orm(primary_key, auto_increment = false)]
    pub kind: i16,
    /// Which.
    #[sea_orm(primary_key, auto_increment = false)]
    pub moved_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
