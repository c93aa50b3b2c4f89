//! Who acts for whom.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One delegation of one tenant. Changed only when it is revoked.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "authority_delegation")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub delegation_id: Uuid,
    /// Who is away.
    pub delegator: String,
    /// Who acts for him.
    pub delegate: String,
    /// First instant at which it holds.
    pub valid_from_time: Timestamp,
    /// First instant at which it no longer holds.
    pub valid_to_time: Timestamp,
    /// Who recorded it.
    pub creator: String,
    /// When.
    pub create_time: Timestamp,
    /// When it was revoked.
    pub revoke_time: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
