//! Parents that an import run named before they were there.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// The parent that one customer waits for.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "pending_parent")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_run_id: Uuid,
    /// Who waits.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// The line that named the parent.
    pub line: i64,
    /// The parent, where the row named the customer itself.
    pub parent_id: Option<Uuid>,
    /// The parent's external id, where the row named that: the system.
    pub system: Option<String>,
    /// The parent's external id there.
    pub external_id: Option<String>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
