//! Reads with 1,000 and with 100,000 customers: they must cost the same. Prints p50 and p99, and
//! fails where a read costs more among many.
//!
//! Every suite also holds one customer with 51,000 interactions, who is looked at as well and whose
//! timeline is paged.
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
/// How much longer a read may take, in the median, among a hundred times as many customers.
const MOST_TIMES: f64 = 1.5;
/// What the machine's other work adds now and then.
const NOISE: Duration = Duration::from_millis(1);
const CHANNELS: [Channel; 4] = [
    Channel::Phone,
    Channel::Email,
    Channel::Web,
    Channel::CallCentre,
];

#[tokio::main]
async fn main() {
    println!(
        "{:<9} {:>9} {:>13}  {:<26} {:>9} {:>9}",
        "engine", "customers", "interactions", "call", "p50 ms", "p99 ms"
    );
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let [small, large] = SIZES;
        let among_few = measure(engine, small).await;
        let among_many = measure(engine, large).await;
        for ((call, few), (_, many)) in among_few.into_iter().zip(among_many) {
            let most = few.mul_f64(MOST_TIMES) + NOISE;
            assert!(
                many <= most,
                "{engine:?}: {call} takes {many:?} among {large} customers, {few:?} among {small}"
            );
        }
    }
}

/// What each read takes in the median.
async fn measure(engine: Engine, customers: u64) -> Vec<(String, Duration)> {
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
    let mut scene = Scene {
        engine,
        customers,
        interactions: spread + BUSY,
        medians: Vec::new(),
    };
    let any = |turn: usize| names[turn * 7_919 % names.len()].clone();
    scene.records(&caller, "", any).await;
    scene.records(&caller, ", busy", |_| busy.clone()).await;
    scene.timeline(&caller, &busy, &tokens).await;
    scene.search(&caller).await;
    scene.medians
}

/// One suite under measurement.
struct Scene {
    engine: Engine,
    customers: u64,
    interactions: u64,
    /// By call, in their order.
    medians: Vec<(String, Duration)>,
}

impl Scene {
    /// Reads customers: themselves, what the next agent must know, and all that is shown.
    async fn records(&mut self, caller: &Caller, whose: &str, name: impl Fn(usize) -> String) {
        self.row(&format!("GetCustomer{whose}"), |turn| {
            let mut client = CustomerServiceClient::new(caller.clone());
            let name = name(turn);
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
        self.row(&format!("GetCustomerContext{whose}"), |turn| {
            let mut client = ViewServiceClient::new(caller.clone());
            let request = GetCustomerContextRequest {
                customer: name(turn),
            };
            async move { drop(client.get_customer_context(request).await.unwrap()) }
        })
        .await;
        self.row(&format!("GetCustomer360{whose}"), |turn| {
            let mut client = ViewServiceClient::new(caller.clone());
            let request = GetCustomer360Request {
                customer: name(turn),
            };
            async move { drop(client.get_customer360(request).await.unwrap()) }
        })
        .await;
    }

    /// Reads pages of the busy customer's timeline.
    async fn timeline(&mut self, caller: &Caller, busy: &str, tokens: &[String]) {
        for (label, page) in [
            ("timeline, page 1", 1),
            ("timeline, page 1,000", 1_000),
            ("timeline, last page", tokens.len()),
        ] {
            self.row(label, |_| {
                let mut client = InteractionServiceClient::new(caller.clone());
                let request = timeline_page(busy, tokens[page - 1].clone());
                async move { drop(client.list_interactions(request).await.unwrap()) }
            })
            .await;
        }
    }

    /// Finds customers by their e-mail addresses.
    async fn search(&mut self, caller: &Caller) {
        let customers = self.customers as usize;
        self.row("SearchCustomers", |turn| {
            let mut client = CustomerServiceClient::new(caller.clone());
            let request = SearchCustomersRequest {
                query: format!("customer{}@", 1 + turn * 7_919 % customers),
                ..Default::default()
            };
            async move { drop(client.search_customers(request).await.unwrap()) }
        })
        .await;
    }

    /// Makes the call many times, one after the other, and prints a row of the table.
    async fn row<F: Future<Output = ()>>(&mut self, label: &str, call: impl Fn(usize) -> F) {
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
        self.medians.push((label.to_owned(), times[CALLS / 2]));
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "{:<9} {:>9} {:>13}  {label:<26} {:>9.2} {:>9.2}",
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

/// Names of all customers.
async fn names(caller: &Caller) -> Vec<String> {
    let mut client = CustomerServiceClient::new(caller.clone());
    let mut request = ListCustomersRequest {
        page_size: 1_000,
        ..Default::default()
    };
    let mut names = Vec::new();
    loop {
        let page = client.list_customers(request.clone()).await;
        let page = page.unwrap().into_inner();
        names.extend(page.customers.into_iter().map(|customer| customer.name));
        if page.next_page_token.is_empty() {
            return names;
        }
        request.page_token = page.next_page_token;
    }
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
