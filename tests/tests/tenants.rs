//! No tenant sees or changes what belongs to another, through any RPC.
//!
//! What a tenant has of each service, and how a stranger tries to get at it, is a list in
//! `tests/tenants/`: a service that is added adds its own.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rapport_tests::belongings::{MARK, Service, instants};
use rapport_tests::{Dynamic, Tenant, on_each_engine};
use serde_json::Value;
use tonic::Code;

/// What the owner sees.
async fn seen_by(
    service: &Service,
    owner: &Dynamic,
    names: &BTreeMap<String, String>,
) -> Vec<Value> {
    let mut seen = Vec::new();
    for view in &service.views {
        seen.push(service.do_as(owner, view, names).await);
    }
    seen
}

/// Tries everything; nothing of the owner's may show.
async fn resist(service: &Service, stranger: &Dynamic, names: &BTreeMap<String, String>) {
    let tried = service.attempts.iter().map(|it| it.rpc.clone());
    assert_eq!(
        tried.collect::<BTreeSet<_>>(),
        service.unary_rpcs(),
        "every RPC is tried"
    );
    for attempt in &service.attempts {
        let rpc = &attempt.rpc;
        match attempt.by(stranger, &service.package, names).await {
            Ok(answer) => {
                let answer = answer.to_string();
                let leaks = |text: &str| answer.contains(text);
                assert!(!leaks(MARK), "{rpc} shows {answer}");
                assert!(!leaks(&names["customer"]), "{rpc} shows {answer}");
            }
            Err(status) => {
                let expected = [Code::NotFound, Code::InvalidArgument];
                assert!(expected.contains(&status.code()), "{rpc}: {status}");
                assert!(!status.message().contains(MARK), "{rpc}: {status}");
            }
        }
    }
}

on_each_engine! {
    async fn another_tenant_finds_nothing_and_changes_nothing(suite: &mut Suite) {
        let provider = suite.provider();
        let owner = suite.dynamic(&provider.administrator(Tenant::new())).await;
        let stranger = suite.dynamic(&provider.administrator(Tenant::new())).await;
        let services = Service::all();
        let mut names = instants();
        for service in &services {
            service.furnish(&owner, &mut names).await;
        }
        // The behaviour that was recorded moves the customer's stage soon; not later.
        tokio::time::sleep(Duration::from_secs(1)).await;

        for service in &services {
            let before = seen_by(service, &owner, &names).await;
            resist(service, &stranger, &names).await;
            assert_eq!(seen_by(service, &owner, &names).await, before);
        }
    }

    async fn whoever_lacks_the_permission_is_refused_by_name(suite: &mut Suite) {
        let token = suite.provider().token(Tenant::new(), "employees/7", &["nobody"]);
        let caller = suite.dynamic(&token).await;
        for service in Service::all() {
            let area = service.package.split('.').nth(1).unwrap();
            for rpc in service.unary_rpcs() {
                let method = format!("{}.{rpc}", service.package);
                let refused = caller.send(&method, Vec::new().into()).await.unwrap_err();
                assert_eq!(refused.code(), Code::PermissionDenied, "{method}");
                let permission = rapport_tests::metadata(&refused, "permission");
                assert!(permission.starts_with(&format!("{area}.")), "{method}");
            }
        }
    }
}
