//! Facts about what takes people's time.

use rapport_platform::outbox::NewEvent;
use rapport_proto::rapport::sales::v1 as proto;

/// Makes the event of something that has the version since.
pub(crate) type Tell = fn(proto::CalendarEvent, i64) -> NewEvent;

macro_rules! facts {
    ($($(#[$meta:meta])* $function:ident => $fact:ident;)+) => {
        $(
            $(#[$meta])*
            pub(crate) fn $function(it: proto::CalendarEvent, version: i64) -> NewEvent {
                NewEvent::new(it.name.clone(), version, &proto::$fact { calendar_event: Some(it) })
            }
        )+
    };
}

facts! {
    /// An event was made.
    created => CalendarEventCreated;
    /// An event changed.
    updated => CalendarEventUpdated;
    /// An event was cancelled.
    cancelled => CalendarEventCancelled;
}

/// Somebody answered an invitation.
pub(crate) fn answered(
    event: proto::CalendarEvent,
    attendee: proto::CalendarAttendee,
    version: i64,
) -> NewEvent {
    let name = event.name.clone();
    let fact = proto::CalendarEventAnswered {
        calendar_event: Some(event),
        attendee: Some(attendee),
    };
    NewEvent::new(name, version, &fact)
}

/// An instance begins soon. A reminder has no version of its own: the time is its order.
pub(crate) fn reminder_due(fact: &proto::CalendarReminderDue, due: i64) -> NewEvent {
    NewEvent::new(format!("{}/reminders", fact.calendar_event), due, fact)
}

/// A feed was made anew, or revoked.
pub(crate) fn feed_changed(
    feed: &str,
    fact: &proto::CalendarFeedChanged,
    version: i64,
) -> NewEvent {
    NewEvent::new(feed, version, fact)
}
