//! Reserving contacts on PostgreSQL against pgbench counting the same: at least 0.6 of its rate.
//!
//! Both run on the same server with the same number of connections, in turns, on
//! 10,000 customers of whom each was contacted before and none reaches a cap. The suite is called
//! through the gateway with a `request_id`, as integrators do; pgbench runs `reserve_rate.sql`,
//! the least that a database could do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a measurement that can't go on has to stop"
)]

use rapport_proto::rapport::customer::v1::contact_permit_service_client::ContactPermitServiceClient;
use rapport_proto::rapport::customer::v1::{CheckContactRequest, ReserveContactRequest};
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};
use rapport_tests::population::Population;
use rapport_tests::rates::{Callers, Pgbench, compare};
use rapport_tests::{Engine, Suite};

/// As many as `reserve_rate.sql` draws from.
const CUSTOMERS: u32 = 10_000;
const WANTED: f64 = 0.6;
/// At once; each waits for an answer before it makes the next call.
const CALLERS: usize = 32;

#[tokio::main]
async fn main() {
    let suite = Suite::start(Engine::Postgres).await;
    let url = suite.postgres_url().expect("the suite runs on PostgreSQL");
    let population = Population::load(url, CUSTOMERS);
    let administrator = suite.administrator().await;
    population.become_known(&administrator).await;

    let reserve = move |caller| async move {
        let contact = CheckContactRequest {
            customer: population.anyone(),
            channel: Channel::Email.into(),
            purpose: Purpose::Service.into(),
            ..CheckContactRequest::default()
        };
        let request = ReserveContactRequest {
            contact: Some(contact),
            request_id: uuid::Uuid::now_v7().to_string(),
            ..ReserveContactRequest::default()
        };
        let mut permits = ContactPermitServiceClient::new(caller);
        permits.reserve_contact(request).await.unwrap();
    };
    let callers = Callers::open(&suite.connection(), CALLERS).await;
    let mut counting = Pgbench::new(url, "reserve_rate.sql", CALLERS);
    let compared = compare(
        async || callers.rate(reserve).await,
        async || counting.rate(),
    )
    .await;
    let (reserved, counted, ratio) = (compared.first, compared.second, compared.ratio);
    println!("ReserveContact through the gateway  {reserved:>8.0} /s");
    println!("pgbench counting the same           {counted:>8.0} /s");
    println!("ratio                               {ratio:>8.2}     (wanted: at least {WANTED})");
    assert!(ratio >= WANTED, "the ratio is too low");
}
