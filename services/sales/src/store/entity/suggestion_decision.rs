//! What customers are to be offered.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// The latest decision for one customer and situation.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "suggestion_decision")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub decision_id: Uuid,
    /// To whom; with the situation, unique.
    pub customer_id: Uuid,
    /// In which situation.
    pub situation: String,
    /// The suggestions, as an encoded `SuggestionDecision` without anything else.
    pub content: Vec<u8>,
    /// By which policy.
    pub policy_version: i64,
    /// When.
    pub decide_time: Timestamp,
    /// Until when it holds.
    pub expire_time: Timestamp,
    /// On which channel it was last presented.
    pub present_channel: Option<i16>,
    /// When that was.
    pub present_time: Option<Timestamp>,
    /// Grows with every change.
    pub version: i64,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
