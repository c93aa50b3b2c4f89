//! What connectors tried with deliveries.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One time that a connector had a delivery. The row is there before the connector gets the
/// message, so that a process that dies leaves a trace.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_attempt")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// The delivery.
    #[sea_orm(primary_key, auto_increment = false)]
    pub delivery_id: Uuid,
    /// From 1.
    #[sea_orm(primary_key, auto_increment = false)]
    pub number: i32,
    /// `Connector`.
    pub connector: i16,
    /// When it began.
    pub start_time: Timestamp,
    /// When its end was recorded.
    pub end_time: Option<Timestamp>,
    /// `AttemptResult`; null while it is under way.
    pub result: Option<i16>,
    /// The class of the failure.
    pub failure: Option<String>,
    /// Whether an earlier attempt may have sent the message already.
    pub possible_duplicate: bool,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
