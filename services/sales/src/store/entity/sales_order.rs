//! What customers ordered.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One order of one tenant, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "sales_order")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is: the id of the quote.
    #[sea_orm(primary_key, auto_increment = false)]
    pub order_id: Uuid,
    /// The revision of the quote that was accepted.
    pub quote_revision: i64,
    /// SHA-256 of what it promised.
    pub content_hash: Vec<u8>,
    /// Who ordered; none after an erasure.
    pub customer_id: Option<Uuid>,
    /// The opportunity that the quote was for.
    pub opportunity_id: Option<Uuid>,
    /// Who made the quote.
    pub owner: String,
    /// What people call it.
    pub title: String,
    /// ISO 4217, of all amounts.
    pub currency: String,
    /// What was promised, before tax, in minor units.
    pub net: i64,
    /// The tax on it.
    pub tax: i64,
    /// `OrderState`.
    pub state: i16,
    /// `DeliveryState`.
    pub delivery_state: i16,
    /// `PaymentState`.
    pub payment_state: i16,
    /// A bit for each `OrderDiscrepancy`.
    pub discrepancies: i16,
    /// What its invoices come to with tax, less credit notes.
    pub invoiced: i64,
    /// What was paid on them, less refunds.
    pub paid: i64,
    /// What is still to be paid on them.
    pub open: i64,
    /// The ERP's number of it.
    pub external_number: Option<String>,
    /// By when the ERP means to deliver.
    pub promised_date: Option<i32>,
    /// Why it was cancelled.
    pub cancel_reason: Option<String>,
    /// Grows with every change.
    pub version: i64,
    /// When the quote was accepted.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
