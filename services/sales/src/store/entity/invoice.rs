//! What customers were asked to pay.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One invoice of one tenant, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "invoice")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub invoice_id: Uuid,
    /// The ERP's number of it.
    pub document: String,
    /// The report that holds.
    pub sequence: i64,
    /// SHA-256 of that report.
    pub report_hash: Vec<u8>,
    /// Who is to pay; none after an erasure.
    pub customer_id: Option<Uuid>,
    /// The order that it is for.
    pub order_id: Option<Uuid>,
    /// ISO 4217, of all amounts.
    pub currency: String,
    /// Before tax, in minor units.
    pub net: i64,
    /// The tax on it.
    pub tax: i64,
    /// With tax, less credit notes.
    pub invoiced: i64,
    /// Less refunds.
    pub paid: i64,
    /// Still to be paid.
    pub open: i64,
    /// When it was written.
    pub issue_date: i32,
    /// The last day on which it is paid in time.
    pub due_date: i32,
    /// From the end of this day on nothing is open; 9999-12-31 while something is.
    pub settled_date: i32,
    /// Since when it is disputed.
    pub dispute_time: Option<Timestamp>,
    /// What the customer objects to.
    pub dispute_reason: Option<String>,
    /// By when the customer promised to pay.
    pub promise_date: Option<i32>,
    /// How often he was reminded.
    pub dunning_level: i16,
    /// When, last.
    pub last_dunning_date: Option<i32>,
    /// From when on he may be reminded next.
    pub next_dunning_date: Option<i32>,
    /// The last reminder.
    pub notice_id: Option<Uuid>,
    /// Grows with every change.
    pub version: i64,
    /// When it was first reported.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
