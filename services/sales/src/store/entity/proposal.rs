//! Documents that were made of quotes.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One document of one revision of a quote.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "proposal")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Of which quote.
    #[sea_orm(primary_key, auto_increment = false)]
    pub quote_id: Uuid,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub proposal_id: Uuid,
    /// Of which revision.
    pub revision: i64,
    /// SHA-256 of what that revision says.
    pub content_hash: Vec<u8>,
    /// Whether the quote did not bind.
    pub draft: bool,
    /// By which template.
    pub template_id: Uuid,
    /// By which version of it.
    pub template_version: i64,
    /// BCP 47.
    pub language: String,
    /// Its title.
    pub title: String,
    /// The message with which it is sent.
    pub message: String,
    /// SHA-256 of the HTML, by which its bytes are found.
    pub html_hash: Vec<u8>,
    /// Bytes of the HTML.
    pub html_size: i64,
    /// SHA-256 of the PDF.
    pub pdf_hash: Vec<u8>,
    /// Bytes of the PDF.
    pub pdf_size: i64,
    /// Who rendered it.
    pub creator: String,
    /// When.
    pub create_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
