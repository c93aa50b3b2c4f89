//! Processes that die at every step: nothing is lost, and nothing is sent twice without saying so.

use rapport_platform::on_each_engine;
use tokio_util::sync::CancellationToken;

use super::{LEASE, Post, Recorder, work};
use crate::delivery::Report;
use crate::domain::delivery::{AttemptResult, DeliveryState};

const NOWHERE: &str = "http://127.0.0.1:9/";

on_each_engine! {
    async fn who_died_before_the_message_left_leaves_no_doubt(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        let recorder = Recorder::default();
        let worker = post.worker(recorder.clone());

        let claimed = worker.claim(&mut None).await.unwrap();
        assert_eq!(claimed.len(), 1);
        assert_eq!(post.state(&queued.name).await, DeliveryState::Leased);
        assert_eq!(work(&worker).await, 0, "it is held");
        post.hand.advance(LEASE);
        assert_eq!(work(&worker).await, 1, "the lease ran out");

        assert_eq!(recorder.duplicates(), [false]);
        assert_eq!(post.state(&queued.name).await, DeliveryState::Sent);
    }

    async fn who_died_with_the_message_in_hand_may_have_sent_it(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        let recorder = Recorder::default();
        let worker = post.worker(recorder.clone());

        let claimed = worker.claim(&mut None).await.unwrap();
        worker.start(&claimed[0]).await.unwrap().unwrap();
        post.hand.advance(LEASE);
        work(&worker).await;

        assert_eq!(recorder.duplicates(), [true], "the message says so");
        let sent = post.delivery(&queued.name).await;
        assert!(sent.possible_duplicate);
        let attempts = post.attempts(&queued.name).await;
        let results: Vec<_> = attempts.iter().map(|it| it.result).collect();
        assert_eq!(results, [AttemptResult::Unknown, AttemptResult::Sent].map(AttemptResult::number));
        assert_eq!(attempts[0].failure, "INTERRUPTED");
        assert_eq!(attempts.iter().map(|it| it.possible_duplicate).collect::<Vec<_>>(), [false, true]);
    }

    async fn who_died_before_it_could_tell_is_sent_again_under_the_same_id(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, _) = post.person("ada@example.com").await;
        post.mail(&ada, "Hello").await;
        let recorder = Recorder::default();
        let worker = post.worker(recorder.clone());

        let claimed = worker.claim(&mut None).await.unwrap();
        let outgoing = worker.start(&claimed[0]).await.unwrap().unwrap();
        worker.hand_over(&outgoing).await;
        post.hand.advance(LEASE);
        work(&worker).await;

        let seen = recorder.seen();
        assert_eq!(recorder.duplicates(), [false, true]);
        assert_eq!(seen[0].delivery, seen[1].delivery);
    }

    async fn who_tells_too_late_is_noted_and_changes_nothing_else(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        let slow = post.worker(Recorder::default());
        let refusing = Recorder::answering([Report::of(AttemptResult::FailedPermanently)]);

        let claimed = slow.claim(&mut None).await.unwrap();
        let outgoing = slow.start(&claimed[0]).await.unwrap().unwrap();
        let report = slow.hand_over(&outgoing).await;
        post.hand.advance(LEASE);
        work(&post.worker(refusing)).await;
        slow.finish(&outgoing, &report).await.unwrap();

        assert_eq!(post.state(&queued.name).await, DeliveryState::Failed);
        let attempts = post.attempts(&queued.name).await;
        assert_eq!(attempts[0].result, AttemptResult::Sent.number());
    }

    async fn a_future_that_is_dropped_is_a_process_that_died(db: Database) {
        let mut post = Post::open(&db).await;
        post.caller.shared.outbound.retry.max_attempts = 1_000;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        let recorder = Recorder::default();
        let worker = post.worker(recorder.clone());
        // Dropped after every number of steps that the work can be interrupted at.
        for steps in 0..40 {
            let stop = CancellationToken::new();
            let mut served = None;
            let mut round = Box::pin(worker.round(&mut served, &stop));
            for _ in 0..steps {
                if futures::poll!(&mut round).is_ready() {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            drop(round);
            post.hand.advance(LEASE);
        }
        while post.state(&queued.name).await != DeliveryState::Sent {
            post.hand.advance(LEASE);
            work(&worker).await;
        }

        let doubtful = recorder.duplicates();
        assert!(doubtful.iter().skip(1).all(|it| *it), "{doubtful:?}");
    }

    async fn two_processes_share_the_work_and_send_each_message_once(db: Database, storage: &Storage) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, _) = post.person("ada@example.com").await;
        for number in 0..30 {
            post.mail(&ada, &format!("Number {number}")).await;
        }
        let other = post.in_another_process(storage.connect().await);
        let recorder = Recorder::default();
        let (here, there) = (post.worker(recorder.clone()), other.worker(recorder.clone()));

        tokio::join!(work(&here), work(&there));
        work(&here).await;

        let mut seen: Vec<_> = recorder.seen().into_iter().map(|it| it.delivery).collect();
        seen.sort();
        seen.dedup();
        assert_eq!((seen.len(), recorder.seen().len()), (30, 30));
        assert_eq!(post.filtered("state = SENT").await.len(), 30);
        assert_eq!(recorder.duplicates(), [false; 30]);
    }
}
