//! What sellers spent, by line.

use rapport_platform::identity::TenantId;
use sea_orm::entity::prelude::*;

/// One line of one expense report.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "expense_line")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Of which report.
    #[sea_orm(primary_key, auto_increment = false)]
    pub report_id: Uuid,
    /// Its place, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub position: i32,
    /// By which merges note it.
    pub line_id: Uuid,
    /// Who spent.
    pub seller_id: Uuid,
    /// When.
    pub expense_date: i32,
    /// Key of its category.
    pub category: String,
    /// What it was.
    pub description: String,
    /// What was paid, in minor units.
    pub amount: i64,
    /// ISO 4217, of that.
    pub currency: String,
    /// What one unit of that was worth at home.
    pub rate: String,
    /// What it comes to at home, in minor units.
    pub home_amount: i64,
    /// Where the receipt is.
    pub receipt: Option<String>,
    /// Whom it was for; none after an erasure.
    pub customer_id: Option<Uuid>,
    /// The opportunity that it was for.
    pub opportunity_id: Option<Uuid>,
    /// The campaign that it was for.
    pub campaign: Option<String>,
    /// A bit for each `ExpenseWarning`.
    pub warnings: i16,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
