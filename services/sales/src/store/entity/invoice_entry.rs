//! Payments, refunds, credit notes and what was written off.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One document that changes what is open of an invoice, as the report that holds has it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invoice_entry")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The ERP's number of it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub document: String,
    /// Of which invoice.
    pub invoice_id: Uuid,
    /// The report that holds.
    pub sequence: i64,
    /// SHA-256 of that report.
    pub report_hash: Vec<u8>,
    /// `InvoiceEntryKind`.
    pub kind: i16,
    /// In minor units; 0 when it is void.
    pub amount: i64,
    /// The day on which it counts.
    pub booking_date: i32,
    /// When the report came.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
