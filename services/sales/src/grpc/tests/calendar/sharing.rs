//! Who is invited, who may read, who is busy.

use rapport_platform::on_each_engine;

use super::*;
use crate::testing::{fields, reason};

on_each_engine! {
    async fn an_invitation_is_answered_by_who_is_invited(db: Database) {
        let office = Office::open(&db).await;
        let mut event = office.with_bob();
        event.attendees.push(invited(Named::Email("ana@example.com".to_owned())));
        let made = office.ann.plan(event).await.unwrap();
        let bob = office.names[2].clone();
        assert_eq!(office.bob.agenda(&bob, JANUARY).await.unwrap().len(), 1);
        let said = office.bob.say(&made.name, &bob, Said::Tentative).await.unwrap();
        assert_eq!((said.attendees[0].response(), said.attendees[0].respond_time), (Said::Tentative, time(NOW)));
        assert_eq!(office.bob.agenda(&bob, JANUARY).await.unwrap()[0].response(), Said::Tentative);
        // Nobody answers for another; the organiser does for who has no account.
        assert_eq!(reason(&office.ann.say(&made.name, &bob, Said::Accepted).await.unwrap_err()), "NOT_SUBORDINATE");
        assert_eq!(reason(&office.bob.say(&made.name, "ana@example.com", Said::Accepted).await.unwrap_err()), "NOT_SUBORDINATE");
        let said = office.ann.say(&made.name, "ANA@example.com", Said::Accepted).await.unwrap();
        assert_eq!(said.attendees[1].response(), Said::Accepted);
        assert_eq!(fields(&office.ann.say(&made.name, "eve@example.com", Said::Accepted).await.unwrap_err()), ["attendee"]);
        assert_eq!(fields(&office.meg.say(&made.name, &office.names[1], Said::Accepted).await.unwrap_err()), ["attendee"]);
        assert_eq!(office.ann.announced().await.last().unwrap(), "CalendarEventAnswered");

        // An answer is to a time: it outlives another title, not another hour.
        let named = |event: proto::CalendarEvent| proto::CalendarEvent { name: made.name.clone(), ..event };
        let titled = named(proto::CalendarEvent { title: "Other".to_owned(), ..Default::default() });
        let titled = office.ann.replan(titled, &["title"]).await.unwrap();
        assert_eq!(titled.attendees[0].response(), Said::Tentative);
        let moved = named(proto::CalendarEvent { slot: slot("2026-01-05T10:00:00Z", "2026-01-05T11:00:00Z"), ..Default::default() });
        let moved = office.ann.replan(moved, &["slot"]).await.unwrap();
        assert_eq!((moved.attendees[0].response(), moved.sequence), (Said::NeedsAction, 1));
        // Who declines has it in his calendar no more.
        office.bob.say(&made.name, &bob, Said::Declined).await.unwrap();
        assert!(office.bob.agenda(&bob, JANUARY).await.unwrap().is_empty());
        assert_eq!(office.ann.agenda(&office.names[0], JANUARY).await.unwrap().len(), 1);
    }

    async fn managers_read_and_what_is_private_only_takes_time(db: Database) {
        let office = Office::open(&db).await;
        let open = office.ann.plan(office.event()).await.unwrap();
        let private = office.ann.plan(proto::CalendarEvent {
            title: "Doctor".to_owned(),
            description: "Knee".to_owned(),
            slot: slot("2026-01-06T08:00:00Z", "2026-01-06T09:00:00Z"),
            visibility: proto::CalendarVisibility::Private.into(),
            ..office.with_bob()
        }).await.unwrap();
        let titles = async |caller: &Caller| {
            let listed = caller.agenda(&office.names[0], JANUARY).await?;
            Ok::<_, Status>(listed.into_iter().map(|it| it.title).collect::<Vec<_>>())
        };
        assert_eq!(titles(&office.ann).await.unwrap(), ["Talk", "Doctor"]);
        for reader in [&office.meg, &office.back] {
            assert_eq!(titles(reader).await.unwrap(), ["Talk", ""]);
            let veiled = reader.look_at(&private.name).await.unwrap();
            assert_eq!((veiled.title.as_str(), veiled.description.as_str(), veiled.attendees.len()), ("", "", 0));
            assert_eq!(veiled.slot, private.slot);
            assert_eq!(reader.look_at(&open.name).await.unwrap().title, "Talk");
        }
        // Bob takes part in one, and reads nobody's calendar.
        assert_eq!(office.bob.look_at(&private.name).await.unwrap().title, "Doctor");
        assert_eq!(reason(&office.bob.look_at(&open.name).await.unwrap_err()), "NOT_SUBORDINATE");
        assert_eq!(reason(&titles(&office.bob).await.unwrap_err()), "NOT_SUBORDINATE");
        assert_eq!(reason(&office.ann.agenda(&office.names[1], JANUARY).await.unwrap_err()), "NOT_SUBORDINATE");
        // Meg does, once she is invited too.
        let with_meg = proto::CalendarEvent {
            name: private.name.clone(),
            attendees: vec![invited(Named::Seller(office.names[1].clone()))],
            ..Default::default()
        };
        office.ann.replan(with_meg, &["attendees"]).await.unwrap();
        assert_eq!(titles(&office.meg).await.unwrap(), ["Talk", "Doctor"]);
    }

    async fn anybody_learns_when_others_are_busy_and_not_by_what(db: Database) {
        let office = Office::open(&db).await;
        office.ann.plan(proto::CalendarEvent {
            visibility: proto::CalendarVisibility::Private.into(),
            ..office.with_bob()
        }).await.unwrap();
        office.ann.plan(proto::CalendarEvent { slot: slot("2026-01-05T08:30:00Z", "2026-01-05T10:00:00Z"), ..office.event() }).await.unwrap();
        office.ann.plan(proto::CalendarEvent { free: true, slot: slot("2026-01-05T13:00:00Z", "2026-01-05T14:00:00Z"), ..office.event() }).await.unwrap();
        let cancelled = office.ann.plan(proto::CalendarEvent { slot: slot("2026-01-05T15:00:00Z", "2026-01-05T16:00:00Z"), ..office.event() }).await.unwrap();
        office.ann.drop_event(&cancelled, None, false).await.unwrap();
        let [ann, meg, bob] = office.names.clone();
        let (counted, statements) = rapport_platform::testing::counted(&db);
        let mut bobs = office.bob.clone();
        bobs.shared.db = counted;
        let told = bobs.busy(&[meg, bob, ann], JANUARY).await;
        let hour = |start: &str, end: &str| (start.to_owned(), end.to_owned());
        assert_eq!(told, [
            vec![], vec![hour("2026-01-05T08:00:00Z", "2026-01-05T09:00:00Z")], vec![hour("2026-01-05T08:00:00Z", "2026-01-05T10:00:00Z")],
        ]);
        assert_eq!(statements.load(std::sync::atomic::Ordering::Relaxed), 1, "one round trip for all");
    }

    async fn those_who_manage_anybody_who_takes_part_read_what_the_team_may(db: Database) {
        let office = Office::open(&db).await;
        let bobs = |visibility: proto::CalendarVisibility| proto::CalendarEvent {
            organizer: office.names[2].clone(),
            attendees: vec![invited(Named::Seller(office.names[0].clone()))],
            visibility: visibility.into(),
            ..office.event()
        };
        let open = office.bob.plan(bobs(proto::CalendarVisibility::Team)).await.unwrap();
        let private = office.bob.plan(bobs(proto::CalendarVisibility::Private)).await.unwrap();
        assert_eq!(office.meg.look_at(&open.name).await.unwrap().title, "Talk");
        assert_eq!(office.meg.look_at(&private.name).await.unwrap().title, "");
        let alone = office.bob.plan(proto::CalendarEvent { attendees: vec![], ..bobs(proto::CalendarVisibility::Team) }).await.unwrap();
        assert_eq!(reason(&office.meg.look_at(&alone.name).await.unwrap_err()), "NOT_SUBORDINATE");
    }

    async fn private_words_are_in_no_answer_and_no_event(db: Database) {
        let office = Office::open(&db).await;
        let ana = "ana@example.com";
        let secret = proto::CalendarEvent {
            title: "Doctor".to_owned(), description: "Knee".to_owned(), reminder_minutes: vec![15], recurrence_rule: "FREQ=WEEKLY".to_owned(),
            visibility: proto::CalendarVisibility::Private.into(),
            attendees: vec![invited(Named::Email(ana.to_owned()))],
            ..office.event()
        };
        let made = office.ann.plan(secret).await.unwrap();
        assert_eq!((made.title.as_str(), made.attendees.len()), ("Doctor", 1));
        let moved = proto::CalendarEvent { name: made.name.clone(), slot: slot("2026-01-05T10:00:00Z", "2026-01-05T11:00:00Z"), ..Default::default() };
        let seen = [
            office.back.replan(moved, &["slot"]).await.unwrap(),
            office.back.say(&made.name, ana, Said::Accepted).await.unwrap(),
            office.back.drop_event(&made, Some("2026-01-12T10:00:00Z"), false).await.unwrap(),
        ];
        for veiled in seen {
            assert_eq!((veiled.title.as_str(), veiled.description.as_str(), veiled.attendees.len()), ("", "", 0));
        }
        let (clock, _hands) = rapport_platform::time::Clock::manual(at("2026-01-05T09:45:00Z"));
        crate::grpc::calendar::clock::remind(&db, &clock).await.unwrap();
        office.ann.drop_event(&made, None, false).await.unwrap();
        let told = office.ann.announced().await;
        assert_eq!(told[3..], [
            "CalendarEventCreated", "CalendarEventUpdated", "CalendarEventAnswered", "CalendarEventUpdated", "CalendarReminderDue", "CalendarEventCancelled",
        ]);
        let facts = kept(&db, "SELECT payload FROM outbox").await;
        for word in ["Doctor", "Knee", ana] {
            assert!(!holds(&facts, word), "{word}");
        }
    }

    async fn who_may_not_write_learns_nothing_of_what_would_be_wrong(db: Database) {
        let office = Office::open(&db).await;
        let made = office.ann.plan(office.weekly()).await.unwrap();
        let wrong = proto::CalendarEvent { name: made.name.clone(), recurrence_rule: "FREQ=WEEKLY;BYDAY=TU".to_owned(), ..Default::default() };
        assert_eq!(reason(&office.bob.replan(wrong.clone(), &["recurrence_rule"]).await.unwrap_err()), "NOT_SUBORDINATE");
        for original in ["2026-01-05T08:00:00Z", "2026-01-13T08:00:00Z"] {
            let split = proto::SplitCalendarEventRequest {
                name: made.name.clone(), original_start_time: time(original), calendar_event: Some(wrong.clone()), ..Default::default()
            };
            assert_eq!(reason(&office.bob.calendars().split_calendar_event(split).await.unwrap_err()), "NOT_SUBORDINATE");
        }
    }

    async fn invitations_are_found_by_what_was_answered(db: Database) {
        let office = Office::open(&db).await;
        let bob = office.names[2].clone();
        let on = |day: u32| slot(&format!("2026-01-0{day}T08:00:00Z"), &format!("2026-01-0{day}T09:00:00Z"));
        for (title, day, visibility) in [("over", 3, 1), ("later", 7, 1), ("sooner", 5, 2), ("between", 6, 1)] {
            let event = proto::CalendarEvent { title: title.to_owned(), slot: on(day), visibility, ..office.with_bob() };
            office.ann.plan(event).await.unwrap();
        }
        office.bob.plan(proto::CalendarEvent { organizer: bob.clone(), ..office.event() }).await.unwrap();
        let found = async |caller: &Caller, response: Said| {
            let mut request = proto::ListCalendarInvitationsRequest { seller: bob.clone(), response: response.into(), page_size: 2, ..Default::default() };
            let mut found = Vec::new();
            loop {
                let page = inner(caller.calendars().list_calendar_invitations(request.clone()).await)?;
                found.extend(page.calendar_invitations);
                if page.next_page_token.is_empty() {
                    return Ok::<_, Status>(found);
                }
                request.page_token = page.next_page_token;
            }
        };
        let titles = |found: &[proto::CalendarInvitation]| found.iter().map(|it| it.title.clone()).collect::<Vec<_>>();
        let pending = found(&office.bob, Said::NeedsAction).await.unwrap();
        assert_eq!(titles(&pending), ["sooner", "between", "later"]);
        assert_eq!((pending[0].slot, pending[0].organizer.as_str()), (on(5), office.names[0].as_str()));
        assert_eq!(titles(&found(&office.back, Said::NeedsAction).await.unwrap()), ["", "between", "later"]);
        assert_eq!(reason(&found(&office.meg, Said::NeedsAction).await.unwrap_err()), "NOT_SUBORDINATE");
        // His own he is not invited to.
        assert!(found(&office.bob, Said::Accepted).await.unwrap().is_empty());
        // Declined, it is in no calendar, and can be accepted all the same.
        office.bob.say(&pending[1].calendar_event, &bob, Said::Declined).await.unwrap();
        let declined = found(&office.bob, Said::Declined).await.unwrap();
        assert_eq!(titles(&declined), ["between"]);
        office.bob.say(&declined[0].calendar_event, &bob, Said::Accepted).await.unwrap();
        assert_eq!(titles(&found(&office.bob, Said::Accepted).await.unwrap()), ["between"]);
    }
}
