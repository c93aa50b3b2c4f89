//! What was found when plans were looked at.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One review of one plan; never rewritten.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_plan_review")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub review_id: Uuid,
    /// Of which plan.
    pub plan_id: Uuid,
    /// What was said.
    pub note: String,
    /// What was won by then, in minor units.
    pub won: i64,
    /// What was open.
    pub open: i64,
    /// The same, by probability.
    pub weighted: i64,
    /// What the target was.
    pub target: i64,
    /// ISO 4217, of all amounts.
    pub currency: String,
    /// Who.
    pub author: String,
    /// When.
    pub review_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
