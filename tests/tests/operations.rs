//! What operators rely on: start, footprint, crash, orderly end.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use rapport::client::Caller;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::customer::v1::{
    CreateCustomerRequest, Customer, GetCustomerRequest, ListCustomersRequest,
};
use rapport_tests::{Engine, Suite, on_each_engine, person, reason};
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

async fn create(caller: &Caller, name: &str, request_id: &str) -> Result<Customer, Status> {
    let request = CreateCustomerRequest {
        customer: Some(person(name)),
        request_id: request_id.to_owned(),
    };
    let created = CustomerServiceClient::new(caller.clone())
        .create_customer(request)
        .await?;
    Ok(created.into_inner())
}

async fn count(caller: &Caller) -> usize {
    let mut customers = CustomerServiceClient::new(caller.clone());
    let mut request = ListCustomersRequest {
        page_size: 1_000,
        ..Default::default()
    };
    let mut count = 0;
    loop {
        let page = customers
            .list_customers(request.clone())
            .await
            .unwrap()
            .into_inner();
        count += page.customers.len();
        if page.next_page_token.is_empty() {
            return count;
        }
        request.page_token = page.next_page_token;
    }
}

#[tokio::test]
async fn every_service_of_the_protos_says_that_it_is_serving() {
    let suite = Suite::start(Engine::Sqlite).await;
    let mut health = HealthClient::new(suite.channel().await);
    for service in rapport_proto::descriptor_pool().services() {
        let service = service.full_name().to_owned();
        let request = HealthCheckRequest {
            service: service.clone(),
        };
        let answer = health
            .check(request)
            .await
            .map(|it| it.into_inner().status());
        assert_eq!(answer.ok(), Some(ServingStatus::Serving), "{service}");
    }
}

/// Resident memory of the suite's process, in MiB.
fn resident_mib(suite: &Suite) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", suite.process_id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kib: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib / 1024
}

on_each_engine! {
    async fn nothing_acknowledged_is_lost_when_the_process_is_killed(suite: &mut Suite) {
        let caller = suite.administrator().await;
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let caller = caller.clone();
                tokio::spawn(async move {
                    let mut created = Vec::new();
                    for turn in 0.. {
                        let name = format!("Customer {writer} {turn}");
                        match create(&caller, &name, &uuid::Uuid::now_v7().to_string()).await {
                            Ok(customer) => created.push(customer.name),
                            Err(_) => break,
                        }
                    }
                    created
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(500)).await;
        suite.kill_and_restart().await;
        let caller = suite.administrator().await;
        let mut customers = CustomerServiceClient::new(caller.clone());
        let mut acknowledged = 0;
        for writer in writers {
            for name in writer.await.unwrap() {
                acknowledged += 1;
                customers.get_customer(GetCustomerRequest { name }).await.unwrap();
            }
        }
        assert!(acknowledged > 0);
        let there = count(&caller).await;
        assert!(there <= acknowledged + 8, "at most one unacknowledged per writer: {there}");
    }

    async fn a_retry_after_a_crash_gets_the_first_answer(suite: &mut Suite) {
        let id = uuid::Uuid::now_v7().to_string();
        let caller = suite.administrator().await;
        let first = create(&caller, "Ana", &id).await.unwrap();
        suite.kill_and_restart().await;
        let caller = suite.administrator().await;
        assert_eq!(create(&caller, "Ana", &id).await.unwrap(), first);
        assert_eq!(count(&caller).await, 1);
        let other = create(&caller, "Ben", &id).await.unwrap_err();
        assert_eq!((other.code(), reason(&other)), (Code::InvalidArgument, "REQUEST_ID_REUSED".into()));
    }

    async fn an_orderly_end_is_quick_and_successful(suite: &mut Suite) {
        let caller = suite.administrator().await;
        create(&caller, "Ana", "").await.unwrap();
        assert!(suite.terminate().await);
        suite.restart().await;
        let caller = suite.administrator().await;
        assert_eq!(count(&caller).await, 1);
    }

    async fn only_its_owner_can_read_the_local_token(suite: &mut Suite) {
        let file = std::fs::metadata(suite.token_file()).unwrap();
        assert_eq!(file.permissions().mode() & 0o777, 0o600);
        let nobody = suite.caller("not-the-token").await;
        let refused = create(&nobody, "Ana", "").await.unwrap_err();
        assert_eq!((refused.code(), reason(&refused)), (Code::Unauthenticated, "TOKEN_INVALID".into()));
    }
}

/// The figures of README. A debug build says little about either.
#[cfg_attr(
    debug_assertions,
    ignore = "measures an optimised build; run by `cargo xtask footprint`"
)]
#[tokio::test(flavor = "multi_thread")]
async fn an_idle_suite_is_small_and_quick_to_start() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let suite = Suite::start(engine).await;
        let begun = Instant::now();
        create(&suite.administrator().await, "Ana", "")
            .await
            .unwrap();
        let first_answer = suite.started_in() + begun.elapsed();
        let resident = resident_mib(&suite);
        println!(
            "{engine:?}: first call answered {first_answer:?} after the start; {resident} MiB resident"
        );
        assert!(first_answer < Duration::from_secs(1), "{first_answer:?}");
        assert!(resident < 60, "{resident} MiB");
    }
}

#[tokio::test]
async fn settings_are_shown_without_their_secrets() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("url");
    std::fs::write(&file, "postgres://rapport:hunter2@db.example/crm").unwrap();
    let settings = format!("[sales.database]\nurl = {{ file = {file:?} }}\n");
    std::fs::write(folder.path().join("rapport.toml"), settings).unwrap();
    for arguments in [
        &["--print-config"][..],
        &["--print-config", "migrate"],
        &["serve", "--print-config"],
        &["migrate", "--print-config"],
    ] {
        let output = tokio::process::Command::new(rapport_tests::binary())
            .current_dir(folder.path())
            .args(arguments)
            .env("RAPPORT_CONFIG", "rapport.toml")
            .env(
                "RAPPORT__CUSTOMER__DATABASE__URL",
                "postgres://rapport:hunter3@db.example/crm",
            )
            .output()
            .await
            .unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(shown.contains("[customer.database]"), "{shown}");
        let told = shown + &String::from_utf8_lossy(&output.stderr);
        assert!(!told.contains("hunter"), "{arguments:?}: {told}");
    }
}

#[tokio::test]
async fn it_sends_no_mail_that_nobody_can_unsubscribe_from() {
    let folder = tempfile::tempdir().unwrap();
    let output = tokio::process::Command::new(rapport_tests::binary())
        .current_dir(folder.path())
        .env("RAPPORT__CUSTOMER__SMTP__HOST", "mail.example.com")
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(message.contains("needs gateway.public_url"), "{message}");
    let left = std::fs::read_dir(folder.path()).unwrap().count();
    assert_eq!(left, 0, "nothing was made");
}

#[tokio::test]
async fn it_refuses_to_be_reached_from_other_machines() {
    let folder = tempfile::tempdir().unwrap();
    let output = tokio::process::Command::new(rapport_tests::binary())
        .current_dir(folder.path())
        .env("RAPPORT__GATEWAY__LISTEN", "0.0.0.0:0")
        .output()
        .await
        .unwrap();
    assert!(!output.status.success());
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(
        message.contains("TLS and a real identity provider"),
        "{message}"
    );
}
