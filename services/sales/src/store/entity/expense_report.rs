//! What sellers spent for the company.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One expense report of one tenant, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "expense_report")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: Uuid,
    /// Who spent.
    pub seller_id: Uuid,
    /// What people call it.
    pub title: String,
    /// ISO 4217, of the total and of what its lines come to at home.
    pub currency: String,
    /// The sum of its lines, in minor units.
    pub total: i64,
    /// How many of them have warnings.
    pub warned_lines: i32,
    /// The policy by which they were judged.
    pub policy_version: i64,
    /// `ExpenseState`.
    pub state: i16,
    /// Who wrote it last.
    pub author: String,
    /// Who submitted it last.
    pub submitter: Option<String>,
    /// When.
    pub submit_time: Option<Timestamp>,
    /// Who decided about it last.
    pub approver: Option<String>,
    /// The grant by which he might.
    pub grant_id: Option<Uuid>,
    /// What he wrote with it.
    pub decision_comment: Option<String>,
    /// When.
    pub decide_time: Option<Timestamp>,
    /// The number of the payment.
    pub payment_document: Option<String>,
    /// When it was paid.
    pub payment_date: Option<i32>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
