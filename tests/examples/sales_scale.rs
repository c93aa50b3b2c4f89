//! Forecasts and pages of opportunities among 1,000,000, on PostgreSQL, against the plain aggregate.
//!
//! `QueryForecast` rolls all of them up through the gateway; `sales_scale.sql` is the aggregate that
//! it has to read, made by PostgreSQL alone; `sales_scale_page.sql` is what a page reads. Each is the
//! median of several runs.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that can't go on has to stop"
)]

use std::path::Path;
use std::time::Instant;

use rapport::client::Caller;
use rapport_proto::google::r#type::Date;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_tests::deals::Deals;
use rapport_tests::postgres::psql;
use rapport_tests::{Engine, Suite};

const DEALS: u32 = 1_000_000;
const RUNS: usize = 9;
/// Milliseconds of database time that a page may take.
const WANTED: f64 = 5.0;

fn median(mut runs: Vec<f64>) -> f64 {
    runs.sort_by(f64::total_cmp);
    runs[runs.len() / 2]
}

/// Milliseconds of `QueryForecast`.
async fn forecast(caller: &Caller) -> f64 {
    let day = |month| {
        Some(Date {
            year: 2030,
            month,
            day: 1,
        })
    };
    let request = proto::QueryForecastRequest {
        start_date: day(1),
        end_date: day(2),
        currency_code: "EUR".to_owned(),
        ..Default::default()
    };
    let mut client = proto::forecast_service_client::ForecastServiceClient::new(caller.clone());
    let begun = Instant::now();
    let answer = client.query_forecast(request).await.unwrap().into_inner();
    let took = begun.elapsed().as_secs_f64() * 1_000.0;
    assert_eq!(answer.rows.len(), 50, "a line for each seller");
    took
}

/// Milliseconds of the first page of a seller's opportunities in a stage.
async fn page(caller: &Caller) -> f64 {
    let request = proto::ListOpportunitiesRequest {
        filter: format!("owner = \"{}\" AND stage = \"early\"", Deals::seller(7)),
        page_size: 50,
        ..Default::default()
    };
    let mut client =
        proto::opportunity_service_client::OpportunityServiceClient::new(caller.clone());
    let begun = Instant::now();
    let answer = client
        .list_opportunities(request)
        .await
        .unwrap()
        .into_inner();
    let took = begun.elapsed().as_secs_f64() * 1_000.0;
    assert_eq!(answer.opportunities.len(), 50);
    took
}

/// Milliseconds that PostgreSQL says it took for the statement in a file, in the median.
fn database_time(url: &str, script: &str) -> f64 {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(script);
    let script = script.to_str().unwrap();
    let run = |_| {
        let text = psql(url, &["--tuples-only", "--file", script]);
        let time = text.split("Execution Time:").nth(1).unwrap();
        time.split_whitespace().next().unwrap().parse().unwrap()
    };
    median((0..RUNS).map(run).collect())
}

#[tokio::main]
async fn main() {
    let suite = Suite::start(Engine::Postgres).await;
    let url = suite.postgres_url().expect("the suite runs on PostgreSQL");
    let begun = Instant::now();
    Deals::load(url, DEALS);
    let loaded = begun.elapsed().as_secs_f64();
    println!("{DEALS} opportunities loaded in {loaded:.0} s");
    let caller = suite.administrator().await;

    let (mut forecasts, mut pages) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        forecasts.push(forecast(&caller).await);
        pages.push(page(&caller).await);
    }
    let (forecast, page) = (median(forecasts), median(pages));
    let plain = database_time(url, "sales_scale.sql");
    let read = database_time(url, "sales_scale_page.sql");
    let ratio = forecast / plain;
    println!("QueryForecast of all of them         {forecast:>8.1} ms");
    println!("the plain aggregate                  {plain:>8.1} ms   ratio {ratio:.2}");
    println!("first page by owner and stage        {page:>8.1} ms");
    println!("database time of that page           {read:>8.1} ms   (wanted: under {WANTED})");
    assert!(read < WANTED, "the page takes too long");
}
