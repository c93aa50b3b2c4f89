//! What judging a call costs: a customer is created, a message is sent.

#![allow(missing_docs, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue};
use prost::Message as _;
use prost_reflect::DynamicMessage;
use rapport_gateway::enforce::{Enforcer, Validation};
use rapport_gateway::identity::{Authenticator, Identity, LocalToken, Roles};
use rapport_gateway::table::Table;
use rapport_platform::identity::{Actor, TenantId};
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1::customer::Profile;
use rapport_proto::rapport::customer::v1::{
    CreateCustomerRequest, Customer, ExternalId, Person, SendMessageRequest,
};

const MAX_FIELDS: usize = 50_000;
const CREATE: &str = "/rapport.customer.v1.CustomerService/CreateCustomer";
const SEND: &str = "/rapport.customer.v1.InteractionService/SendMessage";

fn create_customer() -> Vec<u8> {
    let person = Person {
        full_name: "Ada Lovelace".to_owned(),
        given_name: "Ada".to_owned(),
        family_name: "Lovelace".to_owned(),
        ..Person::default()
    };
    let external = ["billing", "web-shop"].map(|system| ExternalId {
        system: system.to_owned(),
        id: "0017-4455".to_owned(),
    });
    let customer = Customer {
        profile: Some(Profile::Person(person)),
        external_ids: external.into(),
        language_code: "en-GB".to_owned(),
        region_code: "GB".to_owned(),
        time_zone: "Europe/London".to_owned(),
        primary_employee: "employees/7".to_owned(),
        ..Customer::default()
    };
    let request = CreateCustomerRequest {
        customer: Some(customer),
        request_id: "0199a3c8-7f3e-7c1a-9d52-6b1f0e8d4c21".to_owned(),
    };
    request.encode_to_vec()
}

fn send_message() -> Vec<u8> {
    let request = SendMessageRequest {
        customer: "customers/0199a3c8-7f3e-7c1a-9d52-6b1f0e8d4c21".to_owned(),
        channel: 6,
        purpose: 2,
        subject: "Your quote".to_owned(),
        body: "Dear Ada, here it is. ".repeat(10),
        ..SendMessageRequest::default()
    };
    request.encode_to_vec()
}

/// An enforcer of the suite's own rules, and the headers of its administrator.
fn gate(table: &Arc<Table>) -> (Enforcer, HeaderMap) {
    let roles = BTreeMap::from([("admin".to_owned(), vec!["*".to_owned()])]);
    let roles = Roles::compile(&roles, &[], table.permissions()).unwrap();
    let identity = Identity {
        tenant: TenantId::EMBEDDED,
        actor: Actor::parse("users/local").unwrap(),
        permissions: roles.permissions(&["admin".to_owned()]),
        roles: vec!["admin".to_owned()],
        expires: None,
    };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    let local = LocalToken::load(&file, identity).unwrap();
    let token = std::fs::read_to_string(&file).unwrap();
    let mut headers = HeaderMap::new();
    let bearer = HeaderValue::try_from(format!("Bearer {}", token.trim())).unwrap();
    headers.insert(AUTHORIZATION, bearer);
    let validation = Validation::build(table, MAX_FIELDS).unwrap();
    let authenticator = Authenticator::new(Some(local), None).unwrap();
    (
        Enforcer::new(Arc::clone(table), authenticator, validation),
        headers,
    )
}

fn check(criterion: &mut Criterion) {
    let table = Arc::new(Table::build(rapport_proto::descriptor_pool()).unwrap());
    let (enforcer, headers) = gate(&table);
    let now = Timestamp::EPOCH;
    for (name, path, message) in [
        ("CreateCustomer", CREATE, create_customer()),
        ("SendMessage", SEND, send_message()),
    ] {
        let mut group = criterion.benchmark_group(format!("{name}, {} bytes", message.len()));
        let method = Arc::clone(enforcer.method(path).unwrap());
        let request = method.request.as_ref().unwrap();
        group.bench_function("check", |b| {
            b.iter(|| {
                enforcer
                    .check(path, &headers, black_box(&message), now)
                    .unwrap()
            });
        });
        group.bench_function("of it: authenticate", |b| {
            b.iter(|| {
                enforcer
                    .authenticate(&method, black_box(&headers), now)
                    .unwrap()
            });
        });
        group.bench_function("of it: count fields", |b| {
            b.iter(|| {
                request
                    .census
                    .check(black_box(&message), MAX_FIELDS)
                    .unwrap()
            });
        });
        group.bench_function("of it: decode", |b| {
            b.iter(|| {
                DynamicMessage::decode(request.message.clone(), black_box(&*message)).unwrap()
            });
        });
        if let Some(outreach) = &method.outreach {
            group.bench_function("of it: scan", |b| {
                b.iter(|| outreach.plan.scan(black_box(&message)).unwrap());
            });
        }
        group.finish();
    }
}

criterion_group!(benches, check);
criterion_main!(benches);
