//! The history of opportunities: what was true of each, from when to when.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// What was true of one opportunity for a while.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stage_change")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Of which opportunity.
    #[sea_orm(primary_key, auto_increment = false)]
    pub opportunity_id: Uuid,
    /// The opportunity's version by this change.
    #[sea_orm(primary_key, auto_increment = false)]
    pub version: i64,
    /// Key of the stage before; null when it began.
    pub from_stage: Option<String>,
    /// `OpportunityState` before; null when it began.
    pub from_state: Option<i16>,
    /// Key of the stage since.
    pub to_stage: String,
    /// When it had entered the stage before; null when it began.
    pub from_enter_time: Option<Timestamp>,
    /// `OpportunityState`.
    pub state: i16,
    /// The way it goes.
    pub pipeline_id: Uuid,
    /// Who sells.
    pub owner_id: Uuid,
    /// What it brings, in minor units.
    pub amount: Option<i64>,
    /// ISO 4217.
    pub currency: Option<String>,
    /// In percent.
    pub probability: i16,
    /// `ForecastCategory`.
    pub category: i16,
    /// As a number, such as 20260131.
    pub close_date: Option<i32>,
    /// Key of the reason of its end.
    pub close_reason: Option<String>,
    /// What was said about it.
    pub note: Option<String>,
    /// Who recorded it.
    pub actor: String,
    /// From when on it was true.
    pub change_time: Timestamp,
    /// Until when it was true; null while it is. The only column that is written later.
    pub end_time: Option<Timestamp>,
    /// When it was recorded.
    pub record_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
