//! Sales that may come about, as they are now.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One opportunity of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "opportunity")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub opportunity_id: Uuid,
    /// What another system calls it; unique.
    pub external_id: Option<String>,
    /// What people call it.
    pub display_name: String,
    /// Who may buy.
    pub customer_id: Option<Uuid>,
    /// Who sells.
    pub owner_id: Uuid,
    /// The way it goes.
    pub pipeline_id: Uuid,
    /// Key of its stage.
    pub stage: String,
    /// `OpportunityState`.
    pub state: i16,
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
    /// What has to happen next.
    pub next_step: Option<String>,
    /// Key of the reason of its end.
    pub close_reason: Option<String>,
    /// What was said about its last change.
    pub note: Option<String>,
    /// When it began.
    pub open_time: Timestamp,
    /// When it entered its stage.
    pub stage_enter_time: Timestamp,
    /// From when on it is stalled.
    pub stall_time: Option<Timestamp>,
    /// When what forecasts depend on last changed.
    pub change_time: Timestamp,
    /// When it ended.
    pub close_time: Option<Timestamp>,
    /// Grows with every change.
    pub version: i64,
    /// When it was recorded.
    pub create_time: Timestamp,
    /// When the record last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
