//! What leaves, when, and what does not.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use tokio_util::sync::CancellationToken;

use super::{Post, Recorder, answer, message, reason, work};
use crate::delivery::{DeliveryConfig, Report, clear};
use crate::domain::channel::Channel;
use crate::domain::contact::refusal::ContactRefusal;
use crate::domain::delivery::{AttemptResult, Connector, DeliveryState, FailureClass};
use crate::testing::delivery_config;

const NOWHERE: &str = "http://127.0.0.1:9/";

fn busy() -> Report {
    Report::failed(
        AttemptResult::FailedTemporarily,
        FailureClass::known("BUSY"),
    )
}

on_each_engine! {
    async fn a_message_leaves_and_says_so(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, point) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        assert_eq!(queued.state, DeliveryState::Queued.number());
        assert_eq!(queued.connector, Connector::Webhook.number());
        assert_eq!((&queued.customer, &queued.contact_point), (&ada, &point.name));
        assert_eq!(queued.interaction, post.timeline(&ada).await[0].name);

        work(&post.worker(Recorder::default())).await;

        let sent = post.delivery(&queued.name).await;
        assert_eq!(sent.state, DeliveryState::Sent.number());
        assert_eq!((sent.attempt_count, sent.possible_duplicate), (1, false));
        assert_eq!(sent.provider_message_id, "provider-1");
        assert!(sent.end_time.is_some() && sent.next_attempt_time.is_none());
        assert_eq!(post.events_about(&queued.name).await, ["DeliverySent"]);
    }

    /// Audience built 09:59, opt-out 10:00, dispatch 10:01.
    async fn who_opted_out_before_dispatch_is_not_contacted(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Spring offer").await;
        post.hand.advance(Duration::from_secs(60));
        post.refuses(&ada, Channel::Email).await;
        post.hand.advance(Duration::from_secs(60));
        let recorder = Recorder::default();

        work(&post.worker(recorder.clone())).await;

        assert_eq!(recorder.seen(), []);
        let refused = post.delivery(&queued.name).await;
        assert_eq!(refused.state, DeliveryState::Refused.number());
        assert_eq!(refused.refusals, [ContactRefusal::ChannelRefused.number()]);
        assert_eq!(refused.attempt_count, 0);
        assert_eq!(post.events_about(&queued.name).await, ["DeliveryRefused"]);
    }

    async fn an_address_that_broke_meanwhile_is_not_used(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, point) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        let request = proto::ReportContactPointProblemRequest {
            name: point.name,
            state: proto::ContactPointState::Bounced.into(),
            ..Default::default()
        };
        answer(post.contact_points().report_contact_point_problem(request).await);
        let recorder = Recorder::default();

        work(&post.worker(recorder.clone())).await;

        assert_eq!(recorder.seen(), []);
        let refused = post.delivery(&queued.name).await;
        let dead = [ContactRefusal::NoUsableContactPoint, ContactRefusal::Suppressed];
        assert_eq!(refused.refusals, dead.map(ContactRefusal::number));
    }

    async fn who_is_gone_is_not_contacted(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        let request = proto::DeleteCustomerRequest { name: ada, ..Default::default() };
        answer(post.customers().delete_customer(request).await);
        let recorder = Recorder::default();

        work(&post.worker(recorder.clone())).await;

        assert_eq!(recorder.seen(), []);
        let refused = post.delivery(&queued.name).await;
        assert_eq!(refused.state, DeliveryState::Refused.number());
        assert_eq!(refused.failure, "CUSTOMER_DELETED");
    }

    async fn what_fails_for_now_is_tried_again_and_given_up_in_the_end(db: Database) {
        let mut post = Post::open(&db).await;
        let config = DeliveryConfig { max_attempts: 3, ..delivery_config() };
        post.caller.shared.outbound.retry.max_attempts = 3;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        let recorder = Recorder::answering([busy(), busy(), busy()]);
        let worker = post.worker_with(recorder.clone(), &config);

        work(&worker).await;
        let waiting = post.delivery(&queued.name).await;
        assert_eq!((waiting.state, waiting.failure.as_str()), (DeliveryState::Queued.number(), "BUSY"));
        assert_eq!(work(&worker).await, 0, "it rests");
        for _ in 0..2 {
            post.hand.advance(Duration::from_secs(150));
            assert_eq!(work(&worker).await, 1);
        }

        assert_eq!(post.state(&queued.name).await, DeliveryState::Failed);
        assert_eq!(recorder.duplicates(), [false; 3], "it was told that none was sent");
        assert_eq!(post.events_about(&queued.name).await, ["DeliveryFailed"]);

        let retry = || proto::RetryDeliveryRequest { name: queued.name.clone(), ..Default::default() };
        answer(post.deliveries().retry_delivery(retry()).await);
        work(&worker).await;
        assert_eq!(post.state(&queued.name).await, DeliveryState::Sent);
        assert_eq!(post.attempts(&queued.name).await.len(), 4);
        assert_eq!(reason(post.deliveries().retry_delivery(retry()).await), "INVALID_STATE");
    }

    async fn what_fails_for_good_is_not_tried_again(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        let for_good = Report::failed(AttemptResult::FailedPermanently, FailureClass::known("GONE"));

        work(&post.worker(Recorder::answering([for_good]))).await;

        assert_eq!(post.state(&queued.name).await, DeliveryState::Failed);
        post.hand.advance(Duration::from_secs(86_400));
        assert_eq!(work(&post.worker(Recorder::default())).await, 0);
    }

    async fn what_waits_can_be_called_off_and_what_left_can_not(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        let cancel = |etag: &str| proto::CancelDeliveryRequest {
            name: queued.name.clone(),
            etag: etag.to_owned(),
            ..Default::default()
        };
        let recorder = Recorder::default();
        let worker = post.worker(recorder.clone());

        assert_eq!(reason(post.deliveries().cancel_delivery(cancel("W/\"old\"")).await), "ETAG_MISMATCH");
        let cancelled = answer(post.deliveries().cancel_delivery(cancel(&queued.etag)).await);
        assert_eq!(cancelled.state, DeliveryState::Cancelled.number());
        work(&worker).await;
        assert_eq!(recorder.seen(), []);

        let sent = post.mail(&ada, "Hello again").await;
        worker.claim(&mut None).await.unwrap();
        let request = proto::CancelDeliveryRequest { name: sent.name, ..Default::default() };
        assert_eq!(reason(post.deliveries().cancel_delivery(request).await), "INVALID_STATE");
    }

    async fn a_tenant_with_much_to_send_does_not_keep_another_waiting(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        let other = post.of_another_tenant();
        other.mail_to_webhook(NOWHERE).await;
        let (ada, _) = post.person("ada@example.com").await;
        for number in 0..12 {
            post.mail(&ada, &format!("Number {number}")).await;
        }
        let (bob, _) = other.person("bob@example.com").await;
        let his = other.mail(&bob, "Hello").await;
        let config = DeliveryConfig { batch_size: 6, ..delivery_config() };

        assert_eq!(work(&post.worker_with(Recorder::default(), &config)).await, 4);

        assert_eq!(other.state(&his.name).await, DeliveryState::Sent);
        assert_eq!(post.filtered("state = QUEUED").await.len(), 9);
    }

    async fn who_is_told_to_stop_gives_back_what_it_has_not_begun(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        let recorder = Recorder::default();
        let stop = CancellationToken::new();
        stop.cancel();

        post.worker(recorder.clone()).round(&mut None, &stop).await.unwrap();

        assert_eq!(recorder.seen(), []);
        let waiting = post.delivery(&queued.name).await;
        assert_eq!((waiting.state, waiting.attempt_count), (DeliveryState::Queued.number(), 0));
        assert_eq!(work(&post.worker(recorder)).await, 1);
    }

    async fn a_message_that_is_refused_leaves_no_delivery(db: Database) {
        let post = Post::open(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        post.refuses(&ada, Channel::Email).await;

        assert_eq!(reason(post.try_send(message(&ada, Channel::Email, "Hi")).await), "CHANNEL_REFUSED");
        assert_eq!(reason(post.try_send(message(&ada, Channel::Phone, "")).await), "INVALID_FIELD");

        assert!(post.filtered("").await.is_empty());
    }

    async fn deliveries_are_found_by_what_they_are(db: Database) {
        let post = Post::open(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        post.address(&ada, Address::Phone("+41446681800".into())).await;
        let (bob, _) = post.person("bob@example.com").await;
        let mail = post.mail(&ada, "Hello").await;
        answer(post.try_send(message(&ada, Channel::Phone, "Call")).await);
        post.mail(&bob, "Hello").await;

        assert_eq!(post.filtered("channel = PHONE").await.len(), 1);
        let of_ada = format!("state = QUEUED AND connector = QUEUE AND customer = \"{ada}\"");
        assert_eq!(post.filtered(&of_ada).await.len(), 2);
        assert!(post.filtered("possible_duplicate = true").await.is_empty());
        let bad = proto::ListDeliveriesRequest { filter: "subject = a".into(), ..Default::default() };
        assert_eq!(reason(post.deliveries().list_deliveries(bad).await), "INVALID_FILTER");
        let mut token = String::new();
        let mut seen = Vec::new();
        loop {
            let request = proto::ListDeliveriesRequest { page_size: 2, page_token: token, ..Default::default() };
            let page = answer(post.deliveries().list_deliveries(request).await);
            seen.extend(page.deliveries.into_iter().map(|it| it.name));
            token = page.next_page_token;
            if token.is_empty() { break; }
        }
        assert_eq!((seen.len(), &seen[2]), (3, &mail.name), "latest first");
    }

    async fn deliveries_stay_in_the_company(db: Database) {
        let post = Post::open(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        let stranger = post.of_another_tenant();
        let name = || queued.name.clone();

        let get = proto::GetDeliveryRequest { name: name() };
        assert_eq!(reason(stranger.deliveries().get_delivery(get).await), "RESOURCE_NOT_FOUND");
        let attempts = proto::ListDeliveryAttemptsRequest { parent: name(), ..Default::default() };
        assert_eq!(reason(stranger.deliveries().list_delivery_attempts(attempts).await), "RESOURCE_NOT_FOUND");
        let cancel = proto::CancelDeliveryRequest { name: name(), ..Default::default() };
        assert_eq!(reason(stranger.deliveries().cancel_delivery(cancel).await), "RESOURCE_NOT_FOUND");
        let retry = proto::RetryDeliveryRequest { name: name(), ..Default::default() };
        assert_eq!(reason(stranger.deliveries().retry_delivery(retry).await), "RESOURCE_NOT_FOUND");
        assert!(stranger.filtered("").await.is_empty());
        assert_eq!(post.state(&queued.name).await, DeliveryState::Queued);
    }

    async fn attempts_of_long_ago_are_forgotten(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        let (ada, _) = post.person("ada@example.com").await;
        let old = post.mail(&ada, "Hello").await;
        let worker = post.worker(Recorder::default());
        work(&worker).await;
        post.hand.advance(Duration::from_secs(3_600));
        let new = post.mail(&ada, "Hello").await;
        work(&worker).await;

        let keep = Duration::from_secs(1_800);
        clear(&db, &post.shared.clock, keep).await.unwrap();

        assert!(post.attempts(&old.name).await.is_empty());
        assert_eq!(post.attempts(&new.name).await.len(), 1);
    }
}
