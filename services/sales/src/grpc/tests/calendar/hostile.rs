//! Requests as nobody would write them.

use rapport_platform::on_each_engine;

use super::*;

on_each_engine! {
    async fn no_string_of_any_request_is_a_fault_of_ours(db: Database) {
        let office = Office::open(&db).await;
        let (ann, mut calls) = (&office.ann, 0);
        let event = || proto::CalendarEvent {
            description: "d".into(), location: "l".into(), links: vec!["a/1".into()],
            attendees: vec![invited(Named::Email("a@b.c".into())), invited(Named::Seller(office.names[2].clone()))],
            ..office.weekly()
        };
        let made = ann.plan(event()).await.unwrap();
        let (name, feed) = (|| made.name.clone(), || format!("{}/calendarFeed", office.names[0]));
        let (start_time, end_time) = (time(JANUARY.0), time(JANUARY.1));
        calls += spoil!(ann.calendars(), create_calendar_event, CreateCalendarEventRequest { calendar_event: Some(event()) });
        calls += spoil!(ann.calendars(), get_calendar_event, GetCalendarEventRequest { name: name() });
        calls += spoil!(ann.calendars(), update_calendar_event, UpdateCalendarEventRequest { calendar_event: Some(made.clone()) });
        calls += spoil!(ann.calendars(), change_calendar_instance, ChangeCalendarInstanceRequest {
            name: name(), original_start_time: time("2026-01-12T08:00:00Z"),
            change: Some(proto::CalendarInstanceChange { title: "t".into(), ..Default::default() }),
        });
        calls += spoil!(ann.calendars(), split_calendar_event, SplitCalendarEventRequest {
            name: name(), original_start_time: time("2026-01-19T08:00:00Z"), calendar_event: Some(event()),
        });
        calls += spoil!(ann.calendars(), cancel_calendar_event, CancelCalendarEventRequest { name: name() });
        calls += spoil!(ann.calendars(), respond_to_calendar_event, RespondToCalendarEventRequest { name: name(), attendee: "a@b.c".into(), response: 2 });
        calls += spoil!(ann.calendars(), list_calendar_instances, ListCalendarInstancesRequest { seller: office.names[0].clone(), start_time: start_time, end_time: end_time });
        calls += spoil!(ann.calendars(), list_calendar_invitations, ListCalendarInvitationsRequest { seller: office.names[0].clone(), response: 1 });
        calls += spoil!(ann.calendars(), query_free_busy, QueryFreeBusyRequest { sellers: office.names.to_vec(), start_time: start_time, end_time: end_time });
        calls += spoil!(ann.calendars(), export_calendar, ExportCalendarRequest { seller: office.names[0].clone() });
        calls += spoil!(ann.feeds(), get_calendar_feed, GetCalendarFeedRequest { name: feed() });
        calls += spoil!(ann.feeds(), rotate_calendar_feed, RotateCalendarFeedRequest { name: feed() });
        calls += spoil!(ann.feeds(), revoke_calendar_feed, RevokeCalendarFeedRequest { name: feed() });
        calls += spoil!(ann.feeds(), read_calendar_feed, ReadCalendarFeedRequest { token: "t".into() });
        assert!(calls > 150, "{calls}");
    }

    async fn no_number_of_any_request_is_a_fault_of_ours(db: Database) {
        let office = Office::open(&db).await;
        let extremes = [i64::MIN, -1, 0, i64::from(u32::MAX), i64::MAX];
        for seconds in extremes {
            for nanos in [i32::MIN, -1, i32::MAX] {
                let time = Some(prost_types::Timestamp { seconds, nanos });
                let date = Some(rapport_proto::google::r#type::Date { year: nanos, month: nanos, day: nanos });
                let slots = [
                    proto::CalendarSlot { start_time: time, end_time: time, ..Default::default() },
                    proto::CalendarSlot { start_date: date, end_date: date, ..Default::default() },
                ];
                for slot in slots {
                    let event = proto::CalendarEvent { slot: Some(slot), visibility: nanos, reminder_minutes: vec![nanos], ..office.weekly() };
                    let refused = office.ann.plan(event).await.unwrap_err();
                    assert_eq!(refused.code(), tonic::Code::InvalidArgument, "{refused}");
                }
            }
        }
    }
}
