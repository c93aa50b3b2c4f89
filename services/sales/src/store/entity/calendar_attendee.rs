//! Who takes part in events.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// Somebody who takes part in one event of one tenant: the organiser, at position 0, or who is
/// invited. It repeats when the event takes place, so that a calendar is read by one index.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_attendee")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// In which.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// By which merges note it.
    #[sea_orm(primary_key, auto_increment = false)]
    pub attendee_id: Uuid,
    /// Their order.
    pub position: i32,
    /// Who, of those who sell.
    pub seller_id: Option<Uuid>,
    /// Who, of the customers.
    pub customer_id: Option<Uuid>,
    /// Who, of everybody else. Without any of the three it is a customer who was erased.
    pub email: Option<String>,
    /// Whether it can take place without.
    pub optional: bool,
    /// `CalendarResponse`.
    pub response: i16,
    /// When that was answered.
    pub respond_time: Option<Timestamp>,
    /// What was answered to single instances, as an encoded `CalendarAttendee` with nothing else.
    pub instance_responses: Option<Vec<u8>>,
    /// Whether it keeps from other things, at least once.
    pub busy: bool,
    /// When the first instance begins.
    pub first_time: Timestamp,
    /// When the last one ends; before anything for an event that was cancelled.
    pub last_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
