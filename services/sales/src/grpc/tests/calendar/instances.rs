//! Instances of what repeats: listed, changed, cancelled, and the series in two parts.

use rapport_platform::on_each_engine;

use super::*;
use crate::testing::{fields, reason};

fn change(
    event: &proto::CalendarEvent,
    original: &str,
    change: proto::CalendarInstanceChange,
) -> proto::ChangeCalendarInstanceRequest {
    proto::ChangeCalendarInstanceRequest {
        name: event.name.clone(),
        original_start_time: time(original),
        change: Some(change),
        ..Default::default()
    }
}

fn moved(start: &str, end: &str) -> proto::CalendarInstanceChange {
    proto::CalendarInstanceChange {
        slot: slot(start, end),
        ..Default::default()
    }
}

const SPRING: (&str, &str) = ("2026-03-20T00:00:00Z", "2026-04-15T00:00:00Z");

on_each_engine! {
    async fn nine_o_clock_stays_nine_o_clock_through_both_changes(db: Database) {
        let office = Office::open(&db).await;
        office.ann.plan(office.weekly()).await.unwrap();
        let spring = office.ann.agenda(&office.names[0], SPRING).await.unwrap();
        assert_eq!(begins(&spring), [
            "2026-03-23T08:00:00Z", "2026-03-30T07:00:00Z", "2026-04-06T07:00:00Z", "2026-04-13T07:00:00Z",
        ]);
        let autumn = office.ann.agenda(&office.names[0], ("2026-10-18T00:00:00Z", "2026-10-30T00:00:00Z")).await.unwrap();
        assert_eq!(begins(&autumn), ["2026-10-19T07:00:00Z", "2026-10-26T08:00:00Z"]);
        assert!(autumn.iter().all(|it| it.recurring && !it.changed && it.title == "Talk"));
    }

    async fn one_instance_differs_or_is_not_there(db: Database) {
        let office = Office::open(&db).await;
        let made = office.ann.plan(office.weekly()).await.unwrap();
        let calendars = || office.ann.calendars();
        let elsewhere = proto::CalendarInstanceChange { title: "Long talk".to_owned(), ..moved("2026-01-13T10:00:00Z", "2026-01-13T12:00:00Z") };
        let changed = answer(calendars().change_calendar_instance(change(&made, "2026-01-12T08:00:00Z", elsewhere)).await);
        assert_eq!((changed.changes.len(), changed.sequence), (1, 1));
        let cut = office.ann.drop_event(&made, Some("2026-01-19T08:00:00Z"), false).await.unwrap();
        assert_eq!(cut.excluded_times, [time("2026-01-19T08:00:00Z").unwrap()]);
        let listed = office.ann.agenda(&office.names[0], JANUARY).await.unwrap();
        assert_eq!(begins(&listed), ["2026-01-05T08:00:00Z", "2026-01-13T10:00:00Z", "2026-01-26T08:00:00Z"]);
        assert_eq!((listed[1].title.as_str(), listed[1].changed), ("Long talk", true));
        assert_eq!(listed[1].original_start_time, time("2026-01-12T08:00:00Z"));
        assert_eq!(listed[1].end_time, time("2026-01-13T12:00:00Z"));

        let titled = proto::CalendarInstanceChange { title: "Later talk".to_owned(), ..moved("2026-01-13T10:00:00Z", "2026-01-13T12:00:00Z") };
        let titled = answer(calendars().change_calendar_instance(change(&made, "2026-01-12T08:00:00Z", titled)).await);
        assert_eq!((titled.changes[0].title.as_str(), titled.sequence), ("Later talk", 2), "programs know its times already");

        // As the others again, both.
        for original in ["2026-01-12T08:00:00Z", "2026-01-19T08:00:00Z"] {
            let same = change(&made, original, proto::CalendarInstanceChange::default());
            answer(calendars().change_calendar_instance(same).await);
        }
        assert_eq!(office.ann.agenda(&office.names[0], JANUARY).await.unwrap().len(), 4);

        let none = change(&made, "2026-01-12T08:00:01Z", moved("2026-01-13T10:00:00Z", "2026-01-13T12:00:00Z"));
        assert_eq!(fields(&calendars().change_calendar_instance(none).await.unwrap_err()), ["original_start_time"]);
        let day = proto::CalendarSlot { start_date: Some(super::super::day(2026, 1, 12)), end_date: Some(super::super::day(2026, 1, 13)), ..Default::default() };
        let days = proto::CalendarInstanceChange { slot: Some(day), ..Default::default() };
        let refused = calendars().change_calendar_instance(change(&made, "2026-01-12T08:00:00Z", days)).await.unwrap_err();
        assert_eq!(fields(&refused), ["change.slot"]);
    }

    async fn exceptions_stay_as_long_as_their_instances_do(db: Database) {
        let office = Office::open(&db).await;
        let made = office.ann.plan(office.weekly()).await.unwrap();
        office.ann.drop_event(&made, Some("2026-01-12T08:00:00Z"), false).await.unwrap();
        let longer = proto::CalendarEvent { name: made.name.clone(), slot: slot("2026-01-05T08:00:00Z", "2026-01-05T10:00:00Z"), ..Default::default() };
        let longer = office.ann.replan(longer, &["slot"]).await.unwrap();
        assert_eq!((longer.excluded_times.len(), longer.sequence), (1, 2));
        let later = proto::CalendarEvent { slot: slot("2026-01-05T11:00:00Z", "2026-01-05T12:00:00Z"), ..longer };
        let later = office.ann.replan(proto::CalendarEvent { etag: String::new(), ..later }, &["slot"]).await.unwrap();
        assert!(later.excluded_times.is_empty());
    }

    async fn a_series_is_split_and_each_part_keeps_its_exceptions(db: Database) {
        let office = Office::open(&db).await;
        let made = office.ann.plan(proto::CalendarEvent { recurrence_rule: "FREQ=WEEKLY;COUNT=4".to_owned(), ..office.weekly() }).await.unwrap();
        for cancelled in ["2026-01-05T08:00:00Z", "2026-01-26T08:00:00Z"] {
            office.ann.drop_event(&made, Some(cancelled), false).await.unwrap();
        }
        let split = |original: &str| proto::SplitCalendarEventRequest {
            name: made.name.clone(),
            original_start_time: time(original),
            calendar_event: Some(proto::CalendarEvent { title: "Short talk".to_owned(), ..Default::default() }),
            update_mask: mask(&["title"]),
            ..Default::default()
        };
        let first = office.ann.calendars().split_calendar_event(split("2026-01-05T08:00:00Z")).await.unwrap_err();
        assert_eq!(fields(&first), ["original_start_time"]);
        let goes_on = answer(office.ann.calendars().split_calendar_event(split("2026-01-19T08:00:00Z")).await);
        assert_eq!((goes_on.recurrence_rule.as_str(), goes_on.title.as_str()), ("FREQ=WEEKLY;COUNT=2", "Short talk"));
        assert_eq!(goes_on.excluded_times, [time("2026-01-26T08:00:00Z").unwrap()]);
        assert_ne!(goes_on.name, made.name);
        let ends = office.ann.look_at(&made.name).await.unwrap();
        assert_eq!(ends.recurrence_rule, "FREQ=WEEKLY;UNTIL=20260119T075959Z");
        assert_eq!(ends.excluded_times, [time("2026-01-05T08:00:00Z").unwrap()]);
        let listed = office.ann.agenda(&office.names[0], JANUARY).await.unwrap();
        let told: Vec<_> = listed.iter().map(|it| it.title.as_str()).collect();
        assert_eq!((begins(&listed).as_slice(), told.as_slice()), (
            ["2026-01-12T08:00:00Z", "2026-01-19T08:00:00Z"].map(str::to_owned).as_slice(), ["Talk", "Short talk"].as_slice(),
        ));
    }

    async fn a_series_is_split_once_however_often_it_is_asked_for(db: Database) {
        let office = Office::open(&db).await;
        let made = office.ann.plan(office.weekly()).await.unwrap();
        let request = proto::SplitCalendarEventRequest {
            name: made.name.clone(),
            original_start_time: time("2026-01-19T08:00:00Z"),
            calendar_event: Some(proto::CalendarEvent { title: "Short talk".to_owned(), ..Default::default() }),
            update_mask: mask(&["title"]),
            request_id: rapport_platform::id::new_id().to_string(),
            ..Default::default()
        };
        let first = answer(office.ann.calendars().split_calendar_event(request.clone()).await);
        assert_eq!(answer(office.ann.calendars().split_calendar_event(request).await), first);
        assert_eq!(office.ann.agenda(&office.names[0], JANUARY).await.unwrap().len(), 4);
    }

    async fn a_split_keeps_what_was_answered_unless_the_times_are_others(db: Database) {
        let office = Office::open(&db).await;
        let made = office.ann.plan(proto::CalendarEvent { attendees: office.with_bob().attendees, ..office.weekly() }).await.unwrap();
        office.bob.say(&made.name, &office.names[2], Said::Accepted).await.unwrap();
        let split = |of: &str, original: &str, event: proto::CalendarEvent, path: &str| proto::SplitCalendarEventRequest {
            name: of.to_owned(), original_start_time: time(original), calendar_event: Some(event), update_mask: mask(&[path]), ..Default::default()
        };
        let titled = proto::CalendarEvent { title: "Short talk".to_owned(), ..Default::default() };
        let goes_on = split(&made.name, "2026-01-19T08:00:00Z", titled, "title");
        let goes_on = answer(office.ann.calendars().split_calendar_event(goes_on).await);
        assert_eq!((goes_on.attendees[0].response(), goes_on.attendees[0].respond_time), (Said::Accepted, time(NOW)));
        assert_eq!(office.bob.say(&goes_on.name, &office.names[2], Said::Tentative).await.unwrap().attendees[0].response(), Said::Tentative);
        assert_eq!(office.ann.look_at(&made.name).await.unwrap().attendees[0].response(), Said::Accepted);
        let later = proto::CalendarEvent { slot: slot("2026-01-26T10:00:00Z", "2026-01-26T11:00:00Z"), ..Default::default() };
        let later = split(&goes_on.name, "2026-01-26T08:00:00Z", later, "slot");
        let later = answer(office.ann.calendars().split_calendar_event(later).await);
        assert_eq!((later.attendees[0].response(), later.sequence), (Said::NeedsAction, 0));
    }

    async fn a_series_ends_but_is_not_split_at_a_time_that_the_clocks_leave_out(db: Database) {
        let office = Office::open(&db).await;
        // 02:30 in Berlin, which there is not on 29 March.
        let made = office.ann.plan(proto::CalendarEvent {
            slot: slot("2026-03-27T01:30:00Z", "2026-03-27T02:30:00Z"), recurrence_rule: "FREQ=DAILY".to_owned(), ..office.event()
        }).await.unwrap();
        let split = |original: &str| proto::SplitCalendarEventRequest {
            name: made.name.clone(),
            original_start_time: time(original),
            calendar_event: Some(proto::CalendarEvent { title: "Night".to_owned(), ..Default::default() }),
            update_mask: mask(&["title"]),
            ..Default::default()
        };
        let refused = office.ann.calendars().split_calendar_event(split("2026-03-29T01:30:00Z")).await.unwrap_err();
        assert_eq!(fields(&refused), ["original_start_time"]);
        office.ann.drop_event(&made, Some("2026-03-31T00:30:00Z"), false).await.unwrap();
        let goes_on = answer(office.ann.calendars().split_calendar_event(split("2026-03-30T00:30:00Z")).await);
        assert_eq!(goes_on.excluded_times, [time("2026-03-31T00:30:00Z").unwrap()]);
        office.ann.drop_event(&made, Some("2026-03-29T01:30:00Z"), true).await.unwrap();
        let listed = office.ann.agenda(&office.names[0], ("2026-03-20T00:00:00Z", "2026-04-02T00:00:00Z")).await.unwrap();
        assert_eq!(begins(&listed), [
            "2026-03-27T01:30:00Z", "2026-03-28T01:30:00Z", "2026-03-30T00:30:00Z", "2026-04-01T00:30:00Z",
        ]);
    }

    async fn this_and_what_follows_is_cancelled(db: Database) {
        let office = Office::open(&db).await;
        let made = office.ann.plan(office.weekly()).await.unwrap();
        let cut = office.ann.drop_event(&made, Some("2026-01-19T08:00:00Z"), true).await.unwrap();
        assert_eq!(cut.state(), proto::CalendarEventState::Confirmed);
        let listed = office.ann.agenda(&office.names[0], JANUARY).await.unwrap();
        assert_eq!(begins(&listed), ["2026-01-05T08:00:00Z", "2026-01-12T08:00:00Z"]);
        let gone = office.ann.drop_event(&made, Some("2026-01-05T08:00:00Z"), true).await.unwrap();
        assert_eq!(gone.state(), proto::CalendarEventState::Cancelled);
        assert_eq!(office.ann.announced().await.last().unwrap(), "CalendarEventCancelled");
    }

    async fn whole_days_are_days_where_they_are_agreed(db: Database) {
        let office = Office::open(&db).await;
        let day = |day| Some(super::super::day(2026, 3, day));
        let days = proto::CalendarSlot { start_date: day(28), end_date: day(30), ..Default::default() };
        office.ann.plan(proto::CalendarEvent { slot: Some(days), ..office.event() }).await.unwrap();
        let [listed] = office.ann.agenda(&office.names[0], SPRING).await.unwrap().try_into().unwrap();
        assert_eq!(listed.slot, Some(days));
        // 24 and 23 hours.
        assert_eq!((listed.start_time, listed.end_time), (time("2026-03-27T23:00:00Z"), time("2026-03-29T22:00:00Z")));
    }

    async fn a_window_has_bounds(db: Database) {
        let office = Office::open(&db).await;
        for window in [("2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"), ("2026-01-01T00:00:00Z", "2026-04-04T00:00:00Z")] {
            let refused = office.ann.agenda(&office.names[0], window).await.unwrap_err();
            assert_eq!(fields(&refused), ["end_time"]);
        }
        let meeting = office.ann.plan(office.event()).await.unwrap();
        // What ends when the window begins is not in it, what begins when it ends neither.
        for (window, count) in [
            (("2026-01-05T09:00:00Z", "2026-01-05T10:00:00Z"), 0), (("2026-01-05T07:00:00Z", "2026-01-05T08:00:00Z"), 0),
            (("2026-01-05T08:59:59Z", "2026-01-05T10:00:00Z"), 1), (("2026-01-05T07:00:00Z", "2026-01-05T08:00:01Z"), 1),
        ] {
            assert_eq!(office.ann.agenda(&office.names[0], window).await.unwrap().len(), count, "{window:?}");
        }
        let stranger = office.ann.of_another_tenant();
        assert_eq!(reason(&stranger.look_at(&meeting.name).await.unwrap_err()), "RESOURCE_NOT_FOUND");
        assert_eq!(reason(&stranger.agenda(&office.names[0], JANUARY).await.unwrap_err()), "RESOURCE_NOT_FOUND");
        assert_eq!(stranger.busy(&office.names[..1], JANUARY).await, [[]]);
    }
}
