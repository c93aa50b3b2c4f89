//! Documents that go with messages.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One document that goes with one delivery. It never changes.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_attachment")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Whom it is for.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// UUIDv7: in the order in which they go.
    #[sea_orm(primary_key, auto_increment = false)]
    pub attachment_id: Uuid,
    /// With what it goes.
    pub delivery_id: Uuid,
    /// Its name for the reader.
    pub file_name: String,
    /// What it is.
    pub media_type: String,
    /// The document.
    pub content: Vec<u8>,
    /// When it was handed over.
    pub create_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
