//! Webhooks, against a receiver on this machine.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use rapport_platform::key::SecretKey;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as proto;
use serde_json::Value;
use tokio::net::TcpListener;

use super::{LEASE, Post, SECRET, answer, message, work};
use crate::delivery::{DeliveryConfig, DeliveryWorker, WebhookConnector};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::delivery::DeliveryState;
use crate::domain::delivery::webhook::WebhookSecret;
use crate::grpc::link::Links;
use crate::testing::delivery_config;

/// What a receiver got.
#[derive(Clone)]
struct Call {
    headers: HeaderMap,
    path: String,
    body: Bytes,
}

impl Call {
    fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// A receiver of webhooks.
#[derive(Clone)]
struct Receiver {
    calls: Arc<Mutex<Vec<Call>>>,
    url: String,
}

/// How it answers.
#[derive(Clone, Copy)]
struct Answer {
    status: u16,
    header: Option<(&'static str, &'static str)>,
    /// It takes the message and then says nothing for this long.
    silence: Duration,
}

const FINE: Answer = Answer {
    status: 204,
    header: None,
    silence: Duration::ZERO,
};

impl Receiver {
    async fn listen(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self {
            calls: Arc::default(),
            url: format!("http://{}/hook?a=1", listener.local_addr().unwrap()),
        };
        let calls = receiver.calls.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let calls = calls.clone();
                let serve = service_fn(move |request| respond(calls.clone(), answer, request));
                tokio::spawn(
                    hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), serve),
                );
            }
        });
        receiver
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }
}

async fn respond(
    calls: Arc<Mutex<Vec<Call>>>,
    answer: Answer,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, hyper::Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    calls.lock().unwrap().push(Call {
        headers: head.headers,
        path: head.uri.to_string(),
        body,
    });
    tokio::time::sleep(answer.silence).await;
    let mut response = Response::builder().status(answer.status);
    if let Some((name, value)) = answer.header {
        response = response.header(name, value);
    }
    Ok(response.body(Full::default()).unwrap())
}

impl Post {
    fn webhooks(&self) -> DeliveryWorker<WebhookConnector> {
        let config = DeliveryConfig {
            webhook_timeout: Duration::from_millis(500),
            ..delivery_config()
        };
        let shared = &self.shared;
        let connector = WebhookConnector::new(&config, &shared.outbound, &shared.clock);
        self.worker_with(connector, &config)
    }
}

on_each_engine! {
    async fn a_message_is_posted_with_a_signature_that_its_receiver_can_check(db: Database) {
        let receiver = Receiver::listen(FINE).await;
        let post = Post::open(&db).await;
        post.mail_to_webhook(&receiver.url).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;

        work(&post.webhooks()).await;

        assert_eq!(post.state(&queued.name).await, DeliveryState::Sent);
        let call = &receiver.calls()[0];
        let id = queued.name.strip_prefix("deliveries/").unwrap();
        assert_eq!((call.header("webhook-id"), call.path.as_str()), (id, "/hook?a=1"));
        let seconds = call.header("webhook-timestamp").parse().unwrap();
        let secret = WebhookSecret::parse(SECRET).unwrap();
        assert_eq!(call.header("webhook-signature"), secret.sign(id, seconds, &call.body));
        let data = &call.json()["data"];
        assert_eq!((&data["subject"], &data["address"]["value"]), (&"Hello".into(), &"ada@example.com".into()));
        assert_eq!((&data["delivery"], &data["possible_duplicate"]), (&queued.name.into(), &false.into()));
    }

    async fn a_receiver_of_marketing_gets_the_link_to_unsubscribe(db: Database) {
        let receiver = Receiver::listen(FINE).await;
        let mut post = Post::open(&db).await;
        post.mail_to_webhook(&receiver.url).await;
        let (ada, _) = post.person("ada@example.com").await;
        let offer = || proto::SendMessageRequest {
            purpose: Purpose::Marketing.number(),
            ..message(&ada, Channel::Email, "Spring offer")
        };
        answer(post.try_send(offer()).await);
        work(&post.webhooks()).await;
        post.mail(&ada, "Your order").await;
        work(&post.webhooks()).await;
        post.caller.shared.outbound.links = Links::new(&SecretKey::generate(), None);
        answer(post.try_send(offer()).await);
        work(&post.webhooks()).await;

        let [of_marketing, of_service, without_a_page] = &receiver.calls()[..] else {
            panic!("three calls")
        };
        let unsubscribe = &of_marketing.json()["data"]["unsubscribe"];
        let uri = unsubscribe["uri"].as_str().unwrap();
        assert!(uri.starts_with("https://contact.example.com/u/"), "{uri}");
        assert_eq!(unsubscribe["list_unsubscribe"], format!("<{uri}>"));
        assert_eq!(unsubscribe["list_unsubscribe_post"], "List-Unsubscribe=One-Click");
        for without in [of_service, without_a_page] {
            assert_eq!(without.json()["data"].get("unsubscribe"), None);
        }
    }

    async fn a_receiver_that_falls_silent_gets_it_again_under_the_same_id(db: Database) {
        let silent = Answer { silence: Duration::from_secs(2), ..FINE };
        let receiver = Receiver::listen(silent).await;
        let post = Post::open(&db).await;
        post.mail_to_webhook(&receiver.url).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;

        work(&post.webhooks()).await;
        let waiting = post.delivery(&queued.name).await;
        assert_eq!((waiting.failure.as_str(), waiting.possible_duplicate), ("WEBHOOK_TIMEOUT", true));
        post.hand.advance(LEASE);
        work(&post.webhooks()).await;

        let calls = receiver.calls();
        assert_eq!(calls[0].header("webhook-id"), calls[1].header("webhook-id"));
        let said: Vec<_> = calls.iter().map(|it| it.json()["data"]["possible_duplicate"].clone()).collect();
        assert_eq!(said, [Value::from(false), Value::from(true)]);
    }

    async fn nothing_listens_so_nothing_was_sent(db: Database) {
        let post = Post::open(&db).await;
        post.mail_to_webhook("http://127.0.0.1:9/").await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        work(&post.webhooks()).await;
        let waiting = post.delivery(&queued.name).await;
        assert_eq!((waiting.failure.as_str(), waiting.possible_duplicate), ("WEBHOOK_CONNECTION", false));
    }

    async fn answers_say_what_to_do_next(db: Database) {
        for (status, header, state, failure) in [
            (500, None, DeliveryState::Queued, "WEBHOOK_500"),
            // Followed nowhere.
            (302, Some(("location", "http://127.0.0.1:9/")), DeliveryState::Queued, "WEBHOOK_302"),
            (410, None, DeliveryState::Failed, "WEBHOOK_410"),
        ] {
            let receiver = Receiver::listen(Answer { status, header, ..FINE }).await;
            let post = Post::open(&db).await;
            post.mail_to_webhook(&receiver.url).await;
            let (ada, _) = post.person("ada@example.com").await;
            let queued = post.mail(&ada, "Hello").await;
            work(&post.webhooks()).await;
            let answered = post.delivery(&queued.name).await;
            assert_eq!((answered.state, answered.failure.as_str()), (state.number(), failure));
            assert!(!answered.possible_duplicate, "it was told");
        }
    }

    async fn a_receiver_that_asks_for_a_pause_gets_it(db: Database) {
        let busy = Answer { status: 429, header: Some(("retry-after", "7200")), ..FINE };
        let receiver = Receiver::listen(busy).await;
        let post = Post::open(&db).await;
        post.mail_to_webhook(&receiver.url).await;
        let (ada, _) = post.person("ada@example.com").await;
        post.mail(&ada, "Hello").await;
        work(&post.webhooks()).await;
        post.hand.advance(Duration::from_secs(7_199));
        assert_eq!(work(&post.webhooks()).await, 0);
        post.hand.advance(Duration::from_secs(1));
        assert_eq!(work(&post.webhooks()).await, 1);
    }

    async fn a_private_host_that_is_not_listed_any_more_is_not_called(db: Database) {
        let receiver = Receiver::listen(FINE).await;
        let mut post = Post::open(&db).await;
        post.mail_to_webhook(&receiver.url).await;
        let (ada, _) = post.person("ada@example.com").await;
        let queued = post.mail(&ada, "Hello").await;
        post.caller.shared.outbound.private_hosts = Arc::default();
        work(&post.webhooks()).await;
        assert!(receiver.calls().is_empty());
        assert_eq!(post.delivery(&queued.name).await.failure, "WEBHOOK_URL_NOT_ALLOWED");
    }
}
