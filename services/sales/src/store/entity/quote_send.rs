//! When and how quotes were sent.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One time that a quote was sent. Never changed.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quote_send")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which quote.
    #[sea_orm(primary_key, auto_increment = false)]
    pub quote_id: Uuid,
    /// Which time it is; grows with time.
    #[sea_orm(primary_key, auto_increment = false)]
    pub send_id: Uuid,
    /// Number of the revision that was sent.
    pub revision: i64,
    /// SHA-256 of its content.
    pub content_hash: Vec<u8>,
    /// `rapport.type.v1.Channel`.
    pub channel: i16,
    /// The address that was named, of whoever is the quote's customer.
    pub contact_point_id: Option<Uuid>,
    /// The leave that his choice gave.
    pub contact_permit_id: Uuid,
    /// The proposal that went with it.
    pub proposal_id: Option<Uuid>,
    /// SHA-256 of the proposal's PDF.
    pub document_hash: Option<Vec<u8>>,
    /// SHA-256 of the message.
    pub message_hash: Vec<u8>,
    /// Who sent it.
    pub sender: String,
    /// When.
    pub send_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
