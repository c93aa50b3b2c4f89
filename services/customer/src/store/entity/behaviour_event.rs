//! What customers did, observed without asking them.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One observation. Triggers refuse every update of a row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "behaviour_event")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Who was observed.
    #[sea_orm(primary_key, auto_increment = false)]
    pub customer_id: Uuid,
    /// UUIDv7.
    #[sea_orm(primary_key, auto_increment = false)]
    pub behaviour_event_id: Uuid,
    /// Place among the customer's events in the order in which they were recorded, from 1.
    pub sequence: i64,
    /// `BehaviourKind`.
    pub kind: i16,
    /// What it was about.
    pub subject: Option<String>,
    /// When it happened; with the id, the order of the list.
    pub occur_time: Timestamp,
    /// Who recorded it.
    pub recorder: String,
    /// When it was recorded.
    pub record_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
