//! Searches of all customers for duplicates.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One search and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "duplicate_scan")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// UUIDv7: lists are in its order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub scan_id: Uuid,
    /// `ScanState`.
    pub state: i16,
    /// The last customer examined.
    pub position: Option<Uuid>,
    /// Customers examined.
    pub examined_count: i64,
    /// Pairs found.
    pub candidate_count: i64,
    /// Pairs merged.
    pub merged_count: i64,
    /// Who started it.
    pub actor: String,
    /// When it was started.
    pub create_time: Timestamp,
    /// When it was last worked on.
    pub update_time: Timestamp,
    /// When it came to its end.
    pub complete_time: Option<Timestamp>,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
