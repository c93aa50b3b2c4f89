//! What customers had chosen, and chose differently since.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One choice that is no longer in force.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "past_choice")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Who had chosen it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub past_choice_id: Uuid,
    /// A `rapport.customer.v1.PastChoice`.
    pub document: Vec<u8>,
    /// When it was recorded.
    pub record_time: Timestamp,
    /// When another took its place, or it was withdrawn.
    pub end_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
