//! Rows that were not imported.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// One fault of one row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "import_error")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The run.
    #[sea_orm(primary_key, auto_increment = false)]
    pub import_run_id: Uuid,
    /// The row's line in its source.
    #[sea_orm(primary_key, auto_increment = false)]
    pub line: i64,
    /// Which fault of the row.
    #[sea_orm(primary_key, auto_increment = false)]
    pub ordinal: i16,
    /// The field at fault.
    pub field: String,
    /// What is wrong and what to do.
    pub description: String,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
