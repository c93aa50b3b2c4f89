//! Creating customers on PostgreSQL against pgbench making the same INSERTs: at least half its rate.
//!
//! Both run on the same server with the same number of connections, one after the other. The
//! suite is called through the gateway with a `request_id`, as integrators do; pgbench runs
//! `create_rate.sql`, the statements that one such call comes to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a measurement that can't go on has to stop"
)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rapport_proto::rapport::customer::v1::CreateCustomerRequest;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_tests::{Engine, Suite, known_as, person};

const CONNECTIONS: usize = 8;
const WARM_UP: Duration = Duration::from_secs(3);
const MEASURED: Duration = Duration::from_secs(15);
const WANTED: f64 = 0.5;

#[tokio::main]
async fn main() {
    let suite = Suite::start(Engine::Postgres).await;
    let created = rate_of_suite(&suite).await;
    let inserted = rate_of_pgbench(&suite);
    let ratio = created / inserted;
    println!("CreateCustomer through the gateway  {created:>8.0} /s");
    println!("pgbench with the same INSERTs       {inserted:>8.0} /s");
    println!("ratio                               {ratio:>8.2}     (wanted: at least {WANTED})");
    assert!(ratio >= WANTED, "the ratio is too low");
}

async fn rate_of_suite(suite: &Suite) -> f64 {
    let count = Arc::new(AtomicU64::new(0));
    let callers: Vec<_> =
        futures::future::join_all((0..CONNECTIONS).map(|_| suite.administrator())).await;
    let working: Vec<_> = callers
        .into_iter()
        .map(|caller| {
            let count = Arc::clone(&count);
            tokio::spawn(async move {
                let mut customers = CustomerServiceClient::new(caller);
                loop {
                    let id = uuid::Uuid::now_v7().to_string();
                    let request = CreateCustomerRequest {
                        customer: Some(known_as(person("Ana Müller"), "bench", &id)),
                        request_id: id,
                    };
                    customers.create_customer(request).await.unwrap();
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    tokio::time::sleep(WARM_UP).await;
    let (before, begun) = (count.load(Ordering::Relaxed), Instant::now());
    tokio::time::sleep(MEASURED).await;
    let done = count.load(Ordering::Relaxed) - before;
    let rate = done as f64 / begun.elapsed().as_secs_f64();
    working.iter().for_each(tokio::task::JoinHandle::abort);
    rate
}

fn rate_of_pgbench(suite: &Suite) -> f64 {
    let programs = std::env::var_os("RAPPORT_POSTGRES_PROGRAMS");
    let programs =
        programs.expect("set RAPPORT_POSTGRES_PROGRAMS or run `cargo xtask bench create_rate`");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/create_rate.sql");
    let run = |first_key: &str, seconds: u64| {
        let output = Command::new(Path::new(&programs).join("pgbench"))
            .args([
                "--no-vacuum",
                "--protocol=extended",
                "--jobs=2",
                "--define",
                first_key,
            ])
            .args([
                format!("--client={CONNECTIONS}"),
                format!("--time={seconds}"),
                "--file".into(),
            ])
            .arg(&script)
            .arg(suite.postgres_url().expect("the suite runs on PostgreSQL"))
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            output.status.success(),
            "{text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        let rate = text.lines().find_map(|line| line.strip_prefix("tps = "));
        let rate = rate.and_then(|rest| rest.split_whitespace().next());
        rate.unwrap().parse::<f64>().unwrap()
    };
    run("i=0", WARM_UP.as_secs());
    run("i=1000000000", MEASURED.as_secs())
}
