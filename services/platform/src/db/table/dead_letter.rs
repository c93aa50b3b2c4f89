//! Events that a consumer could not handle, kept for a person to look at.

use sea_orm::entity::prelude::*;

use crate::identity::TenantId;
use crate::time::Timestamp;

/// One event that one consumer gave up on.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "dead_letter")]
pub struct Model {
    /// Whose event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Name of the consumer.
    #[sea_orm(primary_key, auto_increment = false)]
    pub consumer: String,
    /// The event.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// Full name of the message in the payload.
    pub kind: String,
    /// The encoded `rapport.event.v1.Event`.
    pub payload: Vec<u8>,
    /// Why, as a reason that programs can read; no data of the event.
    pub error_class: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When it was given up.
    pub create_time: Timestamp,
}

/// None.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
