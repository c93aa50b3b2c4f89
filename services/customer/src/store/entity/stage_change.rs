//! The stages that customers went through.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One step. Triggers refuse every update of a row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "stage_change")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Who moved.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// UUIDv7: the history is listed by it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub stage_change_id: Uuid,
    /// `LifecycleStage` before; 0 for none.
    pub from_stage: i16,
    /// `LifecycleStage` after.
    pub to_stage: i16,
    /// Why, in words.
    pub reason: String,
    /// The behaviour that caused it.
    pub behaviour_event_id: Option<Uuid>,
    /// Who caused it.
    pub actor: String,
    /// When the customer entered the stage.
    pub change_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
