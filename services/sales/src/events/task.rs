//! Facts about what sellers are to do.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

/// Makes the event of a task that has the version since.
pub(crate) type Tell = fn(proto::Task, i64) -> NewEvent;

facts! {
    /// A task was made.
    created => TaskCreated { task: Task };
    /// A task changed.
    updated => TaskUpdated { task: Task };
    /// A task was begun, completed, cancelled or opened again.
    state_changed => TaskStateChanged { task: Task };
}

/// A task is to be thought of. A reminder has no version of its own: the time is its order.
pub(crate) fn reminder_due(task: proto::Task, due: i64) -> NewEvent {
    let aggregate = format!("{}/reminders", task.name);
    NewEvent::new(aggregate, due, &proto::TaskReminderDue { task: Some(task) })
}
