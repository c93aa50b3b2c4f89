//! How suggestions are decided.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One version of the policy; never rewritten.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "suggestion_policy")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is, from 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    /// Most products of a decision.
    pub max_suggestions: i32,
    /// How long a decision holds.
    pub valid_days: i32,
    /// For how many customers the share of all counts.
    pub prior_weight: i32,
    /// Fewest who own both.
    pub min_common_customers: i32,
    /// Least lift.
    pub min_lift_ppm: i32,
    /// How long what was declined is not suggested.
    pub declined_days: i32,
    /// How long what was accepted is not.
    pub accepted_days: i32,
    /// Who set it.
    pub author: String,
    /// When.
    pub create_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
