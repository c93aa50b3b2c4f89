//! Leave to contact customers, asked for by many in many processes that die.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a story that can't go on has to stop"
)]

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::RngExt as _;
use rapport::client::{Caller, Connection};
use rapport_proto::rapport::customer::v1::contact_permit_service_client::ContactPermitServiceClient;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::contact_point_service_client::ContactPointServiceClient;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::customer::v1::preference_service_client::PreferenceServiceClient;
use rapport_proto::rapport::customer::v1::{
    CheckContactRequest, ConfirmContactRequest, ContactCap, ContactPermitState, ContactPoint,
    ContactTimes, CreateContactPointRequest, CreateCustomerRequest, ListContactPermitsRequest,
    ReleaseContactRequest, ReserveContactRequest, SetContactTimesRequest,
};
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};
use rapport_tests::{Engine, Suite, person, reason};
use tokio::task::JoinSet;

const PROCESSES: usize = 4;
const CALLERS_OF_EACH: usize = 50;
const CUSTOMERS: usize = 20;
/// Contacts that each customer wants in an hour.
const CAP: usize = 5;
/// How long permits wait that nobody settles.
const TTL: Duration = Duration::from_secs(2);
const KILLS: usize = 10;

/// What callers were told.
#[derive(Default)]
struct Told {
    confirmed: Mutex<HashSet<String>>,
    over: AtomicBool,
}

/// Somebody who wants an hour's `CAP` contacts at most.
async fn customer(suite: &Suite) -> String {
    let desk = suite.administrator().await;
    let request = CreateCustomerRequest {
        customer: Some(person("Ada Lovelace")),
        ..Default::default()
    };
    let created = CustomerServiceClient::new(desk.clone())
        .create_customer(request)
        .await;
    let name = created.unwrap().into_inner().name;
    let email = Address::Email("ada@example.com".to_owned());
    let request = CreateContactPointRequest {
        parent: name.clone(),
        contact_point: Some(ContactPoint {
            address: Some(email),
            ..Default::default()
        }),
        ..Default::default()
    };
    ContactPointServiceClient::new(desk.clone())
        .create_contact_point(request)
        .await
        .unwrap();
    let cap = ContactCap {
        max_contacts: i32::try_from(CAP).unwrap(),
        window: Some(Duration::from_hours(1).try_into().unwrap()),
        ..Default::default()
    };
    let request = SetContactTimesRequest {
        name: format!("{name}/preferences"),
        contact_times: Some(ContactTimes {
            caps: vec![cap],
            ..Default::default()
        }),
        ..Default::default()
    };
    PreferenceServiceClient::new(desk)
        .set_contact_times(request)
        .await
        .unwrap();
    name
}

fn asks_for(customer: &str) -> ReserveContactRequest {
    ReserveContactRequest {
        contact: Some(CheckContactRequest {
            customer: customer.to_owned(),
            channel: Channel::Email.into(),
            purpose: Purpose::Marketing.into(),
            ..Default::default()
        }),
        ttl: Some(TTL.try_into().unwrap()),
        ..Default::default()
    }
}

/// Reserves, and then confirms, releases or forgets, until it is over.
async fn keep_asking(
    process: Arc<Mutex<Connection>>,
    customers: Arc<Vec<String>>,
    told: Arc<Told>,
) {
    while !told.over.load(Ordering::Relaxed) {
        let connection = process.lock().unwrap().clone();
        let Ok(caller) = connection.open().await else {
            tokio::time::sleep(Duration::from_millis(50)).await;
            continue;
        };
        // Until the process is killed.
        while !told.over.load(Ordering::Relaxed) {
            let chosen = rand::rng().random_range(0..customers.len());
            let customer = &customers[chosen];
            if !ask(&caller, customer, &told).await {
                break;
            }
        }
    }
}

/// False when the process no longer answers.
async fn ask(caller: &Caller, customer: &str, told: &Told) -> bool {
    let mut permits = ContactPermitServiceClient::new(caller.clone());
    let permit = match permits.reserve_contact(asks_for(customer)).await {
        Ok(permit) => permit.into_inner(),
        Err(status) => return reason(&status) == "CONTACT_CAP_REACHED",
    };
    let name = permit.name.clone();
    let chance = rand::rng().random_range(0..10);
    match chance {
        0 => {
            let confirmed = permits
                .confirm_contact(ConfirmContactRequest { name })
                .await;
            if confirmed.is_ok() {
                told.confirmed.lock().unwrap().insert(permit.name);
            }
            confirmed.is_ok()
        }
        1 => true,
        _ => permits
            .release_contact(ReleaseContactRequest { name })
            .await
            .is_ok(),
    }
}

/// The permits of a customer that were confirmed.
async fn confirmed(caller: &Caller, customer: &str) -> HashSet<String> {
    let mut permits = ContactPermitServiceClient::new(caller.clone());
    let mut found = HashSet::new();
    let mut page_token = String::new();
    loop {
        let request = ListContactPermitsRequest {
            customer: customer.to_owned(),
            page_size: 1_000,
            page_token,
        };
        let page = permits
            .list_contact_permits(request)
            .await
            .unwrap()
            .into_inner();
        let made = page.contact_permits.into_iter();
        let made = made.filter(|it| it.state() == ContactPermitState::Confirmed);
        found.extend(made.map(|it| it.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn caps_are_exact_while_processes_are_killed() {
    let mut suites = vec![Suite::start(Engine::Postgres).await];
    for _ in 1..PROCESSES {
        suites.push(suites[0].replica().await);
    }
    let mut customers = Vec::new();
    for _ in 0..CUSTOMERS {
        customers.push(customer(&suites[0]).await);
    }
    let (customers, told) = (Arc::new(customers), Arc::new(Told::default()));
    let processes: Vec<_> = suites
        .iter()
        .map(|suite| Arc::new(Mutex::new(suite.connection())))
        .collect();
    let mut asking = JoinSet::new();
    for process in &processes {
        for _ in 0..CALLERS_OF_EACH {
            asking.spawn(keep_asking(
                process.clone(),
                customers.clone(),
                told.clone(),
            ));
        }
    }
    for kill in 0..KILLS {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let victim = kill % PROCESSES;
        suites[victim].kill_and_restart().await;
        *processes[victim].lock().unwrap() = suites[victim].connection();
    }
    told.over.store(true, Ordering::Relaxed);
    asking.join_all().await;
    tokio::time::sleep(TTL).await;

    let told = told.confirmed.lock().unwrap().clone();
    let caller = suites[0].administrator().await;
    let mut permits = ContactPermitServiceClient::new(caller.clone());
    let mut all = HashSet::new();
    for customer in customers.iter() {
        let made = confirmed(&caller, customer).await;
        assert!(made.len() <= CAP, "{} contacts of {CAP}", made.len());
        for _ in made.len()..CAP {
            permits
                .reserve_contact(asks_for(customer))
                .await
                .expect("all capacity returns");
        }
        let refused = permits
            .reserve_contact(asks_for(customer))
            .await
            .unwrap_err();
        assert_eq!(reason(&refused), "CONTACT_CAP_REACHED");
        all.extend(made);
    }
    println!(
        "{} contacts were confirmed, {} of them to the caller",
        all.len(),
        told.len()
    );
    assert!(told.is_subset(&all), "a confirmed contact is lost");
    assert!(!told.is_empty());
}
