//! What a tenant has of each service, and calls of every unary RPC: the lists in `tests/tenants/`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;
use tonic::Status;

use crate::dynamic::Dynamic;

/// Stands in everything that the owner records, so that a leak can be seen.
pub const MARK: &str = "Zauberwort";

/// The lists of the services.
const SERVICES: [&str; 2] = [
    include_str!("../tests/tenants/customer.json"),
    include_str!("../tests/tenants/sales.json"),
];

/// What a tenant has of a service, and how a stranger tries to get at it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Service {
    pub package: String,
    /// What the owner does first.
    pub belongings: Vec<Call>,
    /// What the owner sees, before and after.
    pub views: Vec<Call>,
    /// What the stranger tries: every unary RPC.
    pub attempts: Vec<Call>,
}

/// A call; `{customer}` in its request stands for the name of what was created as that, `{today}`
/// and `{tomorrow}` for instants.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    pub rpc: String,
    pub request: Value,
    /// What its answer is called from then on, or the first of a list.
    #[serde(rename = "as")]
    pub called: Option<String>,
}

impl Call {
    /// Makes the call.
    pub async fn by(
        &self,
        caller: &Dynamic,
        package: &str,
        names: &BTreeMap<String, String>,
    ) -> Result<Value, Status> {
        let method = format!("{package}.{}", self.rpc);
        caller.call(&method, self.naming(names)).await
    }

    /// The request with the names of what it is about.
    pub fn naming(&self, names: &BTreeMap<String, String>) -> Value {
        let mut request = self.request.to_string();
        for (called, name) in names {
            request = request.replace(&format!("{{{called}}}"), name);
        }
        serde_json::from_str(&request).unwrap()
    }
}

/// Instants that calls may name.
pub fn instants() -> BTreeMap<String, String> {
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
    /// The services of the suite.
    pub fn all() -> Vec<Self> {
        let lists = SERVICES.iter().map(|list| serde_json::from_str(list));
        lists.collect::<Result<_, _>>().unwrap()
    }

    /// Has the owner record something of everything.
    pub async fn furnish(&self, owner: &Dynamic, names: &mut BTreeMap<String, String>) {
        for call in &self.belongings {
            let answer = self.do_as(owner, call, names).await;
            if let (Some(called), Some(name)) = (&call.called, name(&answer)) {
                names.insert(called.clone(), name.to_owned());
            }
        }
    }

    /// Makes a call that must succeed.
    pub async fn do_as(
        &self,
        owner: &Dynamic,
        call: &Call,
        names: &BTreeMap<String, String>,
    ) -> Value {
        let answer = call.by(owner, &self.package, names).await;
        answer.unwrap_or_else(|status| panic!("{}: {status}", call.rpc))
    }

    /// Full names of the service's unary RPCs, without the package.
    pub fn unary_rpcs(&self) -> BTreeSet<String> {
        let services = rapport_proto::descriptor_pool().services();
        let methods = services
            .filter(|service| service.parent_file().package_name() == self.package)
            .flat_map(|service| service.methods().collect::<Vec<_>>());
        methods
            .filter(|method| !method.is_client_streaming() && !method.is_server_streaming())
            .map(|method| format!("{}/{}", method.parent_service().name(), method.name()))
            .collect()
    }
}
