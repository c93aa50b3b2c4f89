//! How customers are known in other systems.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};

/// One id. The key makes it belong to one customer of the tenant, deleted or not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, DeriveEntityModel)]
#[sea_orm(table_name = "customer_external_id")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The other system.
    #[sea_orm(primary_key, auto_increment = false)]
    pub system: String,
    /// The id there.
    #[sea_orm(primary_key, auto_increment = false)]
    pub external_id: String,
    /// The customer who has it.
    pub customer_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
