//! What remains of customers that were erased: nothing that tells who they were.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One record that was erased.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "customer_tombstone")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The id that the record had: no name, address or other trait belongs to it any more.
    #[sea_orm(primary_key, auto_increment = false)]
    pub erased_id: Uuid,
    /// 1 for a person, 2 for an organisation.
    pub kind: i16,
    /// The last `LifecycleStage`.
    pub lifecycle_stage: i16,
    /// Who erased it.
    pub actor: String,
    /// When.
    pub erase_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
