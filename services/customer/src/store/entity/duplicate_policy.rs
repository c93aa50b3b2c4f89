//! What each tenant does with customers that may be one.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// The policy of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "duplicate_policy")]
pub struct Model {
    /// Whose policy.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Pairs from this score on are kept for review, in ten thousandths.
    pub review_score: i16,
    /// Pairs from this score on are surely one, in ten thousandths.
    pub auto_score: i16,
    /// Whether those are merged without asking.
    pub auto_merge: bool,
    /// Who set it.
    pub actor: String,
    /// Grows with every change.
    pub version: i64,
    /// When it last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
