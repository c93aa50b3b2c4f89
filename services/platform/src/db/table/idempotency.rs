//! Answers kept for callers that repeat a request.

use sea_orm::entity::prelude::*;

use crate::identity::TenantId;
use crate::time::Timestamp;

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "idempotency")]
pub struct Model {
    /// Whose request.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The caller's `request_id`.
    #[sea_orm(primary_key, auto_increment = false)]
    pub request_id: String,
    /// Name of the request, which is that of one RPC.
    pub method: String,
    /// SHA-256 of who asked for what.
    pub fingerprint: Vec<u8>,
    /// The encoded answer.
    pub response: Option<Vec<u8>>,
    /// Until when a repeated request gets this answer.
    pub expire_time: Timestamp,
}

/// None.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
