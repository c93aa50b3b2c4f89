//! Reads with 1,000 and with 100,000 customers: they must cost the same. Prints p50 and p99.
//!
//! Every suite also holds one customer with 51,000 interactions, whose timeline is paged.
//! Loading goes through the gateway as any import does.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a measurement that can't go on has to stop"
)]

use std::time::{Duration, Instant};

use rapport::client::Caller;
use rapport::demo::people;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::customer::v1::import_customers_request::Step;
use rapport_proto::rapport::customer::v1::import_service_client::ImportServiceClient;
use rapport_proto::rapport::customer::v1::interaction_service_client::InteractionServiceClient;
use rapport_proto::rapport::customer::v1::view_service_client::ViewServiceClient;
use rapport_proto::rapport::customer::v1::{
    Direction, ExternalId, GetCustomer360Request, GetCustomerContextRequest, GetCustomerRequest,
    ImportBatch, ImportComplete, ImportCustomersRequest, ImportRow, ImportStart, Interaction,
    ListCustomersRequest, ListInteractionsRequest, SearchCustomersRequest,
};
use rapport_proto::rapport::r#type::v1::Channel;
use rapport_tests::{Engine, Suite};

const SIZES: [u64; 2] = [1_000, 100_000];
/// The busy customer's interactions: 1,020 pages of 50.
const BUSY: u64 = 51_000;
const CALLS: usize = 400;
const CHANNELS: [Channel; 4] = [
    Channel::Phone,
    Channel::Email,
    Channel::Web,
    Channel::CallCentre,
];

#[tokio::main]
async fn main() {
    println!(
        "{:<9} {:>9} {:>13}  {:<24} {:>9} {:>9}",
        "engine", "customers", "interactions", "call", "p50 ms", "p99 ms"
    );
    for engine in [Engine::Sqlite, Engine::Postgres] {
        for customers in SIZES {
            measure(engine, customers).await;
        }
    }
}

async fn measure(engine: Engine, customers: u64) {
    let suite = Suite::start(engine).await;
    let caller = suite.administrator().await;
    // 949,000 spread evenly and the busy customer's make a million at the larger size.
    let spread = customers * 949 / 100;
    let begun = Instant::now();
    load(caller.clone(), customers, spread).await;
    let records = (customers + spread + BUSY) as f64;
    let rate = records / begun.elapsed().as_secs_f64();
    eprintln!("{engine:?}: loaded {records} records at {rate:.0}/s");

    let names = names(&caller).await;
    let busy = busy(&caller).await;
    let tokens = tokens(&caller, &busy).await;
    let scene = Scene {
        engine,
        customers,
        interactions: spread + BUSY,
    };
    let one = |turn: usize| names[turn * 7_919 % names.len()].clone();

    scene
        .row("GetCustomer", |turn| {
            let mut client = CustomerServiceClient::new(caller.clone());
            let name = one(turn);
            async move {
                drop(
                    client
                        .get_customer(GetCustomerRequest { name })
                        .await
                        .unwrap(),
                )
            }
        })
        .await;
    scene
        .row("GetCustomerContext", |turn| {
            let mut client = ViewServiceClient::new(caller.clone());
            let customer = one(turn);
            async move {
                drop(
                    client
                        .get_customer_context(GetCustomerContextRequest { customer })
                        .await
                        .unwrap(),
                )
            }
        })
        .await;
    scene
        .row("GetCustomer360", |turn| {
            let mut client = ViewServiceClient::new(caller.clone());
            let customer = one(turn);
            async move {
                drop(
                    client
                        .get_customer360(GetCustomer360Request { customer })
                        .await
                        .unwrap(),
                )
            }
        })
        .await;
    for (label, page) in [
        ("timeline, page 1", 1),
        ("timeline, page 1,000", 1_000),
        ("timeline, last page", tokens.len()),
    ] {
        scene
            .row(label, |_| {
                let mut client = InteractionServiceClient::new(caller.clone());
                let request = timeline_page(&busy, tokens[page - 1].clone());
                async move { drop(client.list_interactions(request).await.unwrap()) }
            })
            .await;
    }
    scene
        .row("SearchCustomers", |turn| {
            let mut client = CustomerServiceClient::new(caller.clone());
            let query = format!("customer{}@", 1 + turn * 7_919 % customers as usize);
            let request = SearchCustomersRequest {
                query,
                ..Default::default()
            };
            async move { drop(client.search_customers(request).await.unwrap()) }
        })
        .await;
}

/// One suite under measurement.
struct Scene {
    engine: Engine,
    customers: u64,
    interactions: u64,
}

impl Scene {
    /// Makes the call many times, one after the other, and prints a row of the table.
    async fn row<F: Future<Output = ()>>(&self, label: &str, call: impl Fn(usize) -> F) {
        for turn in 0..CALLS / 10 {
            call(turn).await;
        }
        let mut times = Vec::with_capacity(CALLS);
        for turn in 0..CALLS {
            let begun = Instant::now();
            call(turn).await;
            times.push(begun.elapsed());
        }
        times.sort();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{:<9} {:>9} {:>13}  {label:<24} {:>9.2} {:>9.2}",
            format!("{:?}", self.engine).to_lowercase(),
            self.customers,
            self.interactions,
            ms(times[CALLS / 2]),
            ms(times[CALLS * 99 / 100]),
        );
    }
}

/// Imports the customers, their interactions, and the busy customer's.
async fn load(caller: Caller, customers: u64, spread: u64) {
    let mut rows = people::rows(1, customers);
    for n in 0..spread {
        let row = (n % customers) as usize;
        rows[row]
            .interactions
            .push(interaction(n, &format!("spread/{n}")));
    }
    let per_row = 500;
    for part in 0..BUSY / per_row {
        let mut row = ImportRow {
            line: (customers + 1 + part) as i64,
            ..people::rows(2, 1).remove(0)
        };
        row.customer.as_mut().unwrap().external_ids[0].id = "busy".into();
        row.contact_points.clear();
        row.interactions = (part * per_row..(part + 1) * per_row)
            .map(|n| interaction(n, &format!("busy/{n}")))
            .collect();
        rows.push(row);
    }
    let start = ImportStart {
        source: "scale".into(),
        ..ImportStart::default()
    };
    // Small enough for a message: a row of the busy customer has 500 interactions.
    let batches: Vec<_> = rows
        .chunk_by(|a, b| a.line / 250 == b.line / 250 && b.interactions.len() < 100)
        .map(|rows| {
            Step::Batch(ImportBatch {
                rows: rows.to_vec(),
            })
        })
        .collect();
    let steps = std::iter::once(Step::Start(start))
        .chain(batches)
        .chain([Step::Complete(ImportComplete {})])
        .map(|step| ImportCustomersRequest { step: Some(step) });
    let answers = ImportServiceClient::new(caller)
        .import_customers(tokio_stream::iter(steps))
        .await;
    let mut answers = answers.unwrap().into_inner();
    let mut last = None;
    while let Some(answer) = answers.message().await.unwrap() {
        assert!(answer.errors.is_empty(), "{:?}", answer.errors[0]);
        last = answer.run;
    }
    let run = last.unwrap();
    assert_eq!(run.created_count as u64, customers + 1);
    assert_eq!(run.interaction_count as u64, spread + BUSY);
}

fn interaction(n: u64, id: &str) -> Interaction {
    let second = 1_700_000_000 + (n * 61) as i64;
    Interaction {
        channel: CHANNELS[n as usize % CHANNELS.len()].into(),
        direction: if n.is_multiple_of(3) {
            Direction::Inbound
        } else {
            Direction::Outbound
        }
        .into(),
        summary: "Talked about the delivery, the invoice and what comes next".into(),
        agent: format!("employees/{}", n % 50),
        occur_time: Some(prost_types::Timestamp {
            seconds: second,
            nanos: 0,
        }),
        external_id: Some(ExternalId {
            system: "scale".into(),
            id: id.into(),
        }),
        ..Interaction::default()
    }
}

/// Names of the first thousand customers.
async fn names(caller: &Caller) -> Vec<String> {
    let request = ListCustomersRequest {
        page_size: 1_000,
        ..Default::default()
    };
    let page = CustomerServiceClient::new(caller.clone())
        .list_customers(request)
        .await
        .unwrap();
    page.into_inner()
        .customers
        .into_iter()
        .map(|customer| customer.name)
        .collect()
}

async fn busy(caller: &Caller) -> String {
    let request = SearchCustomersRequest {
        query: "busy".into(),
        ..Default::default()
    };
    let found = CustomerServiceClient::new(caller.clone())
        .search_customers(request)
        .await
        .unwrap();
    let customers = found
        .into_inner()
        .results
        .into_iter()
        .filter_map(|one| one.customer);
    let mut customers = customers.filter(|one| one.external_ids.iter().any(|id| id.id == "busy"));
    customers.next().unwrap().name
}

fn timeline_page(customer: &str, page_token: String) -> ListInteractionsRequest {
    ListInteractionsRequest {
        parent: customer.into(),
        page_size: 50,
        page_token,
        ..Default::default()
    }
}

/// The token that starts each page of the customer's timeline.
async fn tokens(caller: &Caller, customer: &str) -> Vec<String> {
    let mut client = InteractionServiceClient::new(caller.clone());
    let mut tokens = vec![String::new()];
    loop {
        let request = timeline_page(customer, tokens.last().unwrap().clone());
        let page = client
            .list_interactions(request)
            .await
            .unwrap()
            .into_inner();
        if page.next_page_token.is_empty() {
            return tokens;
        }
        tokens.push(page.next_page_token);
    }
}
