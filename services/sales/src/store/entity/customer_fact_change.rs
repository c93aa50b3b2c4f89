//! Customers of whom something changed that territories depend on.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// One of them: it is to be worked out whose he is.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer_fact_change")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Who.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// How often, since that was last done.
    pub changes: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
