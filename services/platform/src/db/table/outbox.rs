//! Events written with the change that they tell of, to be published after it committed.

use sea_orm::entity::prelude::*;

use crate::identity::TenantId;
use crate::time::Timestamp;

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "outbox")]
pub struct Model {
    /// Whose fact.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// UUIDv7; unpublished events are looked at in its order.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// Full name of the message in the payload.
    pub kind: String,
    /// The resource that the fact is about.
    pub aggregate: String,
    /// The order of the aggregate's events.
    pub version: i64,
    /// The encoded `rapport.event.v1.Event`.
    pub payload: Vec<u8>,
    /// W3C trace context of the call that caused it.
    pub trace_parent: Option<String>,
    /// When the fact became true.
    pub create_time: Timestamp,
    /// When the bus took it.
    pub publish_time: Option<Timestamp>,
    /// How often the bus refused it.
    pub attempts: i32,
}

/// None.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
