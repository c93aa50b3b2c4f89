//! Creating customers on PostgreSQL against pgbench making the same INSERTs: at least half its rate.
//!
//! Both run on the same server with the same number of connections, in turns. The suite is
//! called through the gateway with a `request_id`, as integrators do; pgbench runs `create_rate.sql`,
//! the statements that one such call comes to.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that can't go on has to stop"
)]

use rapport_proto::rapport::customer::v1::CreateCustomerRequest;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_tests::rates::{Callers, Pgbench, compare};
use rapport_tests::{Engine, Suite, known_as, person};

const WANTED: f64 = 0.5;
const CALLERS: usize = 8;

#[tokio::main]
async fn main() {
    let suite = Suite::start(Engine::Postgres).await;
    let url = suite.postgres_url().expect("the suite runs on PostgreSQL");
    let create = |caller| async move {
        let id = uuid::Uuid::now_v7().to_string();
        let request = CreateCustomerRequest {
            customer: Some(known_as(person("Ana Müller"), "bench", &id)),
            request_id: id,
        };
        let mut customers = CustomerServiceClient::new(caller);
        customers.create_customer(request).await.unwrap();
    };
    let callers = Callers::open(&suite.connection(), CALLERS).await;
    let mut inserting = Pgbench::new(url, "create_rate.sql", CALLERS);
    let compared = compare(
        async || callers.rate(create).await,
        async || inserting.rate(),
    )
    .await;
    let (created, inserted, ratio) = (compared.first, compared.second, compared.ratio);
    println!("CreateCustomer through the gateway  {created:>8.0} /s");
    println!("pgbench with the same INSERTs       {inserted:>8.0} /s");
    println!("ratio                               {ratio:>8.2}     (wanted: at least {WANTED})");
    assert!(ratio >= WANTED, "the ratio is too low");
}
