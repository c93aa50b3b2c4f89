//! A row of the table as callers see it.

use rapport_proto::rapport::gateway::v1::MethodRule;

use crate::table::Method;

const COLLECTION: &str = "methodRules/";

/// The row as a resource.
pub(super) fn view(method: &Method) -> MethodRule {
    let Method {
        path,
        full_name,
        service,
        rule,
        access: _,
        outreach: _,
        request: _,
        client_streaming,
        server_streaming,
        personal_data,
    } = method;
    MethodRule {
        name: format!("{COLLECTION}{full_name}"),
        path: path.clone(),
        service: service.clone(),
        rule: Some(rule.clone()),
        client_streaming: *client_streaming,
        server_streaming: *server_streaming,
        personal_data: *personal_data,
    }
}

/// The RPC's full name in a resource name.
pub(super) fn full_name(name: &str) -> Option<&str> {
    name.strip_prefix(COLLECTION)
}
