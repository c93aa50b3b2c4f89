//! A message about a topic is judged by it again when it leaves.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;

use super::{Post, Recorder, answer, message, reason, work};
use crate::delivery::Report;
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::consent::ConsentStatus;
use crate::domain::contact::refusal::ContactRefusal;
use crate::domain::delivery::{AttemptResult, DeliveryState, FailureClass};

const NOWHERE: &str = "http://127.0.0.1:9/";

impl Post {
    /// Makes these, of marketing, the company's topics.
    async fn has_topics(&self, topics: &[(&str, bool)]) {
        let topics = topics.iter().map(|(id, restrictive)| proto::Topic {
            id: (*id).to_owned(),
            purpose: Purpose::Marketing.number(),
            display_name: (*id).to_owned(),
            restrictive: *restrictive,
        });
        self.order(proto::ContactPolicy {
            topics: topics.collect(),
            ..Default::default()
        })
        .await;
    }

    async fn offer_about(&self, customer: &str, topic: &str) -> proto::Delivery {
        let offer = proto::SendMessageRequest {
            purpose: Purpose::Marketing.number(),
            topic: topic.to_owned(),
            campaign: "campaigns/spring".to_owned(),
            ..message(customer, Channel::Email, "Spring offer")
        };
        answer(self.try_send(offer).await);
        self.latest(customer).await
    }

    fn a_moment_later(&self) -> Self {
        let mut post = self.clone();
        let moment = Duration::from_secs(1);
        post.caller.ctx.now = post.ctx.now.saturating_add(moment);
        post.hand.set(post.ctx.now);
        post
    }
}

on_each_engine! {
    async fn who_left_the_topic_before_dispatch_gets_nothing_about_it(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        post.has_topics(&[("news", false), ("events", false)]).await;
        let (ada, _) = post.person("ada@example.com").await;
        let news = post.offer_about(&ada, "news").await;
        let events = post.offer_about(&ada, "events").await;

        let post = post.a_moment_later();
        post.says(&ada, ConsentStatus::OptOut, "news").await;
        work(&post.worker(Recorder::default())).await;

        let refused = post.delivery(&news.name).await;
        assert_eq!(refused.state, DeliveryState::Refused.number());
        assert_eq!(refused.refusals, [ContactRefusal::OptedOut.number()]);
        assert_eq!(post.state(&events.name).await, DeliveryState::Sent);
    }

    /// Nobody knows any more whether the topic needed her consent.
    async fn a_message_about_a_topic_that_is_gone_is_not_sent(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        post.has_topics(&[("news", false)]).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.offer_about(&ada, "news").await;

        post.has_topics(&[]).await;
        let recorder = Recorder::default();
        work(&post.worker(recorder.clone())).await;

        assert_eq!(recorder.seen(), []);
        let refused = post.delivery(&queued.name).await;
        assert_eq!(refused.refusals, [ContactRefusal::ConsentMissing.number()]);
    }

    async fn a_dead_letter_is_queued_again_for_its_topic_and_campaign(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook(NOWHERE).await;
        post.has_topics(&[("news", false)]).await;
        let (ada, _) = post.person("ada@example.com").await;
        let dead = post.offer_about(&ada, "news").await;
        let for_good = || Report::failed(AttemptResult::FailedPermanently, FailureClass::known("TOLD"));
        work(&post.worker(Recorder::answering([for_good()]))).await;

        let retry = || proto::RetryDeliveryRequest { name: dead.name.clone(), ..Default::default() };
        let again = answer(post.deliveries().retry_delivery(retry()).await);
        let permit = proto::GetContactPermitRequest { name: again.permit };
        let mut permits = proto::contact_permit_service_client::ContactPermitServiceClient::new(post.link());
        let permit = answer(permits.get_contact_permit(permit).await);
        assert_eq!((permit.topic.as_str(), permit.campaign.as_str()), ("news", "campaigns/spring"));

        work(&post.worker(Recorder::answering([for_good()]))).await;
        let post = post.a_moment_later();
        post.says(&ada, ConsentStatus::OptOut, "news").await;
        assert_eq!(reason(post.deliveries().retry_delivery(retry()).await), "OPTED_OUT");
    }
}
