//! Who is reminded, when, and how often.

use futures::future::join_all;
use prost::{Message as _, Name as _};
use rapport_platform::on_each_engine;
use rapport_platform::time::Clock;
use rapport_proto::rapport::event::v1 as event;
use sea_orm::{ConnectionTrait as _, Statement};

use super::*;
use crate::grpc::calendar::clock::remind;

/// What reminders said, oldest first: when the instance begins, and how long before.
async fn reminders(db: &Database) -> Vec<(String, i32, usize)> {
    let query = format!(
        "SELECT payload FROM outbox WHERE kind = '{}' ORDER BY event_id",
        proto::CalendarReminderDue::full_name()
    );
    let rows = db
        .read()
        .query_all_raw(Statement::from_string(db.backend(), query))
        .await
        .unwrap();
    let told = rows.iter().map(|row| {
        let payload: Vec<u8> = row.try_get_by_index(0).unwrap();
        let data = event::Event::decode(payload.as_slice())
            .unwrap()
            .data
            .unwrap();
        let fact = proto::CalendarReminderDue::decode(data.value.as_slice()).unwrap();
        let start = Timestamp::try_from(fact.start_time.unwrap()).unwrap();
        (start.to_string(), fact.minutes_before, fact.sellers.len())
    });
    told.collect()
}

fn told(what: &[(&str, i32, usize)]) -> Vec<(String, i32, usize)> {
    what.iter()
        .map(|(start, minutes, sellers)| ((*start).to_owned(), *minutes, *sellers))
        .collect()
}

on_each_engine! {
    async fn everybody_is_reminded_once_and_at_the_right_time_after_the_clocks_change(db: Database) {
        let office = Office::open(&db).await;
        let event = proto::CalendarEvent { reminder_minutes: vec![15], recurrence_rule: "FREQ=WEEKLY".to_owned(), ..office.with_bob() };
        let made = office.ann.plan(event).await.unwrap();
        let (clock, hands) = Clock::manual(at("2026-01-05T07:44:59Z"));
        remind(&db, &clock).await.unwrap();
        assert_eq!(reminders(&db).await, []);
        hands.set(at("2026-01-05T07:45:00Z"));
        // Several processes may look at once, whatever their lease says.
        for done in join_all((0..4).map(|_| remind(&db, &clock))).await {
            done.unwrap();
        }
        assert_eq!(reminders(&db).await, told(&[("2026-01-05T08:00:00Z", 15, 2)]));
        // Another title is no reason to remind again; who declined is left alone.
        office.bob.say(&made.name, &office.names[2], Said::Declined).await.unwrap();
        let titled = proto::CalendarEvent { name: made.name.clone(), title: "Other".to_owned(), ..Default::default() };
        office.ann.replan(titled, &["title"]).await.unwrap();
        for (now, count) in [
            ("2026-01-05T07:50:00Z", 1), ("2026-01-12T07:45:00Z", 2), ("2026-03-23T07:45:00Z", 3),
            // 09:00 in Berlin is 07:00 in UTC from the 29th on.
            ("2026-03-30T06:44:59Z", 3), ("2026-03-30T06:45:00Z", 4), ("2026-03-30T07:45:00Z", 4),
        ] {
            hands.set(at(now));
            remind(&db, &clock).await.unwrap();
            assert_eq!(reminders(&db).await.len(), count, "{now}");
        }
        let last = reminders(&db).await.pop();
        assert_eq!(last, told(&[("2026-03-30T07:00:00Z", 15, 1)]).pop());
    }

    async fn after_a_long_silence_nobody_is_flooded(db: Database) {
        let office = Office::open(&db).await;
        let daily = proto::CalendarEvent { reminder_minutes: vec![0, 30, 1_440], recurrence_rule: "FREQ=DAILY".to_owned(), ..office.event() };
        office.ann.plan(daily).await.unwrap();
        let (clock, hands) = Clock::manual(at("2026-06-10T07:10:00Z"));
        for _ in 0..2 {
            remind(&db, &clock).await.unwrap();
            assert_eq!(reminders(&db).await, told(&[("2026-06-10T07:00:00Z", 0, 1), ("2026-06-11T07:00:00Z", 1_440, 1)]));
        }
        hands.set(at("2026-06-11T06:30:00Z"));
        remind(&db, &clock).await.unwrap();
        assert_eq!(reminders(&db).await.len(), 3);
    }

    async fn what_is_not_told_of_in_full_is_told_of_again(db: Database) {
        let office = Office::open(&db).await;
        let made = office.ann.plan(proto::CalendarEvent { reminder_minutes: vec![15], ..office.event() }).await.unwrap();
        let (clock, _hands) = Clock::manual(at("2026-01-05T07:45:00Z"));
        // Killed between telling and noting that it was: as much as the engine then keeps is nothing.
        let id = crate::resource::CALENDAR_EVENT.ids(&made.name).unwrap()[0];
        let ctx = &office.ann.ctx;
        let killed = db.write_txn(|txn| async move {
            let fact = proto::CalendarReminderDue { calendar_event: "calendarEvents/x".to_owned(), ..Default::default() };
            let event = crate::events::calendar::reminder_due(&fact, 1);
            rapport_platform::outbox::append(&txn, ctx, &[event]).await?;
            crate::store::calendar::reminded(ctx, &txn, &[(id, None)]).await?;
            Err::<(), _>(crate::Error::not_found("the process".to_owned()))
        });
        assert!(killed.await.is_err());
        assert_eq!(reminders(&db).await, []);
        remind(&db, &clock).await.unwrap();
        remind(&db, &clock).await.unwrap();
        assert_eq!(reminders(&db).await, told(&[("2026-01-05T08:00:00Z", 15, 1)]));
    }

    async fn what_moved_is_told_of_at_its_new_time_and_what_was_cancelled_never(db: Database) {
        let office = Office::open(&db).await;
        let event = || proto::CalendarEvent { reminder_minutes: vec![15], ..office.weekly() };
        let made = office.ann.plan(event()).await.unwrap();
        let other = office.ann.plan(event()).await.unwrap();
        office.ann.drop_event(&other, None, false).await.unwrap();
        let moved = proto::ChangeCalendarInstanceRequest {
            name: made.name.clone(),
            original_start_time: time("2026-01-05T08:00:00Z"),
            change: Some(proto::CalendarInstanceChange { slot: slot("2026-01-05T10:00:00Z", "2026-01-05T11:00:00Z"), ..Default::default() }),
            ..Default::default()
        };
        answer(office.ann.calendars().change_calendar_instance(moved).await);
        office.ann.drop_event(&made, Some("2026-01-12T08:00:00Z"), false).await.unwrap();
        let (clock, hands) = Clock::manual(at("2026-01-05T07:50:00Z"));
        for now in ["2026-01-05T07:50:00Z", "2026-01-05T09:50:00Z", "2026-01-12T07:50:00Z", "2026-01-19T07:50:00Z"] {
            hands.set(at(now));
            remind(&db, &clock).await.unwrap();
        }
        assert_eq!(reminders(&db).await, told(&[("2026-01-05T10:00:00Z", 15, 1), ("2026-01-19T08:00:00Z", 15, 1)]));
    }

    async fn many_are_told_of_in_few_round_trips_and_one_that_fails_holds_up_none(db: Database) {
        let office = Office::open(&db).await;
        let event = || proto::CalendarEvent { reminder_minutes: vec![15], ..office.event() };
        let broken = office.ann.plan(event()).await.unwrap();
        let (counted, statements) = rapport_platform::testing::counted(&db);
        let count = || statements.swap(0, std::sync::atomic::Ordering::Relaxed);
        let plan_many = async || for _ in 0..30 {
            office.ann.plan(event()).await.unwrap();
        };
        plan_many().await;
        let (clock, hands) = Clock::manual(at("2026-01-05T07:45:00Z"));
        remind(&counted, &clock).await.unwrap();
        assert_eq!(reminders(&db).await.len(), 31);
        let few = count();
        assert!(few <= 20, "{few}");

        plan_many().await;
        let [id] = crate::resource::CALENDAR_EVENT.ids(&broken.name).unwrap();
        let spoil = Statement::from_sql_and_values(
            db.backend(), "UPDATE calendar_event SET document = $1, next_reminder_time = 1 WHERE event_id = $2", [vec![0xff_u8].into(), id.into()],
        );
        let spoil = &spoil;
        db.write_txn(|txn| async move { txn.execute_raw(spoil.clone()).await.map(drop).map_err(crate::Error::from) }).await.unwrap();
        hands.set(at("2026-01-05T07:46:00Z"));
        remind(&db, &clock).await.unwrap();
        assert_eq!(reminders(&db).await.len(), 61);
    }

    async fn what_was_due_before_a_change_is_told_of_with_it(db: Database) {
        let office = Office::open(&db).await;
        let made = office.ann.plan(proto::CalendarEvent { reminder_minutes: vec![15], ..office.event() }).await.unwrap();
        // Due since ten seconds, and nobody has looked yet.
        let late = office.ann.with(|ctx| ctx.now = at("2026-01-05T07:45:10Z"));
        let sooner = proto::CalendarEvent { name: made.name.clone(), reminder_minutes: vec![5], ..Default::default() };
        late.replan(sooner, &["reminder_minutes"]).await.unwrap();
        assert_eq!(reminders(&db).await, told(&[("2026-01-05T08:00:00Z", 15, 1)]));
        let (clock, hands) = Clock::manual(at("2026-01-05T07:45:20Z"));
        remind(&db, &clock).await.unwrap();
        hands.set(at("2026-01-05T07:55:00Z"));
        remind(&db, &clock).await.unwrap();
        assert_eq!(reminders(&db).await, told(&[("2026-01-05T08:00:00Z", 15, 1), ("2026-01-05T08:00:00Z", 5, 1)]));
    }

    async fn who_does_not_come_this_time_is_not_reminded_of_it(db: Database) {
        let office = Office::open(&db).await;
        let event = proto::CalendarEvent { reminder_minutes: vec![15], recurrence_rule: "FREQ=WEEKLY".to_owned(), ..office.with_bob() };
        let made = office.ann.plan(event).await.unwrap();
        office.bob_says(&made, Some("2026-01-05T08:00:00Z"), Said::Declined).await.unwrap();
        let (clock, hands) = Clock::manual(at("2026-01-05T07:45:00Z"));
        remind(&db, &clock).await.unwrap();
        hands.set(at("2026-01-12T07:45:00Z"));
        remind(&db, &clock).await.unwrap();
        assert_eq!(reminders(&db).await, told(&[("2026-01-05T08:00:00Z", 15, 1), ("2026-01-12T08:00:00Z", 15, 2)]));
    }
}
