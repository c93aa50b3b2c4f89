use std::sync::atomic::{AtomicBool, Ordering};

use prometheus::Registry;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tonic::codec::CompressionEncoding;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
use tonic_reflection::pb::{v1, v1alpha};
use tower::Layer as _;

use super::*;
use crate::telemetry::{TraceLayer, testing};

/// A readiness check, and the switch that makes it fail.
fn check(name: &'static str) -> (ReadinessCheck, Arc<AtomicBool>) {
    let holds = Arc::new(AtomicBool::new(true));
    let switch = Arc::clone(&holds);
    let check = ReadinessCheck::new(name, move || {
        let holds = holds.load(Ordering::Relaxed);
        async move {
            if holds {
                Ok(())
            } else {
                Err("password=hunter2 was refused")
            }
        }
    });
    (check, switch)
}

fn service(name: &'static str, proto: &'static str, check: ReadinessCheck) -> Service {
    Service {
        name,
        routes: work(async |_| ok()),
        workers: Vec::new(),
        proto_services: vec![proto],
        readiness: vec![check],
    }
}

struct Shown {
    status: u16,
    text: String,
}

/// The operators' server, asked over a socket.
async fn ask(ops: &Ops, request: &str) -> Shown {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let serving = tokio::spawn(ops.clone().serve(listener));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("{request} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    timeout(SOON, stream.read_to_string(&mut answer))
        .await
        .unwrap()
        .unwrap();
    serving.abort();
    let (head, text) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Shown {
        status,
        text: text.to_owned(),
    }
}

#[tokio::test]
async fn readiness_lists_the_names_of_failing_checks_and_nothing_else() {
    let (customer, _) = check("customer.database");
    let (sales, switch) = check("sales.database");
    let drain = Drain::new(DrainConfig::default());
    let ops = Ops::new(Registry::new(), vec![customer, sales], drain.clone());
    assert_eq!(ask(&ops, "GET /readyz").await.status, 200);

    switch.store(false, Ordering::Relaxed);
    let shown = ask(&ops, "GET /readyz").await;
    assert_eq!(
        (shown.status, shown.text.as_str()),
        (503, "sales.database\n")
    );
    assert_eq!(
        ask(&ops, "GET /livez").await.status,
        200,
        "we live all the same"
    );

    switch.store(true, Ordering::Relaxed);
    drain.begin();
    assert_eq!(ask(&ops, "GET /readyz").await.status, 503);
    assert_eq!(ask(&ops, "GET /livez").await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_check_that_does_not_answer_has_failed() {
    let hangs = ReadinessCheck::new("db", std::future::pending::<Result<(), Infallible>>);
    assert!(!timeout(SOON, hangs.holds()).await.unwrap());
}

#[tokio::test]
async fn the_metrics_page_shows_a_call_that_came_over_the_wire() {
    let telemetry = testing::install();
    let health = Health::start([], &[], Drain::new(DrainConfig::default())).await;
    let routes = health.add_to(Routes::default());
    let traced = TraceLayer::measuring(telemetry.metrics()).layer(routes.prepare());
    let routes = Routes::from(
        Routes::default()
            .into_axum_router()
            .fallback_service(traced),
    );
    let server = Running::start(routes).await;
    HealthClient::new(server.link())
        .check(HealthCheckRequest::default())
        .await
        .unwrap();

    let ops = Ops::new(
        telemetry.telemetry.registry(),
        Vec::new(),
        server.drain.clone(),
    );
    let shown = ask(&ops, "GET /metrics").await;
    let counted = shown.text.lines().find(|line| {
        line.starts_with("rpc_server_call_duration_seconds_count") && line.contains("Check")
    });
    assert!(
        counted.is_some_and(|line| line.ends_with(" 1")),
        "{}",
        shown.text
    );
}

#[tokio::test]
async fn the_operators_server_refuses_what_it_does_not_know() {
    let ops = Ops::new(
        Registry::new(),
        Vec::new(),
        Drain::new(DrainConfig::default()),
    );
    assert_eq!(ask(&ops, "GET /secrets").await.status, 404);
    assert_eq!(ask(&ops, "POST /livez").await.status, 405);
}

async fn serving(client: &mut HealthClient<ServiceLink>, service: &str) -> ServingStatus {
    let request = HealthCheckRequest {
        service: service.to_owned(),
    };
    client.check(request).await.unwrap().into_inner().status()
}

#[tokio::test]
async fn health_is_reported_per_service_and_for_the_process() {
    let (well, _) = check("well");
    let (ill, switch) = check("ill");
    switch.store(false, Ordering::Relaxed);
    let services = [service("a", "test.A", well), service("b", "test.B", ill)];
    let drain = Drain::new(DrainConfig::default());
    let health = Health::start(&services, &["test.Own"], drain).await;
    let client = HealthClient::new(ServiceLink::from(health.add_to(Routes::default())));
    let mut client = client.send_compressed(CompressionEncoding::Gzip);

    assert_eq!(serving(&mut client, "test.A").await, ServingStatus::Serving);
    assert_eq!(
        serving(&mut client, "test.Own").await,
        ServingStatus::Serving
    );
    assert_eq!(
        serving(&mut client, "test.B").await,
        ServingStatus::NotServing
    );
    assert_eq!(serving(&mut client, "").await, ServingStatus::NotServing);
    let unknown = HealthCheckRequest {
        service: "test.C".to_owned(),
    };
    assert_eq!(
        client.check(unknown).await.unwrap_err().code(),
        Code::NotFound
    );
}

#[tokio::test(start_paused = true)]
async fn a_service_that_recovers_is_reported_as_serving() {
    let (check, switch) = check("database");
    switch.store(false, Ordering::Relaxed);
    let services = [service("a", "test.A", check)];
    let health = Health::start(&services, &[], Drain::new(DrainConfig::default())).await;
    let mut client = HealthClient::new(ServiceLink::from(health.add_to(Routes::default())));
    assert_eq!(
        serving(&mut client, "test.A").await,
        ServingStatus::NotServing
    );

    switch.store(true, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(serving(&mut client, "test.A").await, ServingStatus::Serving);
}

#[tokio::test]
async fn those_who_watch_learn_of_the_drain_and_do_not_hold_it() {
    let (check, _) = check("database");
    let announce = Duration::from_millis(100);
    let drain = DrainConfig {
        announce,
        timeout: Duration::from_secs(60),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let drain = Drain::new(drain);
    let health = Health::start(&[service("a", "test.A", check)], &[], drain.clone()).await;
    let front = front_end(health.add_to(Routes::default()), &Admission::new(8));
    let ends = drain.clone();
    let limits = ConnectionLimits::default();
    let server = tokio::spawn(async move { serve(listener, front, &limits, ends).await });
    let mut client = HealthClient::new(ServiceLink::remote(&RemoteConfig::new(url)).unwrap());

    let request = HealthCheckRequest {
        service: "test.A".to_owned(),
    };
    let mut watch = client.watch(request).await.unwrap().into_inner();
    assert_eq!(
        watch.message().await.unwrap().unwrap().status(),
        ServingStatus::Serving
    );
    drain.begin();
    assert_eq!(
        watch.message().await.unwrap().unwrap().status(),
        ServingStatus::NotServing
    );
    assert!(watch.message().await.unwrap().is_none(), "the stream ends");
    timeout(SOON, server)
        .await
        .expect("the drain is through")
        .unwrap();
}

#[tokio::test]
async fn reflection_lists_our_services_in_both_versions() {
    let link = ServiceLink::from(add_reflection(Routes::default()));
    let ask = v1::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let mut client = ServerReflectionClient::new(link.clone());
    let mut answers = client
        .server_reflection_info(tokio_stream::once(ask))
        .await
        .unwrap()
        .into_inner();
    let answer = answers
        .message()
        .await
        .unwrap()
        .unwrap()
        .message_response
        .unwrap();
    let MessageResponse::ListServicesResponse(list) = answer else {
        panic!("{answer:?}")
    };
    let names: Vec<String> = list
        .service
        .into_iter()
        .map(|service| service.name)
        .collect();
    for service in rapport_proto::descriptor_pool().services() {
        assert!(
            names.iter().any(|name| name == service.full_name()),
            "{names:?}"
        );
    }

    let ask = v1alpha::ServerReflectionRequest {
        host: String::new(),
        message_request: Some(
            v1alpha::server_reflection_request::MessageRequest::ListServices(String::new()),
        ),
    };
    let mut client = v1alpha::server_reflection_client::ServerReflectionClient::new(link);
    let answers = client.server_reflection_info(tokio_stream::once(ask)).await;
    assert!(
        answers
            .unwrap()
            .into_inner()
            .message()
            .await
            .unwrap()
            .is_some()
    );
}
