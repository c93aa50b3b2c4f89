//! Versions of how customers are divided among territories.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One model of one tenant.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "territory_model")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub model_id: Uuid,
    /// What people call it.
    pub display_name: String,
    /// What it is for.
    pub description: Option<String>,
    /// `ModelState`.
    pub state: i16,
    /// `Preparation`; 0: none.
    pub preparation: i16,
    /// The last customer for whom it is worked out whose he would be.
    pub place: Option<Uuid>,
    /// For how many it is.
    pub processed: i64,
    /// Whether it becomes active when it is ready.
    pub activating: bool,
    /// Who asked for that.
    pub activator: Option<String>,
    /// Whether those that its activation moved are still being told of.
    pub announcing: bool,
    /// The last of them that was told of.
    pub announce_place: Option<Uuid>,
    /// How many events told of moves under it.
    pub announced: i64,
    /// Whether what was prepared of it is still being removed, because it was given up.
    pub clearing: bool,
    /// Since when it holds.
    pub activate_time: Option<Timestamp>,
    /// Since when it no longer does.
    pub archive_time: Option<Timestamp>,
    /// How many customers its activation moved.
    pub moved: i64,
    /// How many pins led nowhere then.
    pub lost_pins: i64,
    /// Grows with every step of the work in the background.
    pub progress: i64,
    /// Grows with every change that somebody asks for.
    pub version: i64,
    /// When it was recorded.
    pub create_time: Timestamp,
    /// When somebody last changed it.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
