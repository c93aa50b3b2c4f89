//! Events are made, changed and cancelled.

use futures::future::join_all;
use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use tonic::Code;

use super::*;
use crate::testing::{fields, metadata, reason};

on_each_engine! {
    async fn an_event_is_read_as_it_was_written_and_changed_by_its_owner(db: Database) {
        let office = Office::open(&db).await;
        let made = office.ann.plan(proto::CalendarEvent {
            description: "About\nprices".to_owned(),
            location: "Room 1".to_owned(),
            links: vec!["opportunities/1".to_owned(), "leads/7".to_owned()],
            reminder_minutes: vec![60, 15],
            attendees: vec![
                invited(Named::Seller(office.names[2].clone())),
                proto::CalendarAttendee { optional: true, ..invited(Named::Email("Ana@Example.com".to_owned())) },
            ],
            ..office.weekly()
        }).await.unwrap();
        assert_eq!((made.state(), made.visibility()), (proto::CalendarEventState::Confirmed, proto::CalendarVisibility::Team));
        assert_eq!(made.reminder_minutes, [15, 60]);
        assert_eq!(made.attendees[1].attendee, Some(Named::Email("ana@example.com".to_owned())));
        assert_eq!(made.attendees[0].response(), Said::NeedsAction);
        let read = office.ann.look_at(&made.name).await.unwrap();
        assert_eq!(read, made);

        let later = proto::CalendarEvent { name: made.name.clone(), title: "Prices".to_owned(), etag: made.etag.clone(), ..Default::default() };
        let changed = office.ann.replan(later.clone(), &["title"]).await.unwrap();
        assert_eq!((changed.title.as_str(), changed.location.as_str(), changed.sequence), ("Prices", "Room 1", 0));
        assert_eq!(reason(&office.ann.replan(later, &["title"]).await.unwrap_err()), "ETAG_MISMATCH");
        for other in [&office.bob, &office.meg] {
            let stolen = proto::CalendarEvent { name: made.name.clone(), title: "Mine".to_owned(), ..Default::default() };
            assert_eq!(reason(&other.replan(stolen, &["title"]).await.unwrap_err()), "NOT_SUBORDINATE");
            assert_eq!(reason(&other.drop_event(&made, None, false).await.unwrap_err()), "NOT_SUBORDINATE");
        }
        let gone = office.back.drop_event(&made, None, false).await.unwrap();
        assert_eq!(gone.state(), proto::CalendarEventState::Cancelled);
        assert!(office.ann.agenda(&office.names[0], JANUARY).await.unwrap().is_empty());
        assert_eq!(metadata(&office.ann.drop_event(&made, None, false).await.unwrap_err(), "state"), "CANCELLED");
        let told = office.ann.announced().await;
        assert_eq!(told[3..], ["CalendarEventCreated", "CalendarEventUpdated", "CalendarEventCancelled"]);
    }

    async fn what_is_no_event_is_refused_at_its_field(db: Database) {
        let office = Office::open(&db).await;
        let stranger = format!("sellers/{}", new_id());
        let event = || office.event();
        for (event, field) in [
            (proto::CalendarEvent { title: " ".to_owned(), ..event() }, "title"),
            (proto::CalendarEvent { slot: None, ..event() }, "slot"),
            (proto::CalendarEvent { slot: slot("2026-01-05T08:00:00Z", "2026-01-05T07:00:00Z"), ..event() }, "slot.end_time"),
            (proto::CalendarEvent { time_zone: "Europe/Atlantis".to_owned(), ..event() }, "time_zone"),
            (proto::CalendarEvent { recurrence_rule: "FREQ=SECONDLY".to_owned(), ..event() }, "recurrence_rule"),
            (proto::CalendarEvent { recurrence_rule: "FREQ=DAILY;COUNT=1000000000".to_owned(), ..event() }, "recurrence_rule"),
            (proto::CalendarEvent { recurrence_rule: "FREQ=WEEKLY;BYDAY=TU".to_owned(), ..event() }, "recurrence_rule"),
            (proto::CalendarEvent { reminder_minutes: vec![-1], ..event() }, "reminder_minutes"),
            (proto::CalendarEvent { links: vec!["nothing".to_owned()], ..event() }, "links[0]"),
            (proto::CalendarEvent { attendees: vec![invited(Named::Seller(stranger))], ..event() }, "attendees[0].seller"),
            (proto::CalendarEvent { attendees: vec![invited(Named::Seller(office.names[0].clone()))], ..event() }, "attendees[0]"),
            (proto::CalendarEvent { attendees: vec![invited(Named::Email("a@b\r\nX:1".to_owned()))], ..event() }, "attendees[0]"),
            (proto::CalendarEvent { attendees: vec![proto::CalendarAttendee::default()], ..event() }, "attendees[0]"),
        ] {
            let refused = office.ann.plan(event).await.unwrap_err();
            assert_eq!(fields(&refused), [format!("calendar_event.{field}")]);
        }
        let nobody = proto::CalendarEvent { organizer: format!("sellers/{}", new_id()), ..event() };
        assert_eq!(reason(&office.back.plan(nobody).await.unwrap_err()), "RESOURCE_NOT_FOUND");
        let of_ann = office.bob.plan(event()).await.unwrap_err();
        assert_eq!(reason(&of_ann), "NOT_SUBORDINATE");
    }

    async fn a_repeated_request_makes_one_event(db: Database) {
        let office = Office::open(&db).await;
        let request = proto::CreateCalendarEventRequest {
            calendar_event: Some(office.event()),
            request_id: new_id().to_string(),
            ..Default::default()
        };
        let first = answer(office.ann.calendars().create_calendar_event(request.clone()).await);
        let again = answer(office.ann.calendars().create_calendar_event(request.clone()).await);
        assert_eq!(first, again);
        assert_eq!(office.ann.agenda(&office.names[0], JANUARY).await.unwrap().len(), 1);
        let other = proto::CreateCalendarEventRequest { calendar_event: Some(office.weekly()), ..request };
        assert_eq!(reason(&office.ann.calendars().create_calendar_event(other).await.unwrap_err()), "REQUEST_ID_REUSED");
    }

    async fn a_repeated_change_gets_its_answer_whatever_became_of_the_event(db: Database) {
        let office = Office::open(&db).await;
        let made = office.ann.plan(office.weekly()).await.unwrap();
        let event = |rule: &str| proto::CalendarEvent { name: made.name.clone(), recurrence_rule: rule.to_owned(), ..Default::default() };
        let request = proto::UpdateCalendarEventRequest {
            calendar_event: Some(event("FREQ=WEEKLY;BYDAY=MO")), update_mask: mask(&["recurrence_rule"]), request_id: new_id().to_string(), ..Default::default()
        };
        let first = answer(office.ann.calendars().update_calendar_event(request.clone()).await);
        // On Tuesdays, which the rule of the first request does not fit.
        let tuesday = proto::CalendarEvent { slot: slot("2026-01-06T08:00:00Z", "2026-01-06T09:00:00Z"), ..event("FREQ=WEEKLY;BYDAY=TU") };
        office.back.replan(tuesday, &["slot", "recurrence_rule"]).await.unwrap();
        assert_eq!(answer(office.ann.calendars().update_calendar_event(request).await), first);
    }

    async fn of_many_who_change_and_answer_at_once_all_do(db: Database) {
        let office = Office::open(&db).await;
        let made = office.ann.plan(office.with_bob()).await.unwrap();
        let changes = (0..6).map(|number| {
            let event = proto::CalendarEvent { name: made.name.clone(), title: number.to_string(), ..Default::default() };
            office.ann.replan(event, &["title"])
        });
        let answers = (0..6).map(|_| office.bob.say(&made.name, &office.names[2], Said::Accepted));
        let (changed, answered) = futures::future::join(join_all(changes), join_all(answers)).await;
        for done in changed.into_iter().chain(answered) {
            done.unwrap();
        }
        assert_eq!(office.ann.look_at(&made.name).await.unwrap().attendees[0].response(), Said::Accepted);
    }

    async fn nobody_fills_the_calendar_of_another_up(db: Database) {
        let office = Office::open(&db).await;
        let daily = || proto::CalendarEvent { recurrence_rule: "FREQ=DAILY".to_owned(), free: true, ..office.with_bob() };
        for _ in 0..200 {
            office.ann.plan(daily()).await.unwrap();
        }
        assert_eq!(fields(&office.ann.plan(daily()).await.unwrap_err()), ["calendar_event.attendees"]);
        let mine = |name: &str| proto::CalendarEvent { name: name.to_owned(), ..Default::default() };
        let day = proto::ListCalendarInstancesRequest {
            seller: office.names[2].clone(), start_time: time("2026-01-05T00:00:00Z"), end_time: time("2026-01-06T00:00:00Z"), page_size: 200, ..Default::default()
        };
        let listed = answer(office.bob.calendars().list_calendar_instances(day).await).calendar_instances;
        assert_eq!(listed.len(), 200);
        // He answers one, and there is room for one.
        office.bob.say(&listed[0].calendar_event, &office.names[2], Said::Declined).await.unwrap();
        let made = office.ann.plan(daily()).await.unwrap();
        office.ann.replan(proto::CalendarEvent { title: "Other".to_owned(), ..mine(&made.name) }, &["title"]).await.unwrap();
    }

    async fn of_two_who_change_one_series_one_does(db: Database) {
        let office = Office::open(&db).await;
        let made = office.ann.plan(office.weekly()).await.unwrap();
        let changes = (0..6).map(|number| {
            let event = proto::CalendarEvent { name: made.name.clone(), title: number.to_string(), etag: made.etag.clone(), ..Default::default() };
            office.ann.replan(event, &["title"])
        });
        let (done, refused): (Vec<_>, Vec<_>) = join_all(changes).await.into_iter().partition(Result::is_ok);
        assert_eq!((done.len(), refused.len()), (1, 5));
        assert!(refused.iter().all(|it| it.as_ref().unwrap_err().code() == Code::Aborted));
    }

    async fn conflicts_are_told_or_refused(db: Database) {
        let office = Office::open(&db).await;
        assert!(office.ann.plan(office.weekly()).await.unwrap().conflicts.is_empty());
        let bobs = proto::CalendarEvent {
            organizer: office.names[2].clone(),
            attendees: vec![invited(Named::Seller(office.names[0].clone()))],
            // Monday in three weeks: an instance of what Ann has.
            slot: slot("2026-01-26T08:30:00Z", "2026-01-26T09:30:00Z"),
            ..office.event()
        };
        let asked = proto::CreateCalendarEventRequest { calendar_event: Some(bobs.clone()), refuse_conflicts: true, ..Default::default() };
        let refused = office.bob.calendars().create_calendar_event(asked).await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), metadata(&refused, "resource")), ("CALENDAR_CONFLICT", office.names[0].clone()));
        assert_eq!(metadata(&refused, "start_time"), "2026-01-26T08:00:00Z");
        let made = office.bob.plan(bobs.clone()).await.unwrap();
        let [conflict] = made.conflicts.as_slice() else { panic!("{:?}", made.conflicts) };
        assert_eq!((conflict.seller.as_str(), conflict.start_time), (office.names[0].as_str(), time("2026-01-26T08:00:00Z")));
        assert_eq!(conflict.instance_start_time, time("2026-01-26T08:30:00Z"));
        // Neither what people are free for nor what they declined keeps from anything.
        let free = proto::CalendarEvent { free: true, ..bobs.clone() };
        assert!(office.bob.plan(free).await.unwrap().conflicts.is_empty());
        office.ann.say(&made.name, &office.names[0], Said::Declined).await.unwrap();
        let anns = proto::CalendarEvent { slot: slot("2026-01-26T09:00:00Z", "2026-01-26T10:00:00Z"), ..office.event() };
        assert!(office.ann.plan(anns).await.unwrap().conflicts.is_empty());
    }

    async fn of_many_who_want_one_hour_one_gets_it(db: Database) {
        let office = Office::open(&db).await;
        let wants = (0..6).map(|_| {
            let request = proto::CreateCalendarEventRequest { calendar_event: Some(office.with_bob()), refuse_conflicts: true, ..Default::default() };
            let mut calendars = office.back.calendars();
            async move { calendars.create_calendar_event(request).await }
        });
        let (done, refused): (Vec<_>, Vec<_>) = join_all(wants).await.into_iter().partition(Result::is_ok);
        assert_eq!((done.len(), refused.len()), (1, 5));
        assert!(refused.iter().all(|it| reason(it.as_ref().unwrap_err()) == "CALENDAR_CONFLICT"));
    }
}
