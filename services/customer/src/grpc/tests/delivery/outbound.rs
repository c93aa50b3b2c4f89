//! Messages that other services hand over.

use std::time::Duration;

use rapport_platform::identity::Context;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_permit_service_client::ContactPermitServiceClient;
use rapport_proto::rapport::customer::v1::privacy_service_client::PrivacyServiceClient;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};
use tonic::{Response, Status};

use super::smtp::MailProcess;
use super::{Post, Recorder, answer, message, reason, work};
use crate::delivery::SmtpConnector;
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::permit::PermitState;
use crate::domain::delivery::DeliveryState;
use crate::error::Error;
use crate::grpc::message::take_over;
use crate::store::contact::policy;
use crate::store::entity::delivery_attachment;

const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

impl Post {
    /// The same people later, by every clock.
    fn later(&self, by: Duration) -> Self {
        self.hand.advance(by);
        Self {
            caller: self.caller.later(by),
            ..self.clone()
        }
    }

    /// Makes one contact a day the company's rule.
    async fn once_a_day(&self) {
        self.daily(1).await;
    }

    /// Makes so many contacts a day the company's rule.
    async fn daily(&self, max_contacts: i32) {
        let cap = proto::ContactCap {
            max_contacts,
            window: Some(DAY.try_into().unwrap()),
            ..Default::default()
        };
        let document = &proto::ContactPolicy {
            caps: vec![cap],
            ..Default::default()
        };
        let (ctx, db) = (&self.ctx, &self.shared.db);
        let ruled = db.write_txn(|txn| async move {
            let before = policy::current(ctx, &*txn).await?;
            policy::append(ctx, &txn, &before, document).await?;
            Ok::<_, Error>(())
        });
        ruled.await.unwrap();
    }

    /// The leave that the gateway gets.
    async fn reserved(&self, customer: &str) -> proto::ContactPermit {
        answer(self.try_reserve(customer).await)
    }

    async fn try_reserve(&self, customer: &str) -> Result<Response<proto::ContactPermit>, Status> {
        let request = proto::ReserveContactRequest {
            contact: Some(proto::CheckContactRequest {
                customer: customer.to_owned(),
                channel: Channel::Email.number(),
                purpose: Purpose::Sales.number(),
                ..Default::default()
            }),
            ..Default::default()
        };
        self.permit_service().reserve_contact(request).await
    }

    fn permit_service(&self) -> ContactPermitServiceClient<crate::testing::Link> {
        ContactPermitServiceClient::new(self.link())
    }

    /// The states of a customer's permits, latest first.
    async fn permit_states(&self, customer: &str) -> Vec<PermitState> {
        let request = proto::ListContactPermitsRequest {
            customer: customer.to_owned(),
            ..Default::default()
        };
        let listed = answer(self.permit_service().list_contact_permits(request).await);
        let states = listed.contact_permits.into_iter();
        states
            .map(|it| PermitState::try_from(it.state).unwrap())
            .collect()
    }

    /// Confirms a permit, as the gateway does after the call.
    async fn confirmed(&self, permit: &proto::ContactPermit) {
        answer(self.try_confirm(permit).await);
    }

    async fn try_confirm(
        &self,
        permit: &proto::ContactPermit,
    ) -> Result<Response<proto::ContactPermit>, Status> {
        let name = permit.name.clone();
        let request = proto::ConfirmContactRequest { name };
        self.permit_service().confirm_contact(request).await
    }

    async fn hand_over(&self, message: proto::OutboundMessage) -> Result<(), Error> {
        let (ctx, outbound): (&Context, _) = (&self.ctx, &self.shared.outbound);
        let message = &message;
        self.shared
            .db
            .write_txn(|txn| async move { take_over(outbound, ctx, &txn, message.clone()).await })
            .await
    }
}

fn outbound(customer: &str, permit: &proto::ContactPermit) -> proto::OutboundMessage {
    proto::OutboundMessage {
        customer: customer.to_owned(),
        channel: Channel::Email.number(),
        purpose: Purpose::Sales.number(),
        contact_permit: permit.name.clone(),
        subject: "Your offer".to_owned(),
        body: "Please find it attached.".to_owned(),
        attachments: vec![proto::Attachment {
            file_name: "Offerte Zoë.pdf".to_owned(),
            media_type: "application/pdf".to_owned(),
            content: vec![0xFF; 60],
        }],
        links: vec!["quotes/17".to_owned()],
        ..Default::default()
    }
}

on_each_engine! {
    async fn a_message_that_is_handed_over_arrives_with_its_documents(db: Database) {
        let mut server = MailProcess::protected(crate::delivery::SmtpTls::None).await;
        let post = Post::with_mail_server(&db).await;
        let (ada, point) = post.person("ada@example.com").await;
        let permit = post.reserved(&ada).await;
        post.hand_over(outbound(&ada, &permit)).await.unwrap();

        work(&post.worker(SmtpConnector::new(&server.config()).unwrap())).await;

        let mail = server.mail().await;
        let content = mail["content"].as_str().unwrap();
        for part in ["multipart/mixed", "Please find it attached.", "application/pdf", "////////////////////"] {
            assert!(content.contains(part), "{part}: {content}");
        }
        assert!(server.has_nothing_more().await);
        let said = post.timeline(&ada).await;
        assert_eq!((said.len(), said[0].links.as_slice()), (1, ["quotes/17".to_owned()].as_slice()));
        assert_eq!(said[0].contact_point, point.name);
        assert_eq!(post.permit_states(&ada).await, [PermitState::Confirmed], "the reserved one, and no other");
    }

    async fn a_permit_that_the_gateway_has_confirmed_is_used_too(db: Database) {
        let post = Post::open(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let permit = post.reserved(&ada).await;
        post.confirmed(&permit).await;
        post.hand_over(outbound(&ada, &permit)).await.unwrap();
        assert_eq!(post.permit_states(&ada).await, [PermitState::Confirmed]);
        assert_eq!(post.latest(&ada).await.permit, permit.name);
    }

    async fn what_is_handed_over_counts_until_it_leaves(db: Database) {
        let post = Post::open(&db).await;
        post.once_a_day().await;
        post.mail_to_webhook("http://127.0.0.1:9/").await;
        let (ada, _) = post.person("ada@example.com").await;
        let permit = post.reserved(&ada).await;
        post.confirmed(&permit).await;
        post.hand_over(outbound(&ada, &permit)).await.unwrap();

        let later = post.later(2 * DAY);
        assert_eq!(reason(later.try_reserve(&ada).await), "CONTACT_CAP_REACHED", "it has not left yet");
        work(&later.worker(Recorder::default())).await;
        assert_eq!(reason(post.later(3 * DAY - HOUR).try_reserve(&ada).await), "CONTACT_CAP_REACHED", "a day has not passed");
        post.later(3 * DAY + HOUR).reserved(&ada).await;
    }

    async fn what_is_handed_over_too_late_for_its_cap_stays(db: Database) {
        let post = Post::open(&db).await;
        post.once_a_day().await;
        post.mail_to_webhook("http://127.0.0.1:9/").await;
        let (ada, _) = post.person("ada@example.com").await;
        let permit = post.reserved(&ada).await;
        post.confirmed(&permit).await;
        let later = post.later(2 * DAY);
        let other = later.reserved(&ada).await;
        later.confirmed(&other).await;

        later.hand_over(outbound(&ada, &permit)).await.unwrap();
        let recorder = Recorder::default();
        work(&later.worker(recorder.clone())).await;
        assert!(recorder.seen().is_empty());
        let delivery = later.latest(&ada).await;
        assert_eq!(delivery.state, DeliveryState::Refused.number());
        assert_eq!(delivery.refusals, [i32::from(proto::ContactRefusal::CapReached)]);
        assert_eq!(later.permit_states(&ada).await, [PermitState::Confirmed, PermitState::Released]);
    }

    async fn what_counts_again_when_it_is_handed_over_takes_its_place(db: Database) {
        let post = Post::open(&db).await;
        post.daily(2).await;
        let (ada, _) = post.person("ada@example.com").await;
        let permit = post.reserved(&ada).await;
        post.confirmed(&permit).await;
        post.reserved(&ada).await;
        let later = post.later(2 * DAY);
        // With room for one more, which is noted for whoever comes next.
        later.reserved(&ada).await;

        later.hand_over(outbound(&ada, &permit)).await.unwrap();

        assert_eq!(reason(later.try_reserve(&ada).await), "CONTACT_CAP_REACHED");
    }

    async fn what_expired_when_another_took_its_place_stays_so(db: Database) {
        let post = Post::open(&db).await;
        post.daily(2).await;
        let (ada, _) = post.person("ada@example.com").await;
        let permit = post.reserved(&ada).await;
        post.confirmed(&permit).await;
        let later = post.later(2 * DAY);
        let made = later.reserved(&ada).await;
        later.confirmed(&made).await;
        let expires = later.reserved(&ada).await;

        let after = later.later(HOUR);
        after.hand_over(outbound(&ada, &permit)).await.unwrap();

        // By a clock that shows the time before.
        assert_eq!(reason(later.try_confirm(&expires).await), "INVALID_STATE");
    }

    async fn the_gateway_may_confirm_what_was_taken_over_before(db: Database) {
        let post = Post::open(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let permit = post.reserved(&ada).await;
        post.hand_over(outbound(&ada, &permit)).await.unwrap();
        post.confirmed(&permit).await;
        assert_eq!(post.permit_states(&ada).await, [PermitState::Confirmed]);
    }

    async fn who_refuses_meanwhile_gets_nothing(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook("http://127.0.0.1:9/").await;
        let (ada, _) = post.person("ada@example.com").await;
        let permit = post.reserved(&ada).await;
        post.refuses(&ada, Channel::Email).await;
        post.hand_over(outbound(&ada, &permit)).await.unwrap();
        let recorder = Recorder::default();
        work(&post.worker(recorder.clone())).await;
        assert!(recorder.seen().is_empty());
        let delivery = post.latest(&ada).await;
        assert_eq!(post.state(&delivery.name).await, DeliveryState::Refused);
        assert_eq!(post.permit_states(&ada).await, [PermitState::Released]);
    }

    async fn when_the_leave_has_expired_it_is_asked_again(db: Database) {
        let post = Post::open(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let permit = post.reserved(&ada).await;
        let mut late = post.clone();
        late.caller.ctx.now = late.ctx.now.saturating_add(Duration::from_hours(1));
        late.hand_over(outbound(&ada, &permit)).await.unwrap();
        assert_eq!(late.permit_states(&ada).await, [PermitState::Confirmed, PermitState::Expired]);

        let permit = late.reserved(&ada).await;
        late.refuses(&ada, Channel::Email).await;
        late.caller.ctx.now = late.ctx.now.saturating_add(Duration::from_hours(1));
        late.hand_over(outbound(&ada, &permit)).await.unwrap();
        let refused = late.latest(&ada).await;
        assert_eq!(late.state(&refused.name).await, DeliveryState::Refused);
        assert!(!refused.refusals.is_empty());
        assert_eq!(late.events_about(&refused.name).await, ["DeliveryRefused"]);
    }

    async fn what_can_not_be_sent_is_refused_whole(db: Database) {
        let post = Post::open(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        let permit = post.reserved(&ada).await;
        let good = outbound(&ada, &permit);
        let mut path = good.clone();
        path.attachments[0].file_name = "../../etc/passwd".to_owned();
        for wrong in [
            path,
            proto::OutboundMessage { subject: String::new(), ..good.clone() },
            proto::OutboundMessage { channel: 0, ..good.clone() },
            proto::OutboundMessage { customer: "customers/1".to_owned(), ..good.clone() },
            proto::OutboundMessage { contact_permit: "permits/1".to_owned(), ..good.clone() },
        ] {
            post.hand_over(wrong).await.unwrap_err();
        }
        assert!(post.timeline(&ada).await.is_empty());
        post.hand_over(good.clone()).await.unwrap();
        let stranger = post.of_another_tenant();
        stranger.hand_over(good).await.unwrap_err();
    }

    async fn documents_are_exported_and_erased_with_their_customer(db: Database) {
        let post = Post::open(&db).await;
        let (ada, _) = post.person("ada@example.com").await;
        answer(post.try_send(message(&ada, Channel::Email, "Hello")).await);
        let permit = post.reserved(&ada).await;
        post.hand_over(outbound(&ada, &permit)).await.unwrap();
        let mut privacy = PrivacyServiceClient::new(post.link());
        let request = proto::ExportPersonalDataRequest { name: ada.clone() };
        let mut parts = answer(privacy.export_personal_data(request).await);
        let mut documents = Vec::new();
        while let Some(part) = parts.message().await.unwrap() {
            documents.extend(part.attachments);
        }
        assert_eq!(documents, outbound(&ada, &permit).attachments);
        drop(parts);
        let request = proto::EraseCustomerRequest { name: ada.clone(), ..Default::default() };
        answer(privacy.erase_customer(request).await);
        let left = delivery_attachment::Entity::find().count(db.read()).await.unwrap();
        assert_eq!(left, 0);
    }
}
