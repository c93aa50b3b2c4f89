//! What is to be achieved with customers.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One plan of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "account_plan")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub plan_id: Uuid,
    /// With whom; none after an erasure.
    pub customer_id: Option<Uuid>,
    /// Who answers for it.
    pub owner_id: Uuid,
    /// What people call it; empty after an erasure.
    pub title: String,
    /// `AccountPlanState`.
    pub state: i16,
    /// First day, such as 20260101.
    pub start_date: i32,
    /// The day after the last.
    pub end_date: i32,
    /// What is to be won, in minor units.
    pub target: i64,
    /// ISO 4217, of the target.
    pub currency: String,
    /// When it is to be looked at.
    pub next_review_date: Option<i32>,
    /// Objective, product goals, actions and close summary, as an encoded `AccountPlan` without anything else.
    pub content: Vec<u8>,
    /// Grows with every change.
    pub version: i64,
    /// When it was recorded.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
