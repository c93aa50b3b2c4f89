//! Reserving contacts in batches, among 10,000 to 1,000,000 customers: each must cost the same.
//!
//! Each batch is drawn from everywhere among the customers. In the first campaign nothing is known
//! of them, and everything about each has to be looked at; the second finds what may be granted.
//! The rates are those of the median batch: one caller, one batch at a time, through the gateway,
//! on PostgreSQL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that can't go on has to stop"
)]

use std::time::{Duration, Instant};

use rapport::client::Caller;
use rapport_tests::population::{Population, reserve};
use rapport_tests::postgres::psql;
use rapport_tests::{Engine, Suite};

const SIZES: [u32; 3] = [10_000, 100_000, 1_000_000];
/// Fewest batches of a kind: small populations are contacted, and forgotten, several times.
const BATCHES: usize = 10;
/// Customers in a second, once what may be granted to them is known.
const WANTED: f64 = 30_000.0;
/// Of the rate of the smallest size, at each other: what grows with the logarithm, and noise.
const WANTED_OF_SMALLEST: f64 = 0.6;

#[tokio::main]
async fn main() {
    println!(
        "{:>9}  {:<15} {:>7} {:>12} {:>11} {:>11}",
        "customers", "campaign", "batches", "customers/s", "p50 ms", "slowest ms"
    );
    let mut first = Vec::new();
    let mut second = Vec::new();
    for size in SIZES {
        let times = measure(size).await;
        first.push(row(size, "first", times.first));
        second.push(row(size, "second", times.second));
    }
    println!("wanted of the second campaign: {WANTED} customers/s");
    for (campaign, rates) in [("first", &first), ("second", &second)] {
        let least = rates.iter().copied().fold(f64::INFINITY, f64::min);
        let ratio = least / rates[0];
        println!(
            "{campaign} campaign: slowest size / smallest size {ratio:.2} (wanted: {WANTED_OF_SMALLEST})"
        );
        assert!(ratio >= WANTED_OF_SMALLEST, "the rate falls with the size");
    }
}

/// How long batches took.
#[derive(Default)]
struct Times {
    first: Vec<Duration>,
    second: Vec<Duration>,
}

async fn measure(size: u32) -> Times {
    let suite = Suite::start(Engine::Postgres).await;
    let url = suite.postgres_url().expect("the suite runs on PostgreSQL");
    let population = Population::load(url, size);
    let caller = suite.administrator().await;
    let mut times = Times::default();
    while times.second.len() < BATCHES {
        let forget = "TRUNCATE customer.contact_clearance, customer.contact_permit";
        psql(url, &["--command", forget]);
        times.first.extend(campaign(&caller, population).await);
        times.second.extend(campaign(&caller, population).await);
    }
    times
}

/// Contacts everybody, and tells how long each batch took.
async fn campaign(caller: &Caller, population: Population) -> Vec<Duration> {
    let mut times = Vec::new();
    for batch in population.batches() {
        let begun = Instant::now();
        reserve(caller, batch).await;
        times.push(begun.elapsed());
    }
    times
}

/// Prints a row of the table, and tells the rate of the median batch.
fn row(size: u32, campaign: &str, mut times: Vec<Duration>) -> f64 {
    times.sort();
    let median = times[times.len() / 2].as_secs_f64();
    let rate = Population::BATCH as f64 / median;
    println!(
        "{size:>9}  {campaign:<15} {:>7} {rate:>12.0} {:>11.0} {:>11.0}",
        times.len(),
        median * 1e3,
        times[times.len() - 1].as_secs_f64() * 1e3,
    );
    rate
}
