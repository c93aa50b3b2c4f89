//! From the bus to the effect.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::join_all;
use futures::poll;
use tokio::task::JoinSet;

use super::*;
use crate::db::table::inbox;
use crate::on_each_engine;

on_each_engine! {
    async fn an_event_delivered_twice_has_one_effect(db: Database) {
        with_tables(&db).await;
        deposit(&db, "accounts/a", [1]).await;
        let (bus, event) = (bus(&db, bookkeeper("books")), the_event(&db).await);
        for _ in 0..2 {
            bus.publish(&event).await.unwrap();
        }
        assert_eq!(booked(&db, "accounts/a").await, [1]);
    }

    async fn an_event_delivered_twice_at_the_same_time_has_one_effect(db: Database, storage: &Storage) {
        with_tables(&db).await;
        deposit(&db, "accounts/a", [1]).await;
        let event = the_event(&db).await;
        let mut deliveries = JoinSet::new();
        for _ in 0..4 {
            let bus = bus(&storage.connect().await, bookkeeper("books"));
            let event = event.clone();
            deliveries.spawn(async move { bus.publish(&event).await.unwrap() });
        }
        deliveries.join_all().await;
        assert_eq!(booked(&db, "accounts/a").await, [1]);
    }

    async fn events_that_wait_for_another_are_handled_in_one_transaction(db: Database) {
        with_tables(&db).await;
        let (bus, events) = (bus(&db, bookkeeper("books")), deposits(&db, 50).await);
        join_all(events.iter().map(|event| bus.publish(event))).await;
        let noted = inbox::Entity::find().all(db.read()).await.unwrap();
        assert_eq!(noted.len(), 50);
        // What one statement notes has one time: the first was alone, the others waited for it.
        let times: BTreeSet<_> = noted.iter().map(|row| row.handle_time).collect();
        assert_eq!(times.len(), 2);
        assert_eq!(booking::Entity::find().count(db.read()).await.unwrap(), 50);
    }

    async fn an_event_that_waits_twice_has_one_effect(db: Database) {
        with_tables(&db).await;
        deposit(&db, "accounts/a", [1]).await;
        let (bus, event) = (bus(&db, bookkeeper("books")), the_event(&db).await);
        for outcome in join_all((0..4).map(|_| bus.publish(&event))).await {
            outcome.unwrap();
        }
        assert_eq!(booked(&db, "accounts/a").await, [1]);
    }

    async fn an_event_that_fails_stops_none_that_waits_beside_it(db: Database) {
        with_tables(&db).await;
        let picky = Bookkeeper {
            name: "books",
            judge: Box::new(|deposited| match deposited.amount {
                7 => Err(HandleError::Rejected("ACCOUNT_CLOSED")),
                9 => panic!("a bug"),
                _ => Ok(()),
            }),
        };
        let (bus, events) = (bus(&db, picky), deposits(&db, 20).await);
        for outcome in join_all(events.iter().map(|event| bus.publish(event))).await {
            outcome.unwrap();
        }
        assert_eq!(booking::Entity::find().count(db.read()).await.unwrap(), 18);
        let mut classes: Vec<_> =
            dead_letters(&db).await.into_iter().map(|letter| letter.error_class).collect();
        classes.sort();
        assert_eq!(classes, ["ACCOUNT_CLOSED", "HANDLER_PANICKED"]);
    }

    async fn who_goes_away_in_the_middle_takes_no_other_event_along(db: Database) {
        with_tables(&db).await;
        let (bus, events) = (bus(&db, bookkeeper("books")), deposits(&db, 3).await);
        let mut first = Box::pin(bus.publish(&events[0]));
        let mut others = Box::pin(join_all(events[1..].iter().map(|event| bus.publish(event))));
        assert!(poll!(&mut first).is_pending());
        assert!(poll!(&mut others).is_pending());
        drop(first);
        for outcome in others.await {
            outcome.unwrap();
        }
        bus.publish(&events[0]).await.unwrap();
        assert_eq!(booking::Entity::find().count(db.read()).await.unwrap(), 3, "each once");
    }

    async fn every_consumer_has_its_own_effect(db: Database) {
        with_tables(&db).await;
        deposit(&db, "accounts/a", [1]).await;
        let bus = bus(&db, bookkeeper("books"));
        bus.subscribe(&db, bookkeeper("copy")).unwrap();
        assert!(bus.subscribe(&db, bookkeeper("copy")).is_err(), "names are taken once");
        bus.publish(&the_event(&db).await).await.unwrap();
        assert_eq!(booked(&db, "accounts/a").await, [1, 1]);
    }

    async fn the_event_tells_who_did_what_and_continues_the_trace(db: Database) {
        with_tables(&db).await;
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let ctx = &Context { trace_parent: Some(parent.to_owned()), ..context() };
        let events = &[NewEvent::new("accounts/a", 7, &Deposited { amount: 5 })];
        db.write_txn(|txn| async move { append(&txn, ctx, events).await }).await.unwrap();

        let event = the_event(&db).await;
        assert_eq!((event.tenant, event.time, &event.actor), (ctx.tenant, ctx.now, &ctx.actor));
        assert_eq!((event.source.as_str(), event.version), ("bank", 7));
        assert_eq!(event.trace_parent.as_deref(), Some(parent));
        assert_eq!(event.data.type_url, "type.googleapis.com/rapport.bank.v1.Deposited");
        assert_eq!(event.fact::<Deposited>().unwrap().amount, 5);
        bus(&db, bookkeeper("books")).publish(&event).await.unwrap();
        assert_eq!(booked(&db, "accounts/a").await, [7]);
    }

    async fn a_poison_event_becomes_a_dead_letter_and_the_others_go_on(db: Database) {
        with_tables(&db).await;
        let picky = Bookkeeper {
            name: "books",
            judge: Box::new(|deposited| match deposited.amount {
                2 => failing(|| PlatformError::internal("booking", "it is poison")),
                3 => panic!("a bug"),
                4 => Err(HandleError::Rejected("ACCOUNT_CLOSED")),
                _ => Ok(()),
            }),
        };
        let running = Running::start(&db, bus(&db, picky), quick());
        deposit(&db, "accounts/a", 1..=5).await;
        all_published(&db).await;
        running.stop().await;

        assert_eq!(booked(&db, "accounts/a").await, [1, 5], "and no half effect of the others");
        let mut letters = dead_letters(&db).await;
        letters.sort_by_key(|letter| letter.event_id);
        let found: Vec<_> =
            letters.iter().map(|letter| (letter.error_class.as_str(), letter.attempts)).collect();
        let expected =
            [("INTERNAL", 5), ("HANDLER_PANICKED", 5), ("ACCOUNT_CLOSED", 1)];
        assert_eq!(found, expected);
        assert_eq!(Event::decode(&letters[2].payload).unwrap().version, 4);
    }

    async fn a_dead_letter_is_not_delivered_again(db: Database) {
        with_tables(&db).await;
        deposit(&db, "accounts/a", [1]).await;
        let judge = Box::new(|_: &Deposited| Err(HandleError::Rejected("ACCOUNT_CLOSED")));
        let (bus, event) = (bus(&db, Bookkeeper { name: "books", judge }), the_event(&db).await);
        for _ in 0..2 {
            bus.publish(&event).await.unwrap();
        }
        assert_eq!(dead_letters(&db).await.len(), 1);
    }

    async fn an_unreadable_event_becomes_a_dead_letter(db: Database) {
        with_tables(&db).await;
        deposit(&db, "accounts/a", [1]).await;
        let mut event = the_event(&db).await;
        event.data.value = vec![0xff];
        bus(&db, bookkeeper("books")).publish(&event).await.unwrap();
        assert_eq!(dead_letters(&db).await[0].error_class, "EVENT_UNREADABLE");
    }

    async fn a_consumer_without_its_database_is_waited_for(db: Database) {
        with_tables(&db).await;
        let calls = Arc::new(AtomicU32::new(0));
        let counted = calls.clone();
        let cut_off = Bookkeeper {
            name: "books",
            judge: Box::new(move |_| match counted.fetch_add(1, Ordering::Relaxed) {
                0..8 => failing(|| PlatformError::Unavailable("database")),
                _ => Ok(()),
            }),
        };
        deposit(&db, "accounts/a", [1]).await;
        let (bus, event) = (bus(&db, cut_off), the_event(&db).await);
        for _ in 0..8 {
            assert!(bus.publish(&event).await.is_err());
        }
        bus.publish(&event).await.unwrap();
        assert_eq!(booked(&db, "accounts/a").await, [1]);
        assert!(dead_letters(&db).await.is_empty());
    }
}
