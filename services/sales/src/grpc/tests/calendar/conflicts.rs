//! What else people have, however much that is.

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use sea_orm::EntityTrait as _;

use super::*;
use crate::resource::CALENDAR_EVENT;
use crate::store::entity::{calendar_attendee, calendar_event};
use crate::store::rows::insert_all;
use crate::testing::{fields, reason};

/// As many events more as one that is there.
async fn many_like(db: &Database, event: &proto::CalendarEvent, count: usize) {
    let [id] = CALENDAR_EVENT.ids(&event.name).unwrap();
    let events = calendar_event::Entity::find().all(db.read()).await.unwrap();
    let row = events.into_iter().find(|it| it.event_id == id).unwrap();
    let guests = calendar_attendee::Entity::find()
        .all(db.read())
        .await
        .unwrap();
    let guest = guests.into_iter().find(|it| it.event_id == id).unwrap();
    let ids: Vec<_> = (0..count).map(|_| new_id()).collect();
    let rows = ids.iter().map(|id| calendar_event::Model {
        event_id: *id,
        ..row.clone()
    });
    let guests = ids.iter().map(|id| calendar_attendee::Model {
        event_id: *id,
        ..guest.clone()
    });
    let (rows, guests) = (&rows.collect::<Vec<_>>(), &guests.collect::<Vec<_>>());
    db.write_txn(|txn| async move {
        insert_all::<calendar_event::Entity>(&txn, rows.clone()).await?;
        insert_all::<calendar_attendee::Entity>(&txn, guests.clone()).await
    })
    .await
    .unwrap();
}

impl Office {
    /// Something of Bob's.
    fn of_bob(&self, start: &str, end: &str) -> proto::CalendarEvent {
        proto::CalendarEvent {
            organizer: self.names[2].clone(),
            slot: slot(start, end),
            ..self.event()
        }
    }

    async fn ask(&self, event: proto::CalendarEvent) -> Result<proto::CalendarEvent, Status> {
        let request = proto::CreateCalendarEventRequest {
            calendar_event: Some(event),
            refuse_conflicts: true,
            ..Default::default()
        };
        inner(self.ann.calendars().create_calendar_event(request).await)
    }
}

on_each_engine! {
    async fn an_hour_is_looked_at_and_not_the_season(db: Database) {
        let office = Office::open(&db).await;
        let other = office.bob.plan(office.of_bob("2026-01-06T08:00:00Z", "2026-01-06T09:00:00Z")).await.unwrap();
        many_like(&db, &other, 2_001).await;
        office.bob.plan(office.of_bob("2026-01-07T08:00:00Z", "2026-01-07T09:00:00Z")).await.unwrap();
        let wanted = proto::CalendarEvent { slot: slot("2026-01-05T08:30:00Z", "2026-01-05T09:30:00Z"), ..office.with_bob() };
        assert!(office.ask(wanted.clone()).await.is_ok());
        let taken = proto::CalendarEvent { slot: slot("2026-01-07T08:30:00Z", "2026-01-07T09:30:00Z"), ..wanted };
        assert_eq!(reason(&office.ask(taken).await.unwrap_err()), "CALENDAR_CONFLICT");
    }

    async fn where_there_is_too_much_to_know_that_is_said(db: Database) {
        let office = Office::open(&db).await;
        // Each Tuesday for ever, so that all of it may be on this Monday too.
        let endless = proto::CalendarEvent {
            recurrence_rule: "FREQ=WEEKLY".to_owned(), ..office.of_bob("2025-12-30T08:00:00Z", "2025-12-30T09:00:00Z")
        };
        let endless = office.bob.plan(endless).await.unwrap();
        many_like(&db, &endless, 2_000).await;
        assert_eq!(fields(&office.ask(office.with_bob()).await.unwrap_err()), ["calendar_event.attendees"]);
        let made = office.ann.plan(office.with_bob()).await.unwrap();
        assert!(made.conflicts.is_empty() && made.conflicts_truncated);
        assert!(!office.ann.plan(proto::CalendarEvent { slot: slot("2026-01-05T10:00:00Z", "2026-01-05T11:00:00Z"), ..office.event() }).await.unwrap().conflicts_truncated);
    }

    async fn a_write_is_judged_by_what_it_moves(db: Database) {
        let office = Office::open(&db).await;
        office.bob.plan(office.of_bob("2026-01-12T08:00:00Z", "2026-01-12T09:00:00Z")).await.unwrap();
        let made = office.ann.plan(proto::CalendarEvent { attendees: office.with_bob().attendees, ..office.weekly() }).await.unwrap();
        assert_eq!(made.conflicts.len(), 1, "next week's, as is known");
        let move_to = |start: &str, end: &str| proto::ChangeCalendarInstanceRequest {
            name: made.name.clone(),
            original_start_time: time("2026-01-19T08:00:00Z"),
            change: Some(proto::CalendarInstanceChange { slot: slot(start, end), ..Default::default() }),
            refuse_conflicts: true,
            ..Default::default()
        };
        let calendars = || office.ann.calendars();
        answer(calendars().change_calendar_instance(move_to("2026-01-19T10:00:00Z", "2026-01-19T11:00:00Z")).await);
        let taken = move_to("2026-01-12T08:30:00Z", "2026-01-12T09:30:00Z");
        assert_eq!(reason(&calendars().change_calendar_instance(taken).await.unwrap_err()), "CALENDAR_CONFLICT");
        let update = |event: proto::CalendarEvent, path: &str| proto::UpdateCalendarEventRequest {
            calendar_event: Some(proto::CalendarEvent { name: made.name.clone(), ..event }),
            update_mask: mask(&[path]),
            refuse_conflicts: true,
            ..Default::default()
        };
        let titled = answer(calendars().update_calendar_event(update(proto::CalendarEvent { title: "Other".to_owned(), ..Default::default() }, "title")).await);
        assert!(titled.conflicts.is_empty());
        // Whoever is invited meanwhile is looked at in full, and everybody when nobody is free any more.
        office.meg.plan(proto::CalendarEvent { organizer: office.names[1].clone(), ..office.of_bob("2026-01-26T08:00:00Z", "2026-01-26T09:00:00Z") }).await.unwrap();
        let guests = made.attendees.iter().cloned().chain([invited(Named::Seller(office.names[1].clone()))]);
        let with_meg = update(proto::CalendarEvent { attendees: guests.collect(), ..Default::default() }, "attendees");
        assert_eq!(metadata_of(&calendars().update_calendar_event(with_meg).await.unwrap_err()), office.names[1]);
        answer(calendars().update_calendar_event(update(proto::CalendarEvent { free: true, ..Default::default() }, "free")).await);
        let busy = calendars().update_calendar_event(update(proto::CalendarEvent::default(), "free")).await;
        assert_eq!(metadata_of(&busy.unwrap_err()), office.names[2]);
    }

    async fn who_answers_learns_what_else_there_is_then(db: Database) {
        let office = Office::open(&db).await;
        let made = office.ann.plan(office.with_bob()).await.unwrap();
        office.bob.plan(office.of_bob("2026-01-05T08:30:00Z", "2026-01-05T09:30:00Z")).await.unwrap();
        let said = office.bob.say(&made.name, &office.names[2], Said::Accepted).await.unwrap();
        assert_eq!((said.conflicts.len(), said.conflicts[0].start_time), (1, time("2026-01-05T08:30:00Z")));
        assert!(office.bob.say(&made.name, &office.names[2], Said::Declined).await.unwrap().conflicts.is_empty());
    }
}

fn metadata_of(status: &Status) -> String {
    crate::testing::metadata(status, "resource")
}
