//! Any bytes get a status with a reason: no crash, no hang, nothing told about the inside.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use std::time::Duration;

use prost_reflect::MethodDescriptor;
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use rapport_tests::{Dynamic, Engine, Suite, Tenant, find, metadata, reason};
use serde_json::json;
use tonic::{Code, Status};

const WHO_AM_I: &str = "rapport.gateway.v1.AccessService/WhoAmI";

/// Every RPC of ours for which this holds.
fn rpcs(holds: impl Fn(&MethodDescriptor) -> bool) -> Vec<String> {
    let services = rapport_proto::descriptor_pool().services();
    let rpcs = services.flat_map(|service| service.methods().collect::<Vec<_>>());
    rpcs.filter(holds)
        .map(|one| format!("{}/{}", one.parent_service().full_name(), one.name()))
        .collect()
}

fn is_streaming(method: &MethodDescriptor) -> bool {
    method.is_client_streaming() || method.is_server_streaming()
}

/// A refusal that says why and gives nothing away.
fn assert_decent(method: &str, status: &Status) {
    assert!(
        !reason(status).is_empty(),
        "{method}: no reason in {status}"
    );
    let known = [
        Code::InvalidArgument,
        Code::NotFound,
        Code::FailedPrecondition,
        Code::AlreadyExists,
    ];
    assert!(known.contains(&status.code()), "{method}: {status}");
    for inside in ["SELECT", "sqlx", "panicked", "src/"] {
        assert!(!status.message().contains(inside), "{method}: {status}");
    }
}

async fn administrator(suite: &Suite) -> Dynamic {
    suite
        .dynamic(&suite.provider().administrator(Tenant::new()))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn random_bytes_to_every_rpc_are_answered_with_a_reason() {
    let suite = Suite::start(Engine::Sqlite).await;
    let caller = administrator(&suite).await;
    let mut random = StdRng::seed_from_u64(1);
    for method in rpcs(|one| !is_streaming(one)) {
        for _ in 0..40 {
            let mut bytes = vec![0; random.random_range(0..200)];
            random.fill_bytes(&mut bytes);
            let answer =
                tokio::time::timeout(Duration::from_secs(10), caller.send(&method, bytes.into()));
            if let Err(status) = answer.await.expect("an answer in time") {
                assert_decent(&method, &status);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn random_bytes_to_every_stream_are_answered_with_a_reason() {
    let suite = Suite::start(Engine::Sqlite).await;
    let caller = administrator(&suite).await;
    let mut random = StdRng::seed_from_u64(2);
    let mut refused = 0;
    let streams = rpcs(is_streaming);
    assert_eq!(streams.len(), 4, "{streams:?}");
    for method in &streams {
        for _ in 0..40 {
            let messages = (0..random.random_range(0..4)).map(|_| {
                let mut bytes = vec![0; random.random_range(0..200)];
                random.fill_bytes(&mut bytes);
                bytes.into()
            });
            let messages = messages.collect();
            let answers =
                tokio::time::timeout(Duration::from_secs(10), caller.stream(method, messages));
            if let Err(status) = answers.await.expect("an end in time") {
                assert_decent(method, &status);
                refused += 1;
            }
        }
    }
    assert!(refused > 80, "most of it means nothing: {refused}");
    assert!(
        caller.call(WHO_AM_I, json!({})).await.is_ok(),
        "it still answers"
    );
}

/// Calls with an empty message, or a stream of one, and returns why not.
async fn turned_away(caller: &Dynamic, method: &str) -> Status {
    match is_streaming(&find(method)) {
        true => caller.stream(method, vec![Vec::new().into()]).await.err(),
        false => caller.send(method, Vec::new().into()).await.err(),
    }
    .unwrap_or_else(|| panic!("{method} lets everybody in"))
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lacks_the_permission_opens_no_stream() {
    let suite = Suite::start(Engine::Sqlite).await;
    let provider = suite.provider();
    let token = provider.token(Tenant::new(), "employees/7", &["nobody"]);
    let caller = suite.dynamic(&token).await;
    for method in rpcs(is_streaming) {
        let status = turned_away(&caller, &method).await;
        assert_eq!(status.code(), Code::PermissionDenied, "{method}: {status}");
        let permission = metadata(&status, "permission");
        assert!(
            permission.starts_with("customer."),
            "{method}: {permission}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_tells_strangers_nothing_and_those_without_a_role_their_own_access_only() {
    let suite = Suite::start(Engine::Sqlite).await;
    let stranger = suite.dynamic("forged").await;
    let of_gateway = |one: &MethodDescriptor| one.full_name().starts_with("rapport.gateway.");
    let methods = rpcs(|one| is_streaming(one) || of_gateway(one));
    assert_eq!(methods.len(), 7, "{methods:?}");
    for method in methods {
        let status = turned_away(&stranger, &method).await;
        let told = (status.code(), reason(&status));
        assert_eq!(
            told,
            (Code::Unauthenticated, "TOKEN_INVALID".into()),
            "{method}"
        );
    }

    let provider = suite.provider();
    let token = provider.token(Tenant::new(), "employees/7", &["nobody"]);
    let nobody = suite.dynamic(&token).await;
    let granted = nobody.call(WHO_AM_I, json!({})).await.unwrap();
    let granted: Vec<String> = serde_json::from_value(granted["permissions"].clone()).unwrap();
    assert!(
        granted.iter().all(|it| it.starts_with("gateway.access.")),
        "{granted:?}"
    );
}

async fn refused(caller: &Dynamic, method: &str, request: serde_json::Value) -> String {
    let method = format!("rapport.customer.v1.{method}");
    let status = caller.call(&method, request).await.unwrap_err();
    assert_decent(&method, &status);
    reason(&status)
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_made_to_break_something_are_refused_or_kept_as_they_are() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let suite = Suite::start(engine).await;
        let caller = administrator(&suite).await;
        let person = |name: &str| json!({"customer": {"person": {"fullName": name}}});
        for broken in ["", "   ", "a\0b", "a\u{7}b", &"x".repeat(201)] {
            assert_eq!(
                refused(&caller, "CustomerService/CreateCustomer", person(broken)).await,
                "INVALID_FIELD"
            );
        }
        for kept in [
            "Robert'); DROP TABLE customer;--",
            "%_\\",
            "👩‍👩‍👧 Família",
            "\u{202e}txt.exe a",
        ] {
            let created = caller
                .call(
                    "rapport.customer.v1.CustomerService/CreateCustomer",
                    person(kept),
                )
                .await;
            match created {
                Ok(customer) => assert_eq!(customer["person"]["fullName"], kept),
                Err(status) => assert_eq!(reason(&status), "INVALID_FIELD", "{kept}"),
            }
        }
        for query in ["%", "'", "\\", "\u{10FFFF}", "((((", "*"] {
            let search = caller
                .call(
                    "rapport.customer.v1.CustomerService/SearchCustomers",
                    json!({"query": query}),
                )
                .await;
            if let Err(status) = search {
                assert_decent("SearchCustomers", &status);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_and_page_tokens_from_elsewhere_are_refused() {
    let suite = Suite::start(Engine::Sqlite).await;
    let caller = administrator(&suite).await;
    let list = "CustomerService/ListCustomers";
    for filter in [
        "kind =",
        "password = 1",
        "kind = ORGANISATION OR",
        &"(".repeat(1_000),
        "1 = 1; DROP TABLE customer",
    ] {
        assert_eq!(
            refused(&caller, list, json!({"filter": filter})).await,
            "INVALID_FILTER",
            "{filter}"
        );
    }
    for token in ["x", "AAAA", &"A".repeat(1_000)] {
        assert_eq!(
            refused(&caller, list, json!({"pageToken": token})).await,
            "INVALID_PAGE_TOKEN"
        );
    }
    assert_eq!(
        refused(&caller, list, json!({"pageSize": -1})).await,
        "INVALID_FIELD"
    );
    let update = json!({"customer": {"name": "customers/018f0000-0000-7000-8000-000000000000"}, "updateMask": "createTime"});
    assert_eq!(
        refused(&caller, "CustomerService/UpdateCustomer", update).await,
        "INVALID_UPDATE_MASK"
    );
    let garbage = json!({"name": "customers/../../etc/passwd"});
    assert_eq!(
        refused(&caller, "CustomerService/GetCustomer", garbage).await,
        "INVALID_FIELD"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_token_of_another_tenant_is_worth_nothing() {
    let suite = Suite::start(Engine::Sqlite).await;
    let (owner, stranger) = (administrator(&suite).await, administrator(&suite).await);
    let method = "rapport.customer.v1.CustomerService/ListCustomers";
    for name in ["Ana", "Ben"] {
        let request = json!({"customer": {"person": {"fullName": name}}});
        owner
            .call(
                "rapport.customer.v1.CustomerService/CreateCustomer",
                request,
            )
            .await
            .unwrap();
    }
    let page = owner.call(method, json!({"pageSize": 1})).await.unwrap();
    let token = page["nextPageToken"].as_str().unwrap();
    let request = json!({"pageSize": 1, "pageToken": token});
    owner.call(method, request.clone()).await.unwrap();
    let refused = stranger.call(method, request).await.unwrap_err();
    assert_eq!(reason(&refused), "INVALID_PAGE_TOKEN");
}
