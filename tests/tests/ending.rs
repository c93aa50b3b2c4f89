//! SIGTERM under load: nothing that was accepted is lost, and callers know what to do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use std::time::{Duration, Instant};

use rapport::client::Caller;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::customer::v1::import_customers_request::Step;
use rapport_proto::rapport::customer::v1::import_service_client::ImportServiceClient;
use rapport_proto::rapport::customer::v1::{
    CreateCustomerRequest, GetCustomerRequest, GetImportRunRequest, ImportBatch,
    ImportCustomersRequest, ImportRow, ImportStart, ListCustomersRequest,
};
use rapport_tests::{Engine, Suite, known_as, person, reason};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

/// Load balancers learn that the suite is leaving.
const ANNOUNCE: Duration = Duration::from_secs(1);
/// Open calls may still end.
const TIMEOUT: Duration = Duration::from_secs(3);

fn settings() -> Vec<(String, String)> {
    let times = [("ANNOUNCE", ANNOUNCE), ("TIMEOUT", TIMEOUT)];
    let settings = times.map(|(name, time)| {
        (
            format!("RAPPORT__SERVER__DRAIN__{name}"),
            format!("{}s", time.as_secs()),
        )
    });
    settings.into()
}

/// Creates customers until that fails; returns those acknowledged, when, and the failure.
async fn write(caller: Caller, writer: u32) -> (Vec<(String, Instant)>, Status) {
    let mut created = Vec::new();
    loop {
        let request = CreateCustomerRequest {
            customer: Some(person(&format!("Customer {writer}"))),
            ..Default::default()
        };
        let answer = CustomerServiceClient::new(caller.clone())
            .create_customer(request)
            .await;
        match answer {
            Ok(customer) => created.push((customer.into_inner().name, Instant::now())),
            Err(status) => return (created, status),
        }
    }
}

fn row(line: i64) -> ImportRow {
    let id = line.to_string();
    ImportRow {
        line,
        customer: Some(known_as(person(&format!("Row {id}")), "shop", &id)),
        ..Default::default()
    }
}

/// An import that sends on and on.
struct Import {
    run: String,
    acknowledged: i64,
    ended: Result<(), Status>,
}

/// Imports a row after the other until the suite ends the stream.
async fn import(caller: Caller) -> Import {
    let (send, steps) = mpsc::channel(1);
    let step = |step| ImportCustomersRequest { step: Some(step) };
    let start = ImportStart {
        source: "in.csv".into(),
        ..Default::default()
    };
    send.send(step(Step::Start(start))).await.unwrap();
    let mut answers = ImportServiceClient::new(caller)
        .import_customers(ReceiverStream::new(steps))
        .await
        .unwrap()
        .into_inner();
    let (mut run, mut acknowledged) = (String::new(), 0);
    let ended = loop {
        match answers.message().await {
            Ok(Some(answer)) => {
                let state = answer.run.unwrap();
                (run, acknowledged) = (state.name, state.last_line);
                let rows = vec![row(acknowledged + 1)];
                // The stream's end is told by its answers.
                let _ = send.send(step(Step::Batch(ImportBatch { rows }))).await;
            }
            Ok(None) => break Ok(()),
            Err(status) => break Err(status),
        }
    };
    Import {
        run,
        acknowledged,
        ended,
    }
}

/// When health first said that the suite is leaving.
async fn leaving(mut health: HealthClient<tonic::transport::Channel>) -> Instant {
    loop {
        let request = HealthCheckRequest::default();
        let answer = health
            .check(request)
            .await
            .expect("health answers to the end");
        if answer.into_inner().status() == ServingStatus::NotServing {
            return Instant::now();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// When a new connection was first refused.
async fn closed(address: String) -> Instant {
    while TcpStream::connect(&address).await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    Instant::now()
}

async fn an_end_under_load_loses_nothing_and_tells_callers_to_come_again(engine: Engine) {
    let mut suite = Suite::start_with(engine, settings()).await;
    let caller = suite.administrator().await;
    let writers: Vec<_> = (0..4)
        .map(|writer| tokio::spawn(write(caller.clone(), writer)))
        .collect();
    let importing = tokio::spawn(import(suite.administrator().await));
    let leaving = tokio::spawn(leaving(HealthClient::new(suite.channel().await)));
    let address = suite.address().trim_start_matches("http://").to_owned();
    let closed = tokio::spawn(closed(address));
    tokio::time::sleep(Duration::from_millis(500)).await;

    let begun = Instant::now();
    assert!(suite.terminate().await, "the process exits with 0");
    let took = begun.elapsed();
    assert!(
        took < ANNOUNCE + TIMEOUT + Duration::from_secs(2),
        "{took:?}"
    );
    let (left, closed) = (leaving.await.unwrap(), closed.await.unwrap());
    assert!(
        closed - left > ANNOUNCE / 2,
        "health says it well before the door closes"
    );
    let import = importing.await.unwrap();
    assert!(import.acknowledged > 0, "{:?}", import.ended);
    if let Err(status) = &import.ended {
        assert_eq!(status.code(), Code::Unavailable, "to be resumed: {status}");
    }

    suite.restart().await;
    let caller = suite.administrator().await;
    let mut customers = CustomerServiceClient::new(caller.clone());
    let (mut acknowledged, mut last) = (0, begun);
    for writer in writers {
        let (created, failure) = writer.await.unwrap();
        assert_never_begun(&failure);
        acknowledged += created.len();
        for (name, when) in created {
            customers
                .get_customer(GetCustomerRequest { name })
                .await
                .unwrap();
            last = last.max(when);
        }
    }
    assert!(last > left, "calls are answered while it is leaving");
    let request = GetImportRunRequest { name: import.run };
    let run = ImportServiceClient::new(caller.clone())
        .get_import_run(request)
        .await
        .unwrap()
        .into_inner();
    assert!(run.last_line >= import.acknowledged);
    let imported = usize::try_from(run.created_count).unwrap();
    assert_eq!(
        count(customers).await,
        acknowledged + imported,
        "what was begun was answered"
    );
}

/// A call that comes too late is refused, or ended by the client itself, which finds the connection
/// closed before it sends anything.
fn assert_never_begun(failure: &Status) {
    let by_client = failure.code() == Code::Cancelled && reason(failure).is_empty();
    assert!(
        failure.code() == Code::Unavailable || by_client,
        "to be sent again: {failure}"
    );
}

async fn count(mut customers: CustomerServiceClient<Caller>) -> usize {
    let mut request = ListCustomersRequest {
        page_size: 1_000,
        ..Default::default()
    };
    let mut count = 0;
    loop {
        let page = customers.list_customers(request.clone()).await.unwrap();
        let page = page.into_inner();
        count += page.customers.len();
        if page.next_page_token.is_empty() {
            return count;
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_under_load_loses_nothing_on_sqlite() {
    an_end_under_load_loses_nothing_and_tells_callers_to_come_again(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_under_load_loses_nothing_on_postgres() {
    an_end_under_load_loses_nothing_and_tells_callers_to_come_again(Engine::Postgres).await;
}
