//! What quotes said.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One revision of one quote.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "quote_revision")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Of which quote.
    #[sea_orm(primary_key, auto_increment = false)]
    pub quote_id: Uuid,
    /// Its number, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub revision: i64,
    /// The encoded `rapport.sales.v1.QuoteRevision` with what never changes of it.
    pub document: Vec<u8>,
    /// Who wrote it.
    pub author: String,
    /// The levels whose approval it needed when it was submitted, lowest first.
    pub needed_levels: Json,
    /// The approval policy that said so.
    pub policy_version: i64,
    /// The earlier revision within whose approval it stays.
    pub approved_by: Option<i64>,
    /// When it was written.
    pub create_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
