//! Diallers and gateways that pull what they carry out.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::consent_service_client::ConsentServiceClient;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::pull_request::Step;
use rapport_proto::rapport::customer::v1::pull_response::Event;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use super::{LEASE, Post, answer, message};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::refusal::ContactRefusal;
use crate::domain::delivery::{AttemptResult, DeliveryState};
use crate::domain::interaction::Outcome;
use crate::testing;

/// A dialler.
struct Dialler {
    steps: Sender<proto::PullRequest>,
    events: Streaming<proto::PullResponse>,
}

impl Dialler {
    async fn open(post: &Post, channels: &[Channel], capacity: i32) -> Self {
        let (steps, receiver) = channel(16);
        let open = proto::PullOpen {
            channels: channels.iter().map(|it| it.number()).collect(),
            capacity,
            lease_duration: None,
        };
        steps.send(request(Step::Open(open))).await.unwrap();
        let stream = post.queue().pull(ReceiverStream::new(receiver)).await;
        let events = answer(stream);
        Self { steps, events }
    }

    async fn next(&mut self) -> Result<Option<proto::PullResponse>, Status> {
        let next = timeout(Duration::from_secs(20), self.events.message()).await;
        next.expect("something comes")
    }

    async fn delivery(&mut self) -> proto::QueuedDelivery {
        match self.next().await.unwrap().unwrap().event {
            Some(Event::Delivery(delivery)) => delivery,
            other => panic!("{other:?}"),
        }
    }

    async fn receipt(&mut self) -> proto::PullReceipt {
        match self.next().await.unwrap().unwrap().event {
            Some(Event::Receipt(receipt)) => receipt,
            other => panic!("{other:?}"),
        }
    }

    /// Nothing comes for a while.
    async fn nothing(&mut self) {
        let next = timeout(Duration::from_millis(200), self.events.message()).await;
        assert!(next.is_err(), "{next:?}");
    }

    /// Holds it for another hour.
    async fn extend(&self, queued: &proto::QueuedDelivery) {
        let extend = proto::LeaseExtension {
            delivery: name(queued),
            lease: queued.lease.clone(),
            lease_duration: Some(prost_types::Duration {
                seconds: 3_600,
                nanos: 0,
            }),
        };
        self.steps
            .send(request(Step::Extend(extend)))
            .await
            .unwrap();
    }

    async fn report(&self, queued: &proto::QueuedDelivery, result: AttemptResult) {
        let report = proto::DeliveryReport {
            delivery: name(queued),
            lease: queued.lease.clone(),
            result: result.number(),
            ..Default::default()
        };
        self.steps
            .send(request(Step::Report(report)))
            .await
            .unwrap();
    }
}

fn request(step: Step) -> proto::PullRequest {
    proto::PullRequest { step: Some(step) }
}

fn name(queued: &proto::QueuedDelivery) -> String {
    queued.delivery.clone().unwrap().name
}

impl Post {
    /// Somebody with a phone.
    async fn callee(&self) -> String {
        let (ada, _) = self.person("ada@example.com").await;
        self.address(&ada, Address::Phone("+41446681800".to_owned()))
            .await;
        ada
    }

    async fn call(&self, customer: &str, subject: &str) -> proto::Delivery {
        answer(
            self.try_send(message(customer, Channel::Phone, subject))
                .await,
        );
        self.latest(customer).await
    }
}

on_each_engine! {
    async fn a_dialler_gets_what_to_call_about_and_tells_what_came_of_it(db: Database) {
        let post = Post::open(&db).await;
        let ada = post.callee().await;
        post.mail(&ada, "Not for a dialler").await;
        let call = post.call(&ada, "Your router").await;
        let mut dialler = Dialler::open(&post, &[Channel::Phone, Channel::CallCentre], 5).await;

        let queued = dialler.delivery().await;
        assert_eq!((name(&queued), queued.subject.as_str()), (call.name.clone(), "Your router"));
        let address = queued.contact_point.clone().unwrap().address;
        assert_eq!(address, Some(Address::Phone("+41446681800".to_owned())));
        assert_eq!(post.state(&call.name).await, DeliveryState::Leased);
        dialler.report(&queued, AttemptResult::Delivered).await;
        let receipt = dialler.receipt().await;

        assert_eq!((receipt.state, receipt.reason.as_str()), (DeliveryState::Delivered.number(), ""));
        let contact = &post.timeline(&ada).await[0];
        assert_eq!((contact.outcome, &contact.links), (Outcome::Reached.number(), &vec![call.name]));
        dialler.nothing().await;
    }

    async fn what_comes_later_is_sent_too(db: Database) {
        let post = Post::open(&db).await;
        let ada = post.callee().await;
        let mut dialler = Dialler::open(&post, &[Channel::Phone], 5).await;
        dialler.nothing().await;
        let call = post.call(&ada, "Your router").await;
        assert_eq!(name(&dialler.delivery().await), call.name);
    }

    async fn nobody_gets_more_than_he_has_room_for(db: Database) {
        let post = Post::open(&db).await;
        let ada = post.callee().await;
        for number in 0..3 {
            post.call(&ada, &format!("Call {number}")).await;
        }
        let mut dialler = Dialler::open(&post, &[Channel::Phone], 2).await;

        let first = dialler.delivery().await;
        dialler.delivery().await;
        dialler.nothing().await;
        dialler.report(&first, AttemptResult::Sent).await;
        assert_eq!(dialler.receipt().await.state, DeliveryState::Sent.number());
        assert_eq!(dialler.delivery().await.subject, "Call 2");
    }

    async fn an_opt_out_reaches_the_queue_before_the_dialler_does(db: Database) {
        let post = Post::open(&db).await;
        let ada = post.callee().await;
        let call = post.call(&ada, "Your router").await;
        post.refuses(&ada, Channel::Phone).await;

        Dialler::open(&post, &[Channel::Phone], 1).await.nothing().await;

        assert_eq!(post.state(&call.name).await, DeliveryState::Refused);
    }

    async fn who_did_not_answer_is_called_again_later(db: Database) {
        let post = Post::open(&db).await;
        let ada = post.callee().await;
        let call = post.call(&ada, "Your router").await;
        let mut dialler = Dialler::open(&post, &[Channel::Phone], 1).await;
        let queued = dialler.delivery().await;
        dialler.report(&queued, AttemptResult::NoAnswer).await;
        assert_eq!(dialler.receipt().await.state, DeliveryState::Queued.number());
        assert_eq!(post.timeline(&ada).await[0].outcome, Outcome::NoAnswer.number());
        dialler.nothing().await;

        post.hand.advance(LEASE);
        let again = dialler.delivery().await;
        assert_eq!((name(&again), again.delivery.unwrap().possible_duplicate), (call.name, false));
    }

    async fn a_lease_that_ran_out_goes_to_another_who_is_warned(db: Database) {
        let post = Post::open(&db).await;
        let ada = post.callee().await;
        let call = post.call(&ada, "Your router").await;
        let mut silent = Dialler::open(&post, &[Channel::Phone], 1).await;
        let lost = silent.delivery().await;
        let mut other = Dialler::open(&post, &[Channel::Phone], 1).await;
        other.nothing().await;
        // The first one goes; its report comes too late.
        let steps = silent.steps.clone();
        drop(silent);
        drop(steps);
        post.hand.advance(LEASE);

        let taken = other.delivery().await;
        assert!(taken.delivery.clone().unwrap().possible_duplicate);
        let late = proto::QueuedDelivery { lease: lost.lease, ..taken.clone() };
        other.report(&late, AttemptResult::Sent).await;
        let receipt = other.receipt().await;
        assert_eq!((receipt.state, receipt.reason.as_str()), (0, "LEASE_LOST"));
        other.report(&taken, AttemptResult::Sent).await;
        assert_eq!(other.receipt().await.reason, "");
        assert_eq!(post.state(&call.name).await, DeliveryState::Sent);
    }

    async fn a_long_call_is_held_for_longer(db: Database) {
        let post = Post::open(&db).await;
        let ada = post.callee().await;
        let call = post.call(&ada, "Your router").await;
        let mut dialler = Dialler::open(&post, &[Channel::Phone], 1).await;
        let queued = dialler.delivery().await;
        assert_eq!(name(&queued), call.name);
        dialler.extend(&queued).await;
        assert!(dialler.receipt().await.lease_expire_time.is_some());

        post.hand.advance(LEASE * 2);
        dialler.nothing().await;
        dialler.report(&queued, AttemptResult::Sent).await;
        assert_eq!(dialler.receipt().await.state, DeliveryState::Sent.number());
    }

    async fn who_holds_a_call_for_longer_hears_that_it_is_unwelcome_by_now(db: Database) {
        let post = Post::open(&db).await;
        let ada = post.callee().await;
        post.call(&ada, "Your router").await;
        let mut dialler = Dialler::open(&post, &[Channel::Phone], 1).await;
        let queued = dialler.delivery().await;
        dialler.extend(&queued).await;
        assert!(dialler.receipt().await.refusals.is_empty());

        post.refuses(&ada, Channel::Phone).await;
        dialler.extend(&queued).await;
        let receipt = dialler.receipt().await;
        assert_eq!(receipt.refusals, [ContactRefusal::ChannelRefused.number()]);
        assert!(receipt.lease_expire_time.is_some(), "the report can come");
        dialler.report(&queued, AttemptResult::FailedPermanently).await;
        assert_eq!(dialler.receipt().await.state, DeliveryState::Failed.number());
    }

    async fn a_report_that_makes_no_sense_does_not_end_the_stream(db: Database) {
        let post = Post::open(&db).await;
        let ada = post.callee().await;
        post.call(&ada, "Your router").await;
        let mut dialler = Dialler::open(&post, &[Channel::Phone], 1).await;
        let queued = dialler.delivery().await;
        dialler.report(&queued, AttemptResult::Unknown).await;
        assert_eq!(dialler.receipt().await.reason, "INVALID_FIELD");
        let unknown = proto::QueuedDelivery {
            delivery: Some(proto::Delivery {
                name: "deliveries/0192f0c1-7d3a-7000-8000-000000000001".to_owned(),
                ..Default::default()
            }),
            ..queued.clone()
        };
        dialler.report(&unknown, AttemptResult::Sent).await;
        assert_eq!(dialler.receipt().await.reason, "RESOURCE_NOT_FOUND");
        dialler.report(&queued, AttemptResult::Sent).await;
        assert_eq!(dialler.receipt().await.state, DeliveryState::Sent.number());
    }

    async fn a_delivery_that_we_fail_does_not_end_the_stream(db: Database) {
        let post = Post::open(&db).await;
        let ada = post.callee().await;
        let poison = post.call(&ada, "Poison").await;
        post.spoil_deliveries().await;
        let good = post.call(&ada, "Your router").await;
        let mut dialler = Dialler::open(&post, &[Channel::Phone], 5).await;

        let queued = dialler.delivery().await;
        assert_eq!(name(&queued), good.name);
        dialler.report(&queued, AttemptResult::Sent).await;
        assert_eq!(dialler.receipt().await.state, DeliveryState::Sent.number());
        dialler.nothing().await;
        let waiting = post.delivery(&poison.name).await;
        assert_eq!((waiting.state, waiting.failure.as_str()), (DeliveryState::Queued.number(), "INTERNAL"));
    }

    async fn what_a_gateway_carries_for_marketing_has_a_link_to_unsubscribe(db: Database) {
        let post = Post::open(&db).await;
        let ada = post.callee().await;
        let offer = || proto::SendMessageRequest {
            purpose: Purpose::Marketing.number(),
            ..message(&ada, Channel::Phone, "Spring offer")
        };
        answer(post.try_send(offer()).await);
        post.call(&ada, "Your router").await;
        let mut gateway = Dialler::open(&post, &[Channel::Phone], 5).await;

        let link = gateway.delivery().await.unsubscribe_link.unwrap();
        assert_eq!(link.uri, format!("https://contact.example.com/u/{}", link.token));
        assert_eq!(link.list_unsubscribe, format!("<{}>", link.uri));
        assert_eq!(link.list_unsubscribe_post, "List-Unsubscribe=One-Click");
        assert_eq!(gateway.delivery().await.unsubscribe_link, None, "a matter of service");

        let request = proto::UnsubscribeRequest { token: link.token };
        answer(ConsentServiceClient::new(post.link()).unsubscribe(request).await);
        assert!(post.try_send(offer()).await.is_err());
    }

    async fn nobody_pulls_from_another_company(db: Database) {
        let post = Post::open(&db).await;
        let ada = post.callee().await;
        let call = post.call(&ada, "Your router").await;
        let stranger = post.of_another_tenant();
        let mut dialler = Dialler::open(&stranger, &[Channel::Phone], 1).await;
        dialler.nothing().await;
        assert_eq!(post.state(&call.name).await, DeliveryState::Queued);
    }

    async fn a_stream_has_to_be_opened(db: Database) {
        let post = Post::open(&db).await;
        let (steps, receiver) = channel(1);
        let early = proto::DeliveryReport::default();
        steps.send(request(Step::Report(early))).await.unwrap();
        let mut events = answer(post.queue().pull(ReceiverStream::new(receiver)).await);
        let refused = events.message().await.unwrap_err();
        assert_eq!(testing::reason(&refused), "INVALID_FIELD");
        let mut greedy = Dialler::open(&post, &[Channel::Phone], 1_001).await;
        assert_eq!(testing::reason(&greedy.next().await.unwrap_err()), "INVALID_FIELD");
    }
}
