//! Pairs of customers that may be one.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One pair.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "duplicate_candidate")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub candidate_id: Uuid,
    /// The one with the lower id.
    pub customer_id: Uuid,
    /// The one with the greater id.
    pub other_id: Uuid,
    /// How likely they are one, in ten thousandths.
    pub score: i16,
    /// Numbers of the `MatchReason`s.
    pub reasons: Json,
    /// `CandidateState`.
    pub state: i16,
    /// Who decided.
    pub decider: Option<String>,
    /// When it was found.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
