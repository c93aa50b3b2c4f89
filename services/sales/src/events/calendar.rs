//! Facts about what takes people's time.

use rapport_platform::outbox::NewEvent;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;

/// Makes the event of something that has the version since.
pub(crate) type Tell = fn(proto::CalendarEvent, i64) -> NewEvent;

facts! {
    /// An event was made.
    created => CalendarEventCreated { calendar_event: CalendarEvent };
    /// An event changed.
    updated => CalendarEventUpdated { calendar_event: CalendarEvent };
    /// An event was cancelled.
    cancelled => CalendarEventCancelled { calendar_event: CalendarEvent };
}

/// Somebody answered an invitation, to one instance or to all.
pub(crate) fn answered(
    event: proto::CalendarEvent,
    attendee: Option<proto::CalendarAttendee>,
    original: Option<Timestamp>,
    version: i64,
) -> NewEvent {
    let name = event.name.clone();
    let fact = proto::CalendarEventAnswered {
        calendar_event: Some(event),
        attendee,
        original_start_time: original.map(Into::into),
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
