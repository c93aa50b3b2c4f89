//! How often products are owned together.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// How many customers own two products.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "co_ownership")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The one; nil stands for whatever they own.
    #[sea_orm(primary_key, auto_increment = false)]
    pub product_id: Uuid,
    /// The other; the same for those who own it at all.
    #[sea_orm(primary_key, auto_increment = false)]
    pub other_id: Uuid,
    /// How many own both.
    pub owners: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
