//! The effect of channels, counted from 1,000,000 contacts on PostgreSQL, against the plain aggregate.
//!
//! `QueryChannelEffect` pairs every contact with what the customer did next, on any of its records,
//! at its own local hour; `channel_effect_plain.sql` only counts the same rows by their columns. Each is
//! the median of several runs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that can't go on has to stop"
)]

use std::time::Instant;

use prost_types::Timestamp;
use rapport::client::Caller;
use rapport_proto::rapport::customer::v1::EffectDimension::{
    Channel, CustomerKind, LifecycleStage, LocalHour, Purpose,
};
use rapport_proto::rapport::customer::v1::channel_effect_service_client::ChannelEffectServiceClient;
use rapport_proto::rapport::customer::v1::{EffectDimension, QueryChannelEffectRequest};
use rapport_tests::population::Population;
use rapport_tests::postgres::psql;
use rapport_tests::{Engine, Suite};

const CUSTOMERS: u32 = 100_000;
const RUNS: usize = 5;

fn script(name: &str) -> String {
    format!("{}/examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

fn median(mut runs: Vec<f64>) -> f64 {
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}

/// Seconds of `QueryChannelEffect` of April.
async fn effect(caller: &Caller, dimensions: &[EffectDimension]) -> f64 {
    let instant = |seconds| Some(Timestamp { seconds, nanos: 0 });
    let request = QueryChannelEffectRequest {
        start_time: instant(1_775_001_600),
        end_time: instant(1_775_001_600 + 30 * 86_400),
        dimensions: dimensions.iter().map(|&it| it.into()).collect(),
        ..Default::default()
    };
    let mut client = ChannelEffectServiceClient::new(caller.clone());
    let begun = Instant::now();
    let answer = client
        .query_channel_effect(request)
        .await
        .unwrap()
        .into_inner();
    let took = begun.elapsed().as_secs_f64();
    let contacts: i64 = answer.effects.iter().map(|it| it.contact_count).sum();
    let refused: i64 = answer.effects.iter().map(|it| it.refusal_count).sum();
    assert!(contacts > 500_000, "{contacts} contacts");
    assert_eq!(refused, 100_000);
    took
}

/// Seconds that PostgreSQL says the plain aggregate took.
fn plain(url: &str) -> f64 {
    let run = |_| {
        let text = psql(
            url,
            &[
                "--tuples-only",
                "--file",
                &script("channel_effect_plain.sql"),
            ],
        );
        let time = text.split("Execution Time:").nth(1).unwrap();
        let time: f64 = time.split_whitespace().next().unwrap().parse().unwrap();
        time / 1_000.0
    };
    median((0..RUNS).map(run).collect())
}

#[tokio::main]
async fn main() {
    let suite = Suite::start(Engine::Postgres).await;
    let url = suite.postgres_url().expect("the suite runs on PostgreSQL");
    Population::load(url, CUSTOMERS);
    let customers = format!("--set=customers={CUSTOMERS}");
    psql(url, &[&customers, "--file", &script("channel_effect.sql")]);
    let caller = suite.administrator().await;

    let plain = plain(url);
    println!("plain aggregate                      {plain:>6.2} s");
    let all = [Channel, Purpose, CustomerKind, LifecycleStage, LocalHour];
    for (label, dimensions) in [
        ("by channel", &all[..1]),
        ("by channel and local hour", &[Channel, LocalHour][..]),
        ("by everything", &all[..]),
    ] {
        let mut runs = Vec::new();
        for _ in 0..RUNS {
            runs.push(effect(&caller, dimensions).await);
        }
        let took = median(runs);
        println!("{label:<36} {took:>6.2} s   ratio {:.1}", took / plain);
    }
}
