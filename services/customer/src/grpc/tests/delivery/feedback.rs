//! What becomes known after a message was sent.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::privacy_service_client::PrivacyServiceClient;
use rapport_proto::rapport::customer::v1::report_bounce_request::Subject;
use sea_orm::{ConnectionTrait as _, Statement};
use tonic::{Response, Status};

use super::{Post, Recorder, answer, message, reason, work};
use crate::delivery::Report;
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact_point::ContactPointState;
use crate::domain::delivery::{BounceKind, DeliveryState, MailReport};

impl Post {
    /// An e-mail that was sent, its customer and its address.
    async fn sent(&self) -> (proto::Delivery, String, proto::ContactPoint) {
        self.mail_to_webhook("http://127.0.0.1:9/").await;
        let (ada, point) = self.person("ada@example.com").await;
        let queued = self.mail(&ada, "Hello").await;
        work(&self.worker(Recorder::default())).await;
        (self.delivery(&queued.name).await, ada, point)
    }

    async fn bounced(
        &self,
        delivery: &str,
        kind: BounceKind,
    ) -> Result<Response<proto::Delivery>, Status> {
        let request = proto::ReportBounceRequest {
            subject: Some(Subject::Delivery(delivery.to_owned())),
            kind: kind.number(),
            status_code: "5.1.1".to_owned(),
            ..Default::default()
        };
        self.feedback().report_bounce(request).await
    }

    async fn complained(&self, provider_id: &str) -> Result<Response<proto::Delivery>, Status> {
        use proto::report_complaint_request::Subject;
        let request = proto::ReportComplaintRequest {
            subject: Some(Subject::ProviderMessageId(provider_id.to_owned())),
            ..Default::default()
        };
        self.feedback().report_complaint(request).await
    }

    async fn arrived(&self, delivery: &str) -> Result<Response<proto::Delivery>, Status> {
        use proto::report_delivered_request::Subject;
        let request = proto::ReportDeliveredRequest {
            subject: Some(Subject::Delivery(delivery.to_owned())),
            ..Default::default()
        };
        self.feedback().report_delivered(request).await
    }

    async fn ingest(&self, mail: Vec<u8>) -> proto::IngestMailResponse {
        let request = proto::IngestMailRequest {
            message: mail,
            ..Default::default()
        };
        answer(self.feedback().ingest_mail(request).await)
    }

    async fn removes(&self, point: &proto::ContactPoint) {
        let request = proto::DeleteContactPointRequest {
            name: point.name.clone(),
            ..Default::default()
        };
        answer(self.contact_points().delete_contact_point(request).await);
    }

    async fn count(&self, sql: &str) -> i64 {
        let db = self.shared.db.read();
        let statement = Statement::from_string(db.get_database_backend(), sql);
        let row = db.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by_index(0).unwrap()
    }

    async fn point_state(&self, name: &str) -> ContactPointState {
        ContactPointState::try_from(self.contact_point(name).await.state).unwrap()
    }
}

/// A delivery status notification about a message of ours.
fn notification(delivery: &str, status: &str) -> Vec<u8> {
    let id = delivery.strip_prefix("deliveries/").unwrap();
    format!(
        "From: MAILER-DAEMON@mx.example.com\r\nTo: bounces+{id}@crm.example.com\r\n\
         MIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.example.com\r\n\r\n\
         Final-Recipient: rfc822; ada@example.com\r\nAction: failed\r\nStatus: {status}\r\n\r\n\
         --b--\r\n"
    )
    .into_bytes()
}

on_each_engine! {
    async fn an_address_that_bounces_for_good_is_not_used_again(db: Database) {
        let post = Post::open(&db).await;
        let (sent, ada, point) = post.sent().await;

        let bounced = answer(post.bounced(&sent.name, BounceKind::Hard).await);

        assert_eq!((bounced.state, bounced.failure.as_str()), (DeliveryState::Failed.number(), "BOUNCED_5_1_1"));
        assert_eq!(post.point_state(&point.name).await, ContactPointState::Bounced);
        let again = post.try_send(message(&ada, Channel::Email, "Hello again")).await;
        assert_eq!(reason(again), "SUPPRESSED");
        assert_eq!(post.events_about(&sent.name).await, ["DeliverySent", "DeliveryFailed"]);

        let twice = answer(post.bounced(&sent.name, BounceKind::Hard).await);
        assert_eq!(twice, bounced, "saying it again changes nothing");
        let late = answer(post.arrived(&sent.name).await);
        assert_eq!(late.state, DeliveryState::Failed.number());
        assert_eq!(post.events_about(&point.name).await, ["ContactPointChanged", "ContactPointChanged"]);
    }

    async fn a_hard_bounce_suppresses_the_address_for_everybody_who_has_it(db: Database) {
        let post = Post::open(&db).await;
        let (sent, ..) = post.sent().await;
        let (bob, _) = post.person("ADA@example.com").await;
        let stranger = post.of_another_tenant();
        let (eve, _) = stranger.person("ada@example.com").await;
        // So that what may be granted without looking again is known.
        post.mail(&bob, "Hello").await;

        answer(post.bounced(&sent.name, BounceKind::Hard).await);

        let receipt = proto::SendMessageRequest {
            purpose: Purpose::Transactional.number(),
            ..message(&bob, Channel::Email, "Receipt")
        };
        assert_eq!(reason(post.try_send(receipt).await), "SUPPRESSED");
        answer(stranger.try_send(message(&eve, Channel::Email, "Hello")).await);
    }

    async fn a_problem_that_somebody_reports_is_one_of_the_address(db: Database) {
        let post = Post::open(&db).await;
        let (_, point) = post.person("ada@example.com").await;
        let (bob, _) = post.person("ada@example.com").await;
        // So that what may be granted without looking again is known.
        post.mail(&bob, "Hello").await;
        let request = proto::ReportContactPointProblemRequest {
            name: point.name.clone(),
            state: ContactPointState::Bounced.number(),
            ..Default::default()
        };
        let reported = answer(post.contact_points().report_contact_point_problem(request).await);
        assert_eq!(reported.state, ContactPointState::Bounced.number());
        let hello = message(&bob, Channel::Email, "Hello again");
        assert_eq!(reason(post.try_send(hello.clone()).await), "SUPPRESSED");

        let verified = proto::VerifyContactPointRequest { name: point.name, ..Default::default() };
        let verified = answer(post.contact_points().verify_contact_point(verified).await);
        assert_eq!(verified.state, ContactPointState::Active.number());
        answer(post.try_send(hello).await);
    }

    async fn a_complaint_suppresses_all_that_customers_choose_about(db: Database) {
        let post = Post::open(&db).await;
        let (sent, ..) = post.sent().await;
        let (bob, _) = post.person("ada@example.com").await;

        answer(post.complained(&sent.provider_message_id).await);

        let hello = message(&bob, Channel::Email, "Hello");
        assert_eq!(reason(post.try_send(hello.clone()).await), "SUPPRESSED");
        let receipt = proto::SendMessageRequest { purpose: Purpose::Transactional.number(), ..hello };
        answer(post.try_send(receipt).await);
    }

    async fn what_comes_back_from_an_address_that_was_removed_suppresses_it_all_the_same(db: Database) {
        let post = Post::open(&db).await;
        let (bounced, _, first) = post.sent().await;
        post.removes(&first).await;
        answer(post.bounced(&bounced.name, BounceKind::Hard).await);
        let (bob, _) = post.person("ada@example.com").await;
        assert_eq!(reason(post.try_send(message(&bob, Channel::Email, "Hello")).await), "SUPPRESSED");

        let (eve, second) = post.person("eve@example.com").await;
        let sent = post.mail(&eve, "Hello").await;
        work(&post.worker(Recorder::answering([Report::sent("provider-2")]))).await;
        post.removes(&second).await;
        answer(post.complained("provider-2").await);
        assert!(post.delivery(&sent.name).await.complain_time.is_some());
        let (mallory, _) = post.person("EVE@example.com").await;
        assert_eq!(reason(post.try_send(message(&mallory, Channel::Email, "Hello")).await), "SUPPRESSED");
    }

    async fn nothing_of_an_address_is_kept_for_feedback_about_whoever_was_erased(db: Database) {
        let post = Post::open(&db).await;
        let (sent, ada, _) = post.sent().await;
        let digests = || post.count("SELECT count(*) FROM delivery WHERE address_digest IS NOT NULL");
        assert_eq!(digests().await, 1);
        let request = proto::EraseCustomerRequest { name: ada, ..Default::default() };
        answer(PrivacyServiceClient::new(post.link()).erase_customer(request).await);
        assert_eq!(digests().await, 0);
        assert_eq!(reason(post.bounced(&sent.name, BounceKind::Hard).await), "RESOURCE_NOT_FOUND");
    }

    async fn a_soft_bounce_is_only_noted(db: Database) {
        let post = Post::open(&db).await;
        let (sent, _, point) = post.sent().await;
        let noted = answer(post.bounced(&sent.name, BounceKind::Soft).await);
        assert_eq!((noted.state, noted.failure.as_str()), (DeliveryState::Sent.number(), "BOUNCED_5_1_1"));
        assert_eq!(post.point_state(&point.name).await, ContactPointState::Active);
    }

    async fn who_complains_is_not_written_to_again(db: Database) {
        let post = Post::open(&db).await;
        let (sent, _, point) = post.sent().await;

        let complained = answer(post.complained(&sent.provider_message_id).await);

        assert!(complained.complain_time.is_some());
        assert_eq!(post.point_state(&point.name).await, ContactPointState::Complained);
        assert_eq!(reason(post.complained("nobody").await), "RESOURCE_NOT_FOUND");
        for hostile in ["", "a\0b", &"x".repeat(801)] {
            assert_eq!(reason(post.complained(hostile).await), "INVALID_FIELD");
        }
    }

    async fn what_arrived_says_so_once(db: Database) {
        let post = Post::open(&db).await;
        let (sent, ..) = post.sent().await;
        let arrived = answer(post.arrived(&sent.name).await);
        assert_eq!(arrived.state, DeliveryState::Delivered.number());
        assert_eq!(answer(post.arrived(&sent.name).await), arrived);
        assert_eq!(post.events_about(&sent.name).await, ["DeliverySent", "DeliveryDelivered"]);
    }

    async fn nothing_comes_back_of_what_was_never_sent(db: Database) {
        let post = Post::open(&db).await;
        let (ada, point) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        assert_eq!(reason(post.bounced(&queued.name, BounceKind::Hard).await), "INVALID_STATE");
        assert_eq!(reason(post.arrived(&queued.name).await), "INVALID_STATE");
        let mail = notification(&queued.name, "5.1.1");
        assert_eq!(post.ingest(mail).await.report, MailReport::Unrecognised.number());
        assert_eq!(post.point_state(&point.name).await, ContactPointState::Active);
    }

    async fn a_bounce_mail_takes_the_address_out_of_use(db: Database) {
        let post = Post::open(&db).await;
        let (sent, _, point) = post.sent().await;

        let ingested = post.ingest(notification(&sent.name, "5.1.1")).await;

        assert_eq!(ingested.report, MailReport::HardBounce.number());
        assert_eq!(ingested.delivery.unwrap().failure, "BOUNCED_5_1_1");
        assert_eq!(post.point_state(&point.name).await, ContactPointState::Bounced);
    }

    async fn mail_that_is_no_report_has_no_effect(db: Database) {
        let post = Post::open(&db).await;
        let (sent, ..) = post.sent().await;
        let unknown = "deliveries/0192f0c1-7d3a-7000-8000-000000000001";
        for mail in [vec![0xff; 4_096], b"Hello".to_vec(), notification(unknown, "5.1.1")] {
            let ingested = post.ingest(mail).await;
            assert_eq!(ingested.report, MailReport::Unrecognised.number());
            assert_eq!(ingested.delivery, None);
        }
        let stranger = post.of_another_tenant();
        let ingested = stranger.ingest(notification(&sent.name, "5.1.1")).await;
        assert_eq!(ingested.report, MailReport::Unrecognised.number());
        let large = proto::IngestMailRequest { message: vec![b'a'; 1_048_577], ..Default::default() };
        assert_eq!(reason(post.feedback().ingest_mail(large).await), "INVALID_FIELD");
        assert_eq!(post.state(&sent.name).await, DeliveryState::Sent);
    }

    async fn feedback_stays_in_the_company(db: Database) {
        let post = Post::open(&db).await;
        let (sent, ..) = post.sent().await;
        let stranger = post.of_another_tenant();
        assert_eq!(reason(stranger.bounced(&sent.name, BounceKind::Hard).await), "RESOURCE_NOT_FOUND");
        assert_eq!(reason(stranger.arrived(&sent.name).await), "RESOURCE_NOT_FOUND");
        assert_eq!(reason(stranger.complained(&sent.provider_message_id).await), "RESOURCE_NOT_FOUND");
        assert_eq!(post.state(&sent.name).await, DeliveryState::Sent);
    }
}
