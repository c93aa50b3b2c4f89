//! What sellers are to do.

use rapport_platform::identity::TenantId;
use rapport_platform::time::Timestamp;
use sea_orm::entity::prelude::*;

/// One task of one tenant, as it stands now.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "task")]
pub struct Model {
    /// Whose data.
    #[sea_orm(primary_key, auto_increment = false)]
    pub tenant_id: TenantId,
    /// Which it is.
    #[sea_orm(primary_key, auto_increment = false)]
    pub task_id: Uuid,
    /// Who is to do it.
    pub assignee_id: Uuid,
    /// What is to be done.
    pub title: String,
    /// In more words.
    pub description: Option<String>,
    /// The day by whose end it is to be done.
    pub due_date: Option<i32>,
    /// The instant by which it is.
    pub due_time: Option<Timestamp>,
    /// The time on the clocks that is meant by it where they leave that out, as if they were in UTC.
    pub due_meant: Option<Timestamp>,
    /// The instant from which on it is overdue, by either.
    pub over_time: Option<Timestamp>,
    /// In which days end.
    pub time_zone: String,
    /// How it comes again.
    pub recurrence_rule: Option<String>,
    /// `TaskPriority`.
    pub priority: i16,
    /// `TaskState`.
    pub state: i16,
    /// When it is to be thought of.
    pub remind_time: Option<Timestamp>,
    /// As `due_meant`.
    pub remind_meant: Option<Timestamp>,
    /// `remind_time`, until that was done and as long as it is not completed.
    pub next_reminder_time: Option<Timestamp>,
    /// Who made it.
    pub author: String,
    /// Who completed or cancelled it.
    pub closer: Option<String>,
    /// When.
    pub close_time: Option<Timestamp>,
    /// The task that follows it.
    pub next_task_id: Option<Uuid>,
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
