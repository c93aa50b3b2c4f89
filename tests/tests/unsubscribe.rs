//! A customer unsubscribes with one click, as the mail program does it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use rapport::client::Caller;
use rapport_proto::rapport::customer::v1::consent_service_client::ConsentServiceClient;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::contact_point_service_client::ContactPointServiceClient;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::customer::v1::{
    ConsentEvent, ConsentStatus, ContactPoint, CreateContactPointRequest, CreateCustomerRequest,
    CreateUnsubscribeLinkRequest, ListConsentEventsRequest, RequestOptInRequest,
};
use rapport_proto::rapport::r#type::v1::Purpose;
use rapport_tests::{PUBLIC_URL, Suite, on_each_engine, person};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// Ana, and the link in a marketing e-mail to her.
async fn ana(caller: &Caller) -> (String, String) {
    let request = CreateCustomerRequest {
        customer: Some(person("Ana Müller")),
        request_id: String::new(),
    };
    let customer = CustomerServiceClient::new(caller.clone())
        .create_customer(request)
        .await;
    let name = customer.unwrap().into_inner().name;
    let request = CreateContactPointRequest {
        parent: name.clone(),
        contact_point: Some(ContactPoint {
            address: Some(Address::Email("ana@example.com".into())),
            ..Default::default()
        }),
        request_id: String::new(),
    };
    let point = ContactPointServiceClient::new(caller.clone())
        .create_contact_point(request)
        .await;
    let request = CreateUnsubscribeLinkRequest {
        customer: name.clone(),
        contact_point: point.unwrap().into_inner().name,
        purpose: Purpose::Marketing.into(),
        topic: String::new(),
    };
    let link = ConsentServiceClient::new(caller.clone())
        .create_unsubscribe_link(request)
        .await;
    (name, path(&link.unwrap().into_inner().uri))
}

/// The path of a link, as the proxy in front hands it on.
fn path(uri: &str) -> String {
    uri.strip_prefix(PUBLIC_URL).unwrap().to_owned()
}

async fn ledger(caller: &Caller, customer: &str) -> Vec<ConsentEvent> {
    let request = ListConsentEventsRequest {
        parent: customer.to_owned(),
        ..Default::default()
    };
    let events = ConsentServiceClient::new(caller.clone())
        .list_consent_events(request)
        .await;
    events.unwrap().into_inner().consent_events
}

/// One request over HTTP/1.1, and everything that is answered.
async fn ask(suite: &Suite, method: &str, path: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(suite.pages()).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: contact.example.com\r\nconnection: close\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

on_each_engine! {
    async fn one_click_unsubscribes_and_a_look_does_not(suite: &mut Suite) {
        let caller = suite.administrator().await;
        let (ana, link) = ana(&caller).await;
        for method in ["GET", "HEAD"] {
            let page = ask(suite, method, &link, "").await;
            assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
        }
        assert!(ledger(&caller, &ana).await.is_empty());

        for _ in 0..2 {
            let page = ask(suite, "POST", &link, "List-Unsubscribe=One-Click").await;
            assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
            assert!(page.contains("You are unsubscribed"), "{page}");
        }
        let [event] = ledger(&caller, &ana).await.try_into().unwrap();
        assert_eq!(event.status(), ConsentStatus::OptOut);
        assert_eq!(event.recorder, "systems/unsubscribe");

        // Links in old messages outlive the process.
        suite.kill_and_restart().await;
        let page = ask(suite, "GET", &link, "").await;
        assert!(page.contains("You are unsubscribed"), "{page}");
        let page = ask(suite, "GET", &link[..link.len() - 1], "").await;
        assert!(page.starts_with("HTTP/1.1 404 "), "{page}");
    }

    async fn an_opt_in_is_confirmed_on_its_page(suite: &mut Suite) {
        let caller = suite.administrator().await;
        let (ana, _) = ana(&caller).await;
        let request = RequestOptInRequest {
            parent: ana.clone(),
            consent_event: Some(ConsentEvent {
                purpose: Purpose::Marketing.into(),
                status: ConsentStatus::OptIn.into(),
                source: "web/checkout".to_owned(),
                ..Default::default()
            }),
            request_id: String::new(),
        };
        let asked = ConsentServiceClient::new(caller.clone())
            .request_opt_in(request)
            .await;
        let link = path(&asked.unwrap().into_inner().uri);
        let page = ask(suite, "GET", &link, "").await;
        assert!(page.contains("Do you want to receive marketing messages"), "{page}");
        assert_eq!(ledger(&caller, &ana).await.len(), 1);
        let page = ask(suite, "POST", &link, "Confirm=Opt-In").await;
        assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
        assert!(ledger(&caller, &ana).await[0].double_opt_in_time.is_some());
    }
}
