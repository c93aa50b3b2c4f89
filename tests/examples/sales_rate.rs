//! Moving opportunities and creating quotes on PostgreSQL against pgbench doing the same.
//!
//! Both run on the same server with the same number of connections, in turns, each on 20,000
//! opportunities of its own. The suite is called through the gateway with a `request_id`, as integrators do;
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
use rapport_tests::rates::{Callers, Compared, Pgbench, compare};
use rapport_tests::{Engine, Suite};

/// As many for the suite, and as many for `sales_rate_move.sql` behind them.
const DEALS: u32 = 20_000;
const CUSTOMERS: u32 = 1_000;
/// `sales_rate_move.sql` gives each its own opportunities.
const CALLERS: usize = 8;

fn request_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

async fn moves(callers: &Callers, mut plain: Pgbench, deals: Deals) -> Compared {
    let turn = Arc::new(AtomicU32::new(0));
    let move_next = move |caller| {
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
    };
    let call = || callers.rate(move_next.clone());
    compare(async || call().await, async || plain.rate()).await
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

async fn quotes(callers: &Callers, mut plain: Pgbench, customers: Population) -> Compared {
    let create = move |caller| async move {
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
    };
    compare(async || callers.rate(create).await, async || plain.rate()).await
}

#[tokio::main]
async fn main() {
    let suite = Suite::start(Engine::Postgres).await;
    let url = suite.postgres_url().expect("the suite runs on PostgreSQL");
    let deals = Deals::load(url, 2 * DEALS).first(DEALS);
    let customers = Population::load(url, CUSTOMERS);
    let callers = Callers::open(&suite.connection(), CALLERS).await;
    let plain = |script| Pgbench::new(url, script, CALLERS);
    let show = |what: &str, compared: Compared| {
        let Compared {
            first,
            second,
            ratio,
        } = compared;
        println!("{what:<18} {first:>8.0} /s   pgbench {second:>8.0} /s   ratio {ratio:.2}");
    };
    let moved = moves(&callers, plain("sales_rate_move.sql"), deals).await;
    show("MoveOpportunity", moved);
    let created = quotes(&callers, plain("sales_rate_quote.sql"), customers).await;
    show("CreateQuote", created);
}
