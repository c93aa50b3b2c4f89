//! The codes under which systems name products: each leads to one.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// One code or alias.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "product_code")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The code.
    #[sea_orm(primary_key, auto_increment = false)]
    pub code: String,
    /// The product it means.
    pub product_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
