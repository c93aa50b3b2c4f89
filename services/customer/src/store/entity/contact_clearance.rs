//! What may be granted to customers without looking at everything again, and the row on which
//! those who change what a customer chose and those who act on it meet.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// The clearance of one customer; revoked while nothing is open.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "contact_clearance")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Whose.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// The open purposes and channels; see [`crate::domain::contact::clearance::bit`].
    pub open: i64,
    /// First instant at which it holds.
    pub from_time: Timestamp,
    /// First instant at which it holds no more.
    pub until_time: Timestamp,
    /// How many contacts may be granted.
    pub spare: i32,
    /// The policy that it rests on.
    pub policy_version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
