//! The ERP's delivery documents.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One delivery document, as the report that holds has it.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "order_delivery")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The ERP's number of it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub document: String,
    /// Of which order.
    pub order_id: Uuid,
    /// The report that holds.
    pub sequence: i64,
    /// SHA-256 of that report.
    pub report_hash: Vec<u8>,
    /// Position and thousandths of each line.
    pub lines: Json,
    /// When the customer got it.
    pub delivery_date: i32,
    /// Who carried it.
    pub carrier: Option<String>,
    /// The carrier's number of it.
    pub tracking_number: Option<String>,
    /// When the report came.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
