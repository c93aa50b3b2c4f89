//! From the outbox to the bus.

use std::sync::Mutex;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::*;
use crate::id::new_id;
use crate::on_each_engine;
use crate::outbox::{BusError, backlog};

const HOUR: Duration = Duration::from_secs(3_600);

/// A bus that takes events and then never says so.
struct Silent {
    bus: LocalBus,
    taken: Arc<Notify>,
}

#[tonic::async_trait]
impl Bus for Silent {
    async fn publish(&self, event: &Event) -> Result<(), BusError> {
        self.bus.publish(event).await?;
        self.taken.notify_one();
        std::future::pending().await
    }
}

/// A bus that keeps versions in the order in which it got them, and refuses some at first.
#[derive(Clone, Default)]
struct Moody {
    got: Arc<Mutex<Vec<i64>>>,
    refusals: Arc<Mutex<Vec<i64>>>,
}

#[tonic::async_trait]
impl Bus for Moody {
    async fn publish(&self, event: &Event) -> Result<(), BusError> {
        let mut refusals = self.refusals.lock().unwrap();
        if let Some(at) = refusals
            .iter()
            .position(|version| *version == event.version)
        {
            refusals.remove(at);
            let cause = PlatformError::Unavailable("bus");
            return Err(BusError::Subscriber {
                consumer: "moody",
                cause,
            });
        }
        self.got.lock().unwrap().push(event.version);
        Ok(())
    }
}

on_each_engine! {
    async fn a_commit_is_published_at_once(db: Database) {
        with_tables(&db).await;
        let patient = RelayConfig { poll_interval: HOUR, ..quick() };
        let running = Running::start(&db, bus(&db, bookkeeper("books")), patient);
        for version in 1..=3 {
            deposit(&db, "accounts/a", [version]).await;
            all_published(&db).await;
        }
        assert_eq!(booked(&db, "accounts/a").await, [1, 2, 3]);
        running.stop().await;
    }

    async fn a_commit_of_another_process_is_found(db: Database, storage: &Storage) {
        with_tables(&db).await;
        let running = Running::start(&db, bus(&db, bookkeeper("books")), quick());
        deposit(&storage.connect().await, "accounts/a", [1]).await;
        all_published(&db).await;
        assert_eq!(booked(&db, "accounts/a").await, [1]);
        running.stop().await;
    }

    async fn what_was_rolled_back_is_not_published(db: Database) {
        with_tables(&db).await;
        let running = Running::start(&db, bus(&db, bookkeeper("books")), quick());
        let ctx = &context();
        let events = &[NewEvent::new("accounts/a", 1, &Deposited { amount: 1 })];
        let refused = db.write_txn(|txn| async move {
            append(&txn, ctx, events).await?;
            Err::<(), _>(PlatformError::DeadlineExceeded)
        });
        assert!(refused.await.is_err());
        deposit(&db, "accounts/b", [1]).await;
        eventually(async || booked(&db, "accounts/b").await == [1]).await;
        assert!(booked(&db, "accounts/a").await.is_empty());
        running.stop().await;
    }

    async fn a_crash_between_publishing_and_marking_has_no_second_effect(db: Database) {
        with_tables(&db).await;
        deposit(&db, "accounts/a", [1]).await;
        let taken = Arc::new(Notify::new());
        let silent = Silent { bus: bus(&db, bookkeeper("books")), taken: taken.clone() };
        let short = RelayConfig { lease: Duration::from_millis(100), ..quick() };
        let crashing = Running::start(&db, silent, short.clone());
        taken.notified().await;
        crashing.kill().await;
        assert_eq!(booked(&db, "accounts/a").await, [1]);
        let row = outbox::Entity::find().one(db.read()).await.unwrap().unwrap();
        assert_eq!(row.publish_time, None, "nothing was marked");

        let running = Running::start(&db, bus(&db, bookkeeper("books")), short);
        all_published(&db).await;
        running.stop().await;
        assert_eq!(booked(&db, "accounts/a").await, [1]);
    }

    async fn two_relays_have_each_effect_once_and_in_order(db: Database, storage: &Storage) {
        with_tables(&db).await;
        // So short that the lease changes hands while events are on their way.
        let config = RelayConfig { lease: Duration::from_millis(30), ..quick() };
        let mut relays = Vec::new();
        for _ in 0..2 {
            let db = storage.connect().await;
            relays.push(Running::start(&db, bus(&db, bookkeeper("books")), config.clone()));
        }
        for tens in 0..5 {
            for account in ["accounts/a", "accounts/b", "accounts/c"] {
                deposit(&db, account, tens * 10 + 1..=tens * 10 + 10).await;
            }
        }
        all_published(&db).await;
        for account in ["accounts/a", "accounts/b", "accounts/c"] {
            assert_eq!(booked(&db, account).await, Vec::from_iter(1..=50), "{account}");
        }
        for relay in relays {
            relay.stop().await;
        }
    }

    async fn only_the_holder_of_the_lease_publishes(db: Database, storage: &Storage) {
        with_tables(&db).await;
        let config = RelayConfig { lease: HOUR, ..quick() };
        let (first, second) = (Moody::default(), Moody::default());
        let leader = Running::start(&db, first.clone(), config.clone());
        deposit(&db, "accounts/a", [1]).await;
        all_published(&db).await;
        let standby = Running::start(&storage.connect().await, second.clone(), config.clone());
        deposit(&db, "accounts/a", 2..=60).await;
        all_published(&db).await;
        standby.stop().await;

        leader.stop().await;
        // A leader that stops gives up the lease: nobody waits for the hour to pass.
        let successor = Running::start(&storage.connect().await, second.clone(), config);
        deposit(&db, "accounts/a", [61]).await;
        all_published(&db).await;
        successor.stop().await;
        assert_eq!(*first.got.lock().unwrap(), Vec::from_iter(1..=60));
        assert_eq!(*second.got.lock().unwrap(), [61]);
    }

    async fn versions_of_an_aggregate_follow_each_other_although_clocks_differ(db: Database) {
        with_tables(&db).await;
        // Versions 2, 4 and 6 come from a process whose clock is behind.
        let ids: Vec<_> = (0..6).map(|_| new_id()).collect();
        for (version, id) in [(1, 3), (2, 0), (3, 4), (4, 1), (5, 5), (6, 2)] {
            deposit(&db, "accounts/a", [version]).await;
            let row = outbox::Entity::find()
                .filter(outbox::Column::Version.eq(version))
                .one(db.read())
                .await
                .unwrap()
                .unwrap();
            let moved = outbox::Entity::update_many()
                .col_expr(outbox::Column::EventId, Expr::value(ids[id]))
                .filter(outbox::Column::EventId.eq(row.event_id));
            let moved = &moved;
            db.write_txn(|txn| async move {
                moved.clone().exec(&*txn).await.map(|_| ()).map_err(PlatformError::from)
            })
            .await
            .unwrap();
        }
        let bus = Moody::default();
        let two_at_a_time = RelayConfig { batch_size: 2, ..quick() };
        let running = Running::start(&db, bus.clone(), two_at_a_time);
        all_published(&db).await;
        running.stop().await;
        assert_eq!(*bus.got.lock().unwrap(), [1, 2, 3, 4, 5, 6]);
    }

    async fn an_event_that_the_bus_refuses_holds_back_its_aggregate_only(db: Database) {
        with_tables(&db).await;
        let bus = Moody::default();
        *bus.refusals.lock().unwrap() = vec![12, 12];
        deposit(&db, "accounts/a", 11..=13).await;
        deposit(&db, "accounts/b", 21..=23).await;
        let running = Running::start(&db, bus.clone(), quick());
        all_published(&db).await;
        running.stop().await;
        let got = bus.got.lock().unwrap().clone();
        let of = |account: i64| Vec::from_iter(got.iter().filter(|version| *version / 10 == account));
        assert_eq!(of(1), [&11, &12, &13]);
        assert_eq!(of(2), [&21, &22, &23]);
        let refused = got.iter().position(|version| *version == 12).unwrap();
        assert!(got[..refused].contains(&23), "the other account did not wait: {got:?}");
        let row = outbox::Entity::find().filter(outbox::Column::Version.eq(12));
        assert_eq!(row.one(db.read()).await.unwrap().unwrap().attempts, 2);
    }

    async fn a_relay_stops_between_events(db: Database) {
        with_tables(&db).await;
        deposit(&db, "accounts/a", 1..=1_000).await;
        let running = Running::start(&db, bus(&db, bookkeeper("books")), RelayConfig {
            batch_size: 1_000,
            ..quick()
        });
        eventually(async || !booked(&db, "accounts/a").await.is_empty()).await;
        timeout(Duration::from_secs(2), running.stop()).await.unwrap();
        let booked = booked(&db, "accounts/a").await;
        let left = backlog::next(&db, 1_000).await.unwrap();
        let first_left = left.first().map(|queue| queue[0].version);
        assert_eq!(first_left, booked.last().map(|last| last + 1), "what arrived is marked");
    }
}
