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

use rapport_tests::{Dynamic, Tenant, on_each_engine};
use serde::Deserialize;
use serde_json::Value;
use tonic::Code;

/// Stands in everything that the owner records, so that a leak can be seen.
const MARK: &str = "Zauberwort";

/// The lists of the services.
const SERVICES: [&str; 2] = [
    include_str!("tenants/customer.json"),
    include_str!("tenants/sales.json"),
];

/// What a tenant has of a service, and how a stranger tries to get at it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Service {
    package: String,
    /// What the owner does first.
    belongings: Vec<Call>,
    /// What the owner sees, before and after.
    views: Vec<Call>,
    /// What the stranger tries: every unary RPC.
    attempts: Vec<Call>,
}

/// A call; `{customer}` in its request stands for the name of what was created as that, `{today}`
/// and `{tomorrow}` for instants.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    rpc: String,
    request: Value,
    /// What its answer is called from then on, or the first of a list.
    #[serde(rename = "as")]
    called: Option<String>,
}

impl Call {
    async fn by(
        &self,
        caller: &Dynamic,
        package: &str,
        names: &BTreeMap<String, String>,
    ) -> Result<Value, tonic::Status> {
        let mut request = self.request.to_string();
        for (called, name) in names {
            request = request.replace(&format!("{{{called}}}"), name);
        }
        let request = serde_json::from_str(&request).unwrap();
        caller
            .call(&format!("{package}.{}", self.rpc), request)
            .await
    }
}

/// Instants that calls may name.
fn instants() -> BTreeMap<String, String> {
    let today = jiff::Timestamp::now();
    let tomorrow = today + jiff::SignedDuration::from_hours(24);
    let named = [("today", today), ("tomorrow", tomorrow)];
    named
        .map(|(name, instant)| (name.to_owned(), instant.to_string()))
        .into()
}

/// The name of a resource, or of the first one of a list.
fn name(answer: &Value) -> Option<&str> {
    let listed = || answer.as_object()?.values().next()?.as_array()?.first();
    let name = answer.get("name").or_else(|| listed()?.get("name"));
    name?.as_str()
}

impl Service {
    fn all() -> Vec<Self> {
        let lists = SERVICES.iter().map(|list| serde_json::from_str(list));
        lists.collect::<Result<_, _>>().unwrap()
    }

    /// Has the owner record something of everything.
    async fn furnish(&self, owner: &Dynamic, names: &mut BTreeMap<String, String>) {
        for call in &self.belongings {
            let answer = self.do_as(owner, call, names).await;
            if let (Some(called), Some(name)) = (&call.called, name(&answer)) {
                names.insert(called.clone(), name.to_owned());
            }
        }
    }

    async fn seen_by(&self, owner: &Dynamic, names: &BTreeMap<String, String>) -> Vec<Value> {
        let mut seen = Vec::new();
        for view in &self.views {
            seen.push(self.do_as(owner, view, names).await);
        }
        seen
    }

    async fn do_as(&self, owner: &Dynamic, call: &Call, names: &BTreeMap<String, String>) -> Value {
        let answer = call.by(owner, &self.package, names).await;
        answer.unwrap_or_else(|status| panic!("{}: {status}", call.rpc))
    }

    /// Full names of the service's unary RPCs, without the package.
    fn unary_rpcs(&self) -> BTreeSet<String> {
        let services = rapport_proto::descriptor_pool().services();
        let methods = services
            .filter(|service| service.parent_file().package_name() == self.package)
            .flat_map(|service| service.methods().collect::<Vec<_>>());
        methods
            .filter(|method| !method.is_client_streaming() && !method.is_server_streaming())
            .map(|method| format!("{}/{}", method.parent_service().name(), method.name()))
            .collect()
    }

    /// Tries everything; nothing of the owner's may show.
    async fn resist(&self, stranger: &Dynamic, names: &BTreeMap<String, String>) {
        let tried = self.attempts.iter().map(|it| it.rpc.clone());
        assert_eq!(
            tried.collect::<BTreeSet<_>>(),
            self.unary_rpcs(),
            "every RPC is tried"
        );
        for attempt in &self.attempts {
            let rpc = &attempt.rpc;
            match attempt.by(stranger, &self.package, names).await {
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
            let before = service.seen_by(&owner, &names).await;
            service.resist(&stranger, &names).await;
            assert_eq!(service.seen_by(&owner, &names).await, before);
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
