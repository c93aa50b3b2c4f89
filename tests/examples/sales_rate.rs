//! Moving opportunities and creating quotes on PostgreSQL against pgbench doing the same.
//!
//! Both run on the same server with the same number of connections, one after the other, on 20,000
//! opportunities. The suite is called through the gateway with a `request_id`, as integrators do;
//! pgbench runs `sales_rate_move.sql` and `sales_rate_quote.sql`, the statements that one such call
//! comes to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that can't go on has to stop"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rapport_proto::google::r#type::Money;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_tests::deals::Deals;
use rapport_tests::population::Population;
use rapport_tests::rates::{calls_per_second, transactions_per_second};
use rapport_tests::{Engine, Suite};

/// As many as `sales_rate_move.sql` draws from.
const DEALS: u32 = 20_000;
const CUSTOMERS: u32 = 1_000;

fn request_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

async fn moves(suite: &Suite, deals: Deals) -> f64 {
    let turn = Arc::new(AtomicU32::new(0));
    let moved = calls_per_second(suite.connection(), move |caller| {
        let (name, stage) = deals.next_move(turn.fetch_add(1, Ordering::Relaxed));
        let request = proto::MoveOpportunityRequest {
            name,
            stage: stage.to_owned(),
            request_id: request_id(),
            ..Default::default()
        };
        async move {
            let mut client =
                proto::opportunity_service_client::OpportunityServiceClient::new(caller);
            client.move_opportunity(request).await.unwrap();
        }
    });
    moved.await
}

/// Ten pens with 5 % off.
fn content() -> proto::QuoteContent {
    let line = proto::QuoteLine {
        description: "Pen".to_owned(),
        quantity: "10".to_owned(),
        unit_price: Some(Money {
            currency_code: "EUR".to_owned(),
            units: 100,
            nanos: 0,
        }),
        discount_ppm: 50_000,
        tax_rate_ppm: 81_000,
        ..Default::default()
    };
    proto::QuoteContent {
        title: "Pens".to_owned(),
        currency_code: "EUR".to_owned(),
        rounding_policy: proto::RoundingPolicy::PerLine.into(),
        tax_treatment: proto::TaxTreatment::Exclusive.into(),
        lines: vec![line],
        ..Default::default()
    }
}

async fn quotes(suite: &Suite, customers: Population) -> f64 {
    let created = calls_per_second(suite.connection(), move |caller| async move {
        let quote = proto::Quote {
            customer: customers.anyone(),
            content: Some(content()),
            ..Default::default()
        };
        let request = proto::CreateQuoteRequest {
            quote: Some(quote),
            max_discount_ppm: 50_000,
            request_id: request_id(),
        };
        let mut client = proto::quote_service_client::QuoteServiceClient::new(caller);
        client.create_quote(request).await.unwrap();
    });
    created.await
}

#[tokio::main]
async fn main() {
    let suite = Suite::start(Engine::Postgres).await;
    let url = suite.postgres_url().expect("the suite runs on PostgreSQL");
    let deals = Deals::load(url, DEALS);
    let customers = Population::load(url, CUSTOMERS);
    let show = |what: &str, suite: f64, plain: f64| {
        let ratio = suite / plain;
        println!("{what:<18} {suite:>8.0} /s   pgbench {plain:>8.0} /s   ratio {ratio:.2}");
    };
    let moved = moves(&suite, deals).await;
    show(
        "MoveOpportunity",
        moved,
        transactions_per_second(url, "sales_rate_move.sql"),
    );
    let created = quotes(&suite, customers).await;
    show(
        "CreateQuote",
        created,
        transactions_per_second(url, "sales_rate_quote.sql"),
    );
}
