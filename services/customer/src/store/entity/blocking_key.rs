//! Keys under which customers that may be the same are looked up.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// One key of one customer. A key is the digest of what is alike: the text can't be read from it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "blocking_key")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The first 64 bits of a digest; chance agreement only costs a comparison.
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: i64,
    /// Who has it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
