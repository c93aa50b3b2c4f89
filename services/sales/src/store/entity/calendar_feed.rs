//! Where calendars are read from.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// The feed of one seller of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_feed")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Whose calendar.
    #[sea_orm(primary_key, auto_increment = false)]
    pub seller_id: Uuid,
    /// SHA-256 of the secret in its address; none when it was revoked. The secret is not kept.
    pub secret_hash: Option<Vec<u8>>,
    /// Whether the seller made it himself, so that it has his private events.
    pub own: bool,
    /// Grows with every change.
    pub version: i64,
    /// When the address was made, or ended.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
