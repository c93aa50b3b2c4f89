//! Deliveries that we fail ourselves: they end, and keep nobody waiting.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::ConnectionTrait as _;

use super::{LEASE, Post, Recorder, work};
use crate::delivery::{Connect, Outgoing, Report};
use crate::domain::delivery::{AttemptResult, Connector, DeliveryState};
use crate::error::Error;

const NOWHERE: &str = "http://127.0.0.1:9/";

impl Post {
    /// Does to the tables what no caller can.
    async fn meddle(&self, sql: &str) {
        let done = self.shared.db.write_txn(|txn| async move {
            txn.execute_unprepared(sql).await?;
            Ok::<_, Error>(())
        });
        done.await.unwrap();
    }

    /// Makes rows of deliveries unreadable: those that are there now.
    pub(super) async fn spoil_deliveries(&self) {
        self.meddle("UPDATE delivery SET purpose = 99").await;
    }

    /// A service that gives up at the third time.
    async fn impatient(db: &rapport_platform::db::Database) -> Self {
        let mut post = Self::open(db).await;
        post.caller.shared.outbound.retry.max_attempts = 3;
        post.mail_to_webhook(NOWHERE).await;
        post
    }

    async fn results(&self, delivery: &proto::Delivery) -> Vec<i32> {
        let attempts = self.attempts(&delivery.name).await;
        attempts.into_iter().map(|it| it.result).collect()
    }
}

/// Panics at one message, and hands the others on.
struct Fragile(Recorder);

impl Connect for Fragile {
    const CONNECTOR: Connector = Connector::Webhook;

    async fn deliver(&self, outgoing: &Outgoing) -> Report {
        assert_ne!(outgoing.message.summary, "Poison");
        self.0.deliver(outgoing).await
    }
}

on_each_engine! {
    async fn what_cannot_be_read_is_given_up_in_the_end_and_keeps_nobody_waiting(db: Database) {
        let post = Post::impatient(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let poison = post.mail(&ada, "Poison").await;
        post.spoil_deliveries().await;
        let good = post.mail(&ada, "Hello").await;
        let recorder = Recorder::default();
        let worker = post.worker(recorder.clone());

        work(&worker).await;
        assert_eq!(recorder.seen().len(), 1);
        assert_eq!(post.state(&good.name).await, DeliveryState::Sent);
        let waiting = post.delivery(&poison.name).await;
        assert_eq!((waiting.state, waiting.attempt_count), (DeliveryState::Queued.number(), 1));
        assert_eq!((waiting.failure.as_str(), waiting.possible_duplicate), ("INTERNAL", false));
        assert_eq!(work(&worker).await, 0, "it rests");
        for _ in 0..2 {
            post.hand.advance(Duration::from_secs(150));
            assert_eq!(work(&worker).await, 1);
        }

        assert_eq!(post.state(&poison.name).await, DeliveryState::Failed);
        assert_eq!(post.results(&poison).await, [AttemptResult::FailedTemporarily.number(); 3]);
        assert_eq!(post.events_about(&poison.name).await, ["DeliveryFailed"]);
        post.hand.advance(LEASE);
        assert_eq!(work(&worker).await, 0, "it is over");
    }

    async fn a_message_that_is_gone_is_given_up_in_the_end(db: Database) {
        let post = Post::impatient(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let poison = post.mail(&ada, "Poison").await;
        post.meddle("DELETE FROM interaction").await;
        let worker = post.worker(Recorder::default());
        for _ in 0..3 {
            assert_eq!(work(&worker).await, 1);
            post.hand.advance(Duration::from_secs(150));
        }
        assert_eq!(post.state(&poison.name).await, DeliveryState::Failed);
    }

    async fn a_panic_ends_one_delivery_and_none_beside_it(db: Database) {
        let post = Post::impatient(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let poison = post.mail(&ada, "Poison").await;
        let good = post.mail(&ada, "Hello").await;

        work(&post.worker(Fragile(Recorder::default()))).await;

        assert_eq!(post.state(&good.name).await, DeliveryState::Sent);
        let doubtful = post.delivery(&poison.name).await;
        assert_eq!((doubtful.state, doubtful.failure.as_str()), (DeliveryState::Queued.number(), "INTERNAL"));
        assert!(doubtful.possible_duplicate, "nobody knows how far it came");
        assert_eq!(post.results(&poison).await, [AttemptResult::Unknown.number()]);
    }

    async fn what_was_sent_and_cannot_be_announced_is_not_sent_again(db: Database) {
        let post = Post::impatient(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        let recorder = Recorder::default();
        let worker = post.worker(recorder.clone());
        post.meddle("DROP TABLE outbox").await;

        work(&worker).await;
        post.hand.advance(LEASE);
        work(&worker).await;

        assert_eq!(recorder.seen().len(), 1);
        let sent = post.delivery(&queued.name).await;
        assert_eq!((sent.state, sent.provider_message_id.as_str()), (DeliveryState::Sent.number(), "provider-1"));
        assert!(sent.end_time.is_some() && !sent.possible_duplicate);
        assert_eq!(post.results(&queued).await, [AttemptResult::Sent.number()]);
    }

    async fn what_cannot_even_be_given_up_as_usual_is_given_up(db: Database) {
        let post = Post::impatient(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let poison = post.mail(&ada, "Poison").await;
        post.spoil_deliveries().await;
        post.meddle("DROP TABLE outbox").await;
        let worker = post.worker(Recorder::default());
        for _ in 0..3 {
            work(&worker).await;
            post.hand.advance(LEASE);
        }
        let given_up = post.delivery(&poison.name).await;
        assert_eq!((given_up.state, given_up.attempt_count), (DeliveryState::Failed.number(), 3));
        assert!(given_up.end_time.is_some());
    }
}
