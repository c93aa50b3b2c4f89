//! Answers to single instances of what repeats.

use rapport_platform::on_each_engine;

use super::*;
use crate::testing::fields;

const SECOND: &str = "2026-01-12T08:00:00Z";
const THIRD: &str = "2026-01-19T08:00:00Z";

impl Office {
    /// Every Monday with Bob, who said this.
    async fn meetings(&self, said: Said) -> proto::CalendarEvent {
        let attendees = self.with_bob().attendees;
        let event = proto::CalendarEvent {
            attendees,
            ..self.weekly()
        };
        let made = self.ann.plan(event).await.unwrap();
        self.bob_says(&made, None, said).await.unwrap()
    }

    pub(super) async fn bob_says(
        &self,
        event: &proto::CalendarEvent,
        original: Option<&str>,
        said: Said,
    ) -> Result<proto::CalendarEvent, Status> {
        let request = proto::RespondToCalendarEventRequest {
            name: event.name.clone(),
            attendee: self.names[2].clone(),
            response: said.into(),
            original_start_time: original.and_then(time),
            ..Default::default()
        };
        self.bob.answer(request).await
    }

    async fn bobs_january(&self) -> Vec<(String, Said)> {
        let agenda = self.bob.agenda(&self.names[2], JANUARY).await.unwrap();
        let said = agenda.iter().map(proto::CalendarInstance::response);
        begins(&agenda).into_iter().zip(said).collect()
    }

    async fn when_bob_is_busy(&self) -> Vec<String> {
        let [busy] = self
            .back
            .busy(&self.names[2..], JANUARY)
            .await
            .try_into()
            .unwrap();
        busy.into_iter().map(|(start, _)| start).collect()
    }
}

fn days(all: &[(String, Said)]) -> Vec<(&str, Said)> {
    all.iter()
        .map(|(start, said)| (&start[8..10], *said))
        .collect()
}

/// What Bob answered to single instances.
fn single(event: &proto::CalendarEvent) -> Vec<(Option<prost_types::Timestamp>, Said)> {
    let [bob] = event.attendees.as_slice() else {
        panic!("{:?}", event.attendees)
    };
    let single = bob.instance_responses.iter();
    single
        .map(|it| (it.original_start_time, it.response()))
        .collect()
}

on_each_engine! {
    async fn who_can_not_come_once_is_free_then_and_comes_to_the_others(db: Database) {
        let office = Office::open(&db).await;
        let made = office.meetings(Said::Accepted).await;
        let answered = office.bob_says(&made, Some(SECOND), Said::Declined).await.unwrap();
        assert_eq!(answered.attendees[0].response(), Said::Accepted);
        assert_eq!(single(&answered), [(time(SECOND), Said::Declined)]);
        assert_eq!(answered.attendees[0].instance_responses[0].respond_time, time(NOW));
        assert_eq!(days(&office.bobs_january().await), [
            ("05", Said::Accepted), ("19", Said::Accepted), ("26", Said::Accepted),
        ]);
        assert!(!office.when_bob_is_busy().await.contains(&SECOND.to_owned()));
        // The organiser comes all the same.
        assert_eq!(office.ann.agenda(&office.names[0], JANUARY).await.unwrap().len(), 4);

        let taken_back = office.bob_says(&made, Some(SECOND), Said::NeedsAction).await.unwrap();
        assert!(single(&taken_back).is_empty());
        assert_eq!(office.bobs_january().await.len(), 4);
    }

    async fn who_declined_all_may_come_once(db: Database) {
        let office = Office::open(&db).await;
        let made = office.meetings(Said::Declined).await;
        assert!(office.bobs_january().await.is_empty());
        office.bob_says(&made, Some(THIRD), Said::Tentative).await.unwrap();
        assert_eq!(days(&office.bobs_january().await), [("19", Said::Tentative)]);
        assert_eq!(office.when_bob_is_busy().await, [THIRD]);

        let all = office.bob_says(&made, None, Said::Declined).await.unwrap();
        assert!(single(&all).is_empty(), "an answer to all is one to each");
        assert!(office.when_bob_is_busy().await.is_empty());
    }

    async fn who_comes_after_all_hears_what_else_there_is_then(db: Database) {
        let office = Office::open(&db).await;
        let made = office.meetings(Said::Accepted).await;
        office.bob_says(&made, Some(SECOND), Said::Declined).await.unwrap();
        let instead = proto::CalendarEvent { organizer: office.names[2].clone(), slot: slot(SECOND, "2026-01-12T09:00:00Z"), ..office.event() };
        assert!(office.bob.plan(instead).await.unwrap().conflicts.is_empty(), "he is free");
        let answered = office.bob_says(&made, Some(SECOND), Said::Accepted).await.unwrap();
        let [conflict] = answered.conflicts.try_into().unwrap();
        assert_eq!((conflict.seller, conflict.start_time), (office.names[2].clone(), time(SECOND)));
        let elsewhere = office.bob_says(&made, Some(THIRD), Said::Accepted).await.unwrap();
        assert!(elsewhere.conflicts.is_empty());
    }

    async fn answers_go_with_their_instances(db: Database) {
        let office = Office::open(&db).await;
        let made = office.meetings(Said::Accepted).await;
        for original in [SECOND, THIRD, "2026-01-26T08:00:00Z"] {
            office.bob_says(&made, Some(original), Said::Declined).await.unwrap();
        }
        let elsewhere = proto::CalendarInstanceChange { slot: slot("2026-01-13T10:00:00Z", "2026-01-13T11:00:00Z"), ..Default::default() };
        let moved = proto::ChangeCalendarInstanceRequest {
            name: made.name.clone(), original_start_time: time(SECOND), change: Some(elsewhere), ..Default::default()
        };
        let moved = answer(office.ann.calendars().change_calendar_instance(moved).await);
        assert_eq!(single(&moved).len(), 2, "it is at another time than he answered to");
        let split = proto::SplitCalendarEventRequest {
            name: made.name.clone(), original_start_time: time("2026-01-26T08:00:00Z"),
            calendar_event: Some(proto::CalendarEvent { title: "Short talk".to_owned(), ..Default::default() }),
            update_mask: mask(&["title"]),
            ..Default::default()
        };
        let goes_on = answer(office.ann.calendars().split_calendar_event(split).await);
        assert_eq!(single(&goes_on), [(time("2026-01-26T08:00:00Z"), Said::Declined)]);
        assert_eq!(single(&office.ann.look_at(&made.name).await.unwrap()), [(time(THIRD), Said::Declined)]);
        let cut = office.ann.drop_event(&made, Some(THIRD), false).await.unwrap();
        assert!(single(&cut).is_empty());
        let later = proto::CalendarEvent { name: goes_on.name, slot: slot("2026-01-26T10:00:00Z", "2026-01-26T11:00:00Z"), ..Default::default() };
        let later = office.ann.replan(later, &["slot"]).await.unwrap();
        assert!(single(&later).is_empty());
    }

    async fn other_programs_read_them_as_exceptions(db: Database) {
        let office = Office::open(&db).await;
        let made = office.meetings(Said::Accepted).await;
        office.bob_says(&made, Some(SECOND), Said::Declined).await.unwrap();
        let request = proto::ExportCalendarRequest { seller: office.names[0].clone() };
        let content = answer(office.ann.calendars().export_calendar(request).await).content;
        let [_, whole, once] = content.split("BEGIN:VEVENT").collect::<Vec<_>>().try_into().unwrap();
        assert!(whole.contains("RRULE:FREQ=WEEKLY") && whole.contains("PARTSTAT=ACCEPTED"), "{content}");
        assert!(once.contains("RECURRENCE-ID;TZID=Europe/Berlin:20260112T090000"), "{content}");
        assert!(once.contains("DTSTART;TZID=Europe/Berlin:20260112T090000"), "{content}");
        assert!(once.contains("PARTSTAT=DECLINED") && once.contains("SUMMARY:Talk"), "{content}");
    }

    async fn only_instances_that_take_place_are_answered_to(db: Database) {
        let office = Office::open(&db).await;
        let made = office.meetings(Said::Accepted).await;
        office.ann.drop_event(&made, Some(THIRD), false).await.unwrap();
        let once = office.ann.plan(office.with_bob()).await.unwrap();
        for (event, original) in [(&made, THIRD), (&made, "2026-01-12T08:00:01Z"), (&once, "2026-01-05T08:00:00Z")] {
            let refused = office.bob_says(event, Some(original), Said::Declined).await.unwrap_err();
            assert_eq!(fields(&refused), ["original_start_time"], "{original}");
        }
    }
}
