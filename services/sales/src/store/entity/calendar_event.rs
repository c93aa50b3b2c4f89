//! What takes people's time.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One event of one tenant, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "calendar_event")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: Uuid,
    /// The seller who organises it.
    pub organizer_id: Uuid,
    /// `CalendarEventState`.
    pub state: i16,
    /// What it says, as an encoded `CalendarEvent` with what has no column or table of its own.
    pub document: Vec<u8>,
    /// How often its time changed.
    pub sequence: i32,
    /// Until when all reminders were looked at.
    pub reminded_time: Timestamp,
    /// When the next reminder is due, if there is one.
    pub next_reminder_time: Option<Timestamp>,
    /// Grows with every change.
    pub version: i64,
    /// When it was made.
    pub create_time: Timestamp,
    /// When it last changed.
    pub update_time: Timestamp,
}

#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}
