//! Facts about what sellers are to do.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

/// Makes the event of a task that has the version since.
pub(crate) type Tell = fn(proto::Task, i64) -> NewEvent;

macro_rules! facts {
    ($($(#[$meta:meta])* $function:ident => $fact:ident;)+) => {
        $(
            $(#[$meta])*
            pub(crate) fn $function(it: proto::Task, version: i64) -> NewEvent {
                NewEvent::new(it.name.clone(), version, &proto::$fact { task: Some(it) })
            }
        )+
    };
}

facts! {
    /// A task was made.
    created => TaskCreated;
    /// A task changed.
    updated => TaskUpdated;
    /// A task was begun, completed, cancelled or opened again.
    state_changed => TaskStateChanged;
}

/// A task is to be thought of. A reminder has no version of its own: the time is its order.
pub(crate) fn reminder_due(task: proto::Task, due: i64) -> NewEvent {
    let aggregate = format!("{}/reminders", task.name);
    NewEvent::new(aggregate, due, &proto::TaskReminderDue { task: Some(task) })
}
