//! A message from its template to the mail server, and what comes back; a dialler at the queue.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use std::time::Duration;

use rapport::client::Caller;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::contact_point_service_client::ContactPointServiceClient;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::customer::v1::delivery_feedback_service_client::DeliveryFeedbackServiceClient;
use rapport_proto::rapport::customer::v1::delivery_queue_service_client::DeliveryQueueServiceClient;
use rapport_proto::rapport::customer::v1::delivery_service_client::DeliveryServiceClient;
use rapport_proto::rapport::customer::v1::interaction_service_client::InteractionServiceClient;
use rapport_proto::rapport::customer::v1::pull_request::Step;
use rapport_proto::rapport::customer::v1::pull_response::Event;
use rapport_proto::rapport::customer::v1::template_service_client::TemplateServiceClient;
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};
use rapport_tests::mail::MailProcess;
use rapport_tests::{Engine, Suite, person, reason};
use serde_json::Value;
use tokio::sync::mpsc::channel;
use tokio::time::timeout;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Status;

const PATIENCE: Duration = Duration::from_secs(30);
/// Somebody with an e-mail address and a phone.
async fn ana(caller: &Caller) -> String {
    let request = proto::CreateCustomerRequest {
        customer: Some(person("Ana Müller")),
        ..Default::default()
    };
    let created = CustomerServiceClient::new(caller.clone())
        .create_customer(request)
        .await;
    let customer = created.unwrap().into_inner().name;
    for address in [
        Address::Email("ana@example.com".into()),
        Address::Phone("+41446681800".into()),
    ] {
        let request = proto::CreateContactPointRequest {
            parent: customer.clone(),
            contact_point: Some(proto::ContactPoint {
                address: Some(address),
                ..Default::default()
            }),
            ..Default::default()
        };
        ContactPointServiceClient::new(caller.clone())
            .create_contact_point(request)
            .await
            .unwrap();
    }
    customer
}

fn message(customer: &str, channel: Channel) -> proto::SendMessageRequest {
    proto::SendMessageRequest {
        customer: customer.to_owned(),
        channel: channel.into(),
        purpose: Purpose::Service.into(),
        subject: "Your order".to_owned(),
        ..Default::default()
    }
}

async fn send(caller: &Caller, message: proto::SendMessageRequest) -> Result<(), Status> {
    let sent = InteractionServiceClient::new(caller.clone())
        .send_message(message)
        .await;
    sent.map(|_| ())
}

async fn latest(caller: &Caller) -> proto::Delivery {
    let listed = DeliveryServiceClient::new(caller.clone())
        .list_deliveries(proto::ListDeliveriesRequest::default())
        .await;
    listed.unwrap().into_inner().deliveries.remove(0)
}

/// Waits until the latest delivery is in this state.
async fn becomes(caller: &Caller, state: proto::DeliveryState) -> proto::Delivery {
    let waited = timeout(PATIENCE, async {
        loop {
            let delivery = latest(caller).await;
            if delivery.state() == state {
                return delivery;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    waited.await.unwrap()
}

async fn write_template(caller: &Caller) {
    let request = proto::CreateTemplateRequest {
        template_id: "order".to_owned(),
        template: Some(proto::Template {
            display_name: "Order".to_owned(),
            channel: Channel::Email.into(),
            subject: "Order {{ order }}".to_owned(),
            text: "Dear {{ customer.display_name }}, order {{ order }} is on its way.".to_owned(),
            merge_fields: vec![proto::MergeField {
                key: "order".to_owned(),
                ..Default::default()
            }],
            ..Default::default()
        }),
        ..Default::default()
    };
    TemplateServiceClient::new(caller.clone())
        .create_template(request)
        .await
        .unwrap();
}

/// A bounce of the mail, as a server on the way would write it.
fn bounce(mail: &Value) -> Vec<u8> {
    let to = mail["from"].as_str().unwrap();
    format!(
        "From: MAILER-DAEMON@mx.example.com\r\nTo: {to}\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n\
         --b\r\nContent-Type: message/delivery-status\r\n\r\n\
         Reporting-MTA: dns; mx.example.com\r\n\r\n\
         Final-Recipient: rfc822; ana@example.com\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b--\r\n"
    )
    .into_bytes()
}

async fn a_message_reaches_the_mail_server_and_its_bounce_comes_back(engine: Engine) {
    let mut server = MailProcess::start().await;
    let mut suite = Suite::start_with(engine, server.settings()).await;
    let shop = suite.administrator().await;
    let ana = ana(&shop).await;
    write_template(&shop).await;
    let order = proto::SendMessageRequest {
        subject: String::new(),
        template: "templates/order".to_owned(),
        merge_fields: [("order".to_owned(), "17".to_owned())].into(),
        ..message(&ana, Channel::Email)
    };
    send(&shop, order).await.unwrap();
    let mail = server.mail().await;
    assert!(
        mail["content"]
            .as_str()
            .unwrap()
            .contains("Subject: Order 17\r\n")
    );
    becomes(&shop, proto::DeliveryState::Sent).await;

    // Queued by one process and, if that had no time for it, sent by the next.
    send(&shop, message(&ana, Channel::Email)).await.unwrap();
    suite.kill_and_restart().await;
    let shop = suite.administrator().await;
    server.mail().await;

    let request = proto::IngestMailRequest {
        message: bounce(&mail),
        ..Default::default()
    };
    let ingested = DeliveryFeedbackServiceClient::new(shop.clone())
        .ingest_mail(request)
        .await;
    let ingested = ingested.unwrap().into_inner();
    assert_eq!(ingested.report(), proto::MailReport::HardBounce);
    let refused = send(&shop, message(&ana, Channel::Email))
        .await
        .unwrap_err();
    assert_eq!(reason(&refused), "SUPPRESSED");
}

async fn a_dialler_pulls_through_the_gateway(engine: Engine) {
    let suite = Suite::start_with(engine, Vec::new()).await;
    let desk = suite.administrator().await;
    let ana = ana(&desk).await;
    send(&desk, message(&ana, Channel::Phone)).await.unwrap();
    let (steps, receiver) = channel(4);
    let step = |step| proto::PullRequest { step: Some(step) };
    let open = proto::PullOpen {
        channels: vec![Channel::Phone.into()],
        capacity: 1,
        ..Default::default()
    };
    steps.send(step(Step::Open(open))).await.unwrap();
    let mut events = DeliveryQueueServiceClient::new(desk.clone())
        .pull(ReceiverStream::new(receiver))
        .await
        .unwrap()
        .into_inner();

    let event = timeout(PATIENCE, events.message()).await.unwrap().unwrap();
    let Some(Event::Delivery(queued)) = event.unwrap().event else {
        panic!("no delivery came")
    };
    let report = proto::DeliveryReport {
        delivery: queued.delivery.unwrap().name,
        lease: queued.lease,
        result: proto::DeliveryResult::Delivered.into(),
        ..Default::default()
    };
    steps.send(step(Step::Report(report))).await.unwrap();
    let event = timeout(PATIENCE, events.message()).await.unwrap().unwrap();
    let Some(Event::Receipt(receipt)) = event.unwrap().event else {
        panic!("no receipt came")
    };
    assert_eq!(receipt.state(), proto::DeliveryState::Delivered);
    becomes(&desk, proto::DeliveryState::Delivered).await;
}

/// Tells each story on both engines.
macro_rules! on_each_engine {
    ($($story:ident)+) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story(rapport_tests::Engine::Sqlite).await;
            })+
        }
        mod on_postgres {
            $(#[tokio::test(flavor = "multi_thread")]
            async fn $story() {
                super::$story(rapport_tests::Engine::Postgres).await;
            })+
        }
    };
}

on_each_engine! {
    a_message_reaches_the_mail_server_and_its_bounce_comes_back
    a_dialler_pulls_through_the_gateway
}
