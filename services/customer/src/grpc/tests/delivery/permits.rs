//! Every message leaves under a permit, which ends as the message does.

use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::on_each_engine;
use rapport_platform::time::{Clock, Timestamp};
use rapport_proto::google::r#type::TimeOfDay;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::consent_service_client::ConsentServiceClient;
use rapport_proto::rapport::customer::v1::contact_permit_service_client::ContactPermitServiceClient;

use super::{Post, Recorder, answer, message, reason, work};
use crate::delivery::Report;
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::consent::ConsentStatus;
use crate::domain::contact::permit::PermitState;
use crate::domain::contact::refusal::ContactRefusal;
use crate::domain::delivery::{AttemptResult, DeliveryState, FailureClass};
use crate::testing::Caller;

const NOWHERE: &str = "http://127.0.0.1:9/";
const DAY: Duration = Duration::from_hours(24);

impl Post {
    async fn open_at(db: &Database, instant: &str) -> Self {
        let mut caller = Caller::of(db).await;
        caller.ctx.now = instant.parse().unwrap();
        let (clock, hand) = Clock::manual(caller.ctx.now);
        caller.shared.clock = clock;
        let post = Self { caller, hand };
        post.mail_to_webhook(NOWHERE).await;
        post
    }

    /// The same post at that instant, its worker too.
    fn at(&self, instant: &str) -> Self {
        let mut post = self.clone();
        post.caller.ctx.now = instant.parse().unwrap();
        post.hand.set(post.caller.ctx.now);
        post
    }

    /// Allows one contact a day.
    async fn one_a_day(&self) {
        let cap = proto::ContactCap {
            max_contacts: 1,
            window: Some(DAY.try_into().unwrap()),
            ..Default::default()
        };
        self.order(proto::ContactPolicy {
            caps: vec![cap],
            ..Default::default()
        })
        .await;
    }

    async fn opts_out(&self, customer: &str, purpose: Purpose) {
        let request = proto::RecordConsentRequest {
            parent: customer.to_owned(),
            consent_event: Some(proto::ConsentEvent {
                purpose: purpose.number(),
                status: ConsentStatus::OptOut.number(),
                source: "phone".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let mut service = ConsentServiceClient::new(self.link());
        answer(service.record_consent(request).await);
    }

    async fn offer(&self, customer: &str) -> proto::Delivery {
        answer(self.try_send(offer(customer)).await);
        self.latest(customer).await
    }

    async fn permit(&self, delivery: &str) -> (PermitState, Option<Timestamp>) {
        let name = self.delivery(delivery).await.permit;
        let permit = self.permit_named(&name).await;
        let state = PermitState::try_from(permit.state).unwrap();
        let made = permit.contact_time.map(|it| it.try_into().unwrap());
        (state, made)
    }

    async fn permit_named(&self, name: &str) -> proto::ContactPermit {
        let name = name.to_owned();
        let request = proto::GetContactPermitRequest { name };
        answer(self.permits().get_contact_permit(request).await)
    }

    fn permits(&self) -> ContactPermitServiceClient<crate::testing::Link> {
        ContactPermitServiceClient::new(self.link())
    }

    async fn retried(&self, delivery: &str) -> Result<proto::Delivery, tonic::Status> {
        let name = delivery.to_owned();
        let request = proto::RetryDeliveryRequest {
            name,
            ..Default::default()
        };
        let retried = self.deliveries().retry_delivery(request).await;
        retried.map(tonic::Response::into_inner)
    }
}

fn offer(customer: &str) -> proto::SendMessageRequest {
    proto::SendMessageRequest {
        purpose: Purpose::Marketing.number(),
        ..message(customer, Channel::Email, "Spring offer")
    }
}

fn time(hours: i32) -> Option<TimeOfDay> {
    Some(TimeOfDay {
        hours,
        ..Default::default()
    })
}

fn ended(result: AttemptResult) -> Report {
    Report::failed(result, FailureClass::known("TOLD"))
}

on_each_engine! {
    /// Audience built 09:59, opt-out 10:00, dispatch 10:01.
    async fn who_opted_out_before_dispatch_gets_nothing_and_has_room_again(db: Database) {
        let post = Post::open_at(&db, "2026-03-10T09:59:00Z").await;
        post.one_a_day().await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.offer(&ada).await;
        let notice = || message(&ada, Channel::Email, "Your order");
        assert_eq!(reason(post.try_send(notice()).await), "CONTACT_CAP_REACHED", "what waits counts");

        post.at("2026-03-10T10:00:00Z").opts_out(&ada, Purpose::Marketing).await;
        let later = post.at("2026-03-10T10:01:00Z");
        let recorder = Recorder::default();
        work(&later.worker(recorder.clone())).await;

        assert_eq!(recorder.seen(), []);
        let refused = later.delivery(&queued.name).await;
        assert_eq!(refused.state, DeliveryState::Refused.number());
        assert_eq!(refused.refusals, [ContactRefusal::OptedOut.number()]);
        assert_eq!(later.permit(&queued.name).await, (PermitState::Released, None));
        assert_eq!(later.permit_named(&refused.permit).await.refusals, refused.refusals);
        answer(later.try_send(notice()).await);
    }

    async fn a_message_in_quiet_hours_waits_until_they_end(db: Database) {
        let evening = Post::open_at(&db, "2026-03-10T20:59:00Z").await;
        let nights = proto::QuietHours { start: time(21), end: time(8), ..Default::default() };
        evening.order(proto::ContactPolicy { quiet_hours: vec![nights], ..Default::default() }).await;
        let (ada, _) = evening.person("ada@example.com").await;
        let queued = evening.offer(&ada).await;
        let recorder = Recorder::default();

        let night = evening.at("2026-03-10T21:01:00Z");
        work(&night.worker(recorder.clone())).await;
        assert_eq!(recorder.seen(), []);
        let waiting = night.delivery(&queued.name).await;
        let morning: Timestamp = "2026-03-11T08:00:00Z".parse().unwrap();
        assert_eq!(waiting.state, DeliveryState::Queued.number());
        assert_eq!(waiting.next_attempt_time, Some(morning.into()));
        assert_eq!(night.permit(&queued.name).await, (PermitState::Confirmed, None));

        let morning = night.at("2026-03-11T08:00:00Z");
        work(&morning.worker(recorder.clone())).await;
        assert_eq!(recorder.seen().len(), 1);
        assert_eq!(morning.state(&queued.name).await, DeliveryState::Sent);
    }

    async fn a_contact_is_made_when_its_message_is_sent(db: Database) {
        let post = Post::open_at(&db, "2026-03-10T10:00:00Z").await;
        post.one_a_day().await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.offer(&ada).await;
        let confirm = proto::ConfirmContactRequest { name: queued.permit.clone() };
        answer(post.permits().confirm_contact(confirm).await);
        assert_eq!(post.permit(&queued.name).await, (PermitState::Confirmed, None), "it waits");

        let evening = post.at("2026-03-10T18:00:00Z");
        work(&evening.worker(Recorder::default())).await;

        let made = Some(evening.ctx.now);
        assert_eq!(evening.permit(&queued.name).await, (PermitState::Confirmed, made));
        let next_noon = post.at("2026-03-11T12:00:00Z");
        assert_eq!(reason(next_noon.try_send(offer(&ada)).await), "CONTACT_CAP_REACHED");
        answer(post.at("2026-03-11T18:00:00Z").try_send(offer(&ada)).await);
    }

    async fn what_is_called_off_or_fails_for_good_gives_its_permit_back(db: Database) {
        let post = Post::open_at(&db, "2026-03-10T10:00:00Z").await;
        post.one_a_day().await;
        let (ada, _) = post.person("ada@example.com").await;
        let cancelled = post.offer(&ada).await;
        let request = proto::CancelDeliveryRequest { name: cancelled.name.clone(), ..Default::default() };
        answer(post.deliveries().cancel_delivery(request).await);
        assert_eq!(post.permit(&cancelled.name).await, (PermitState::Released, None));

        let failed = post.offer(&ada).await;
        let for_good = ended(AttemptResult::FailedPermanently);
        work(&post.worker(Recorder::answering([for_good]))).await;
        assert_eq!(post.state(&failed.name).await, DeliveryState::Failed);
        assert_eq!(post.permit(&failed.name).await, (PermitState::Released, None));
        post.offer(&ada).await;
    }

    async fn what_may_have_been_sent_counts_as_sent(db: Database) {
        let post = Post::open_at(&db, "2026-03-10T10:00:00Z").await;
        let (ada, _) = post.person("ada@example.com").await;
        let doubtful = post.offer(&ada).await;
        let answers = [AttemptResult::Unknown, AttemptResult::FailedPermanently].map(ended);
        let recorder = Recorder::answering(answers);
        work(&post.worker(recorder.clone())).await;
        assert_eq!(post.permit(&doubtful.name).await, (PermitState::Confirmed, None));

        let later = post.at("2026-03-10T11:00:00Z");
        work(&later.worker(recorder)).await;

        assert_eq!(later.state(&doubtful.name).await, DeliveryState::Failed);
        let made = Some(later.ctx.now);
        assert_eq!(later.permit(&doubtful.name).await, (PermitState::Confirmed, made));
    }

    async fn a_dead_letter_needs_another_permit(db: Database) {
        let post = Post::open_at(&db, "2026-03-10T10:00:00Z").await;
        post.one_a_day().await;
        let (ada, _) = post.person("ada@example.com").await;
        let dead = post.offer(&ada).await;
        let for_good = ended(AttemptResult::FailedPermanently);
        work(&post.worker(Recorder::answering([for_good]))).await;

        let retried = post.retried(&dead.name).await.unwrap();
        assert_ne!(retried.permit, dead.permit);
        assert_eq!(post.permit(&dead.name).await, (PermitState::Confirmed, None));
        assert_eq!(reason(post.try_send(offer(&ada)).await), "CONTACT_CAP_REACHED");

        let for_good = ended(AttemptResult::FailedPermanently);
        work(&post.worker(Recorder::answering([for_good]))).await;
        post.opts_out(&ada, Purpose::Marketing).await;
        let refused = post.retried(&dead.name).await.unwrap_err();
        assert_eq!(crate::testing::reason(&refused), "OPTED_OUT");
        assert_eq!(post.state(&dead.name).await, DeliveryState::Failed);
    }
}
