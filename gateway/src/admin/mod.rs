//! The gateway's own service: callers ask about their access.

mod rules;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use rapport_platform::error::Answer as _;
use rapport_platform::identity::{CALL_ID_HEADER, Context};
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes, PageTokens};
use rapport_platform::problem::Problem;
use rapport_platform::server::{MAX_REQUEST_BYTES, MAX_RESPONSE_BYTES, ServiceLink};
use rapport_platform::time::Clock;
use rapport_proto::rapport::gateway::v1::access_service_server::{
    AccessService, AccessServiceServer, SERVICE_NAME,
};
use rapport_proto::rapport::gateway::v1::{
    AccessObstacle, CheckAccessRequest, CheckAccessResponse, ListMethodRulesRequest,
    ListMethodRulesResponse, WhoAmIRequest, WhoAmIResponse,
};
use rapport_proto::rapport::r#type::v1::ErrorReason;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic::{Request, Response, Status};
use uuid::Uuid;

use crate::identity::Identity;
use crate::table::{Access, Method, Table};

const PAGE_SIZES: PageSizes = PageSizes {
    default: 100,
    max: 1_000,
};
const LIST_METHOD_RULES: &str = "rapport.gateway.v1.AccessService/ListMethodRules";

/// Full names of the gateway's own proto services, for health reports.
pub const PROTO_SERVICES: &[&str] = &[SERVICE_NAME];

/// Answers from the table and the caller's identity; it keeps nothing.
#[derive(Clone)]
pub(crate) struct AccessAdmin {
    table: Arc<Table>,
    page_tokens: PageTokens,
    clock: Clock,
}

impl AccessAdmin {
    pub(crate) fn new(table: Arc<Table>, page_tokens: PageTokens, clock: Clock) -> Self {
        Self {
            table,
            page_tokens,
            clock,
        }
    }

    /// A link to the service. It is called by the gateway alone, which puts the caller's
    /// identity beside the request; there is no other way to it.
    pub(crate) fn link(self) -> ServiceLink {
        let server = AccessServiceServer::new(self)
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(MAX_REQUEST_BYTES)
            .max_encoding_message_size(MAX_RESPONSE_BYTES);
        Routes::new(server).into()
    }

    fn who_am_i(&self, caller: &Identity) -> WhoAmIResponse {
        let permissions = self.table.permissions().iter();
        let held = permissions.filter(|(id, _)| caller.permissions.contains(*id));
        WhoAmIResponse {
            tenant: format!("tenants/{}", caller.tenant),
            actor: caller.actor.to_string(),
            roles: caller.roles.clone(),
            permissions: held.map(|(_, name)| name.to_owned()).collect(),
            expire_time: caller.expires.map(prost_types::Timestamp::from),
        }
    }

    fn list_method_rules(
        &self,
        caller: &Identity,
        request: &ListMethodRulesRequest,
    ) -> Result<ListMethodRulesResponse, Problem> {
        let ListMethodRulesRequest {
            service,
            page_size,
            page_token,
        } = request;
        let list = ListRequest {
            method: LIST_METHOD_RULES,
            query: Fingerprint::of(&[service]),
            page_size: *page_size,
            page_token,
        };
        let ctx = Context::new(caller.tenant, caller.actor.clone(), self.clock.now());
        let page = self
            .page_tokens
            .open::<String>(&ctx, &list, PAGE_SIZES)
            .map_err(|error| error.problem())?;
        let after = page.after.clone().unwrap_or_default();
        let limit = usize::try_from(page.limit()).unwrap_or(usize::MAX);
        let methods = self.table.methods();
        // The table is ordered by the key of the page.
        let from = methods.partition_point(|method| method.full_name <= after);
        let rows: Vec<&Arc<Method>> = methods
            .iter()
            .skip(from)
            .filter(|method| belongs(method, service))
            .take(limit)
            .collect();
        let (rows, next_page_token) = page
            .finish(rows, |method| method.full_name.clone())
            .map_err(|error| error.problem())?;
        Ok(ListMethodRulesResponse {
            method_rules: rows.into_iter().map(|method| rules::view(method)).collect(),
            next_page_token,
        })
    }

    fn check_access(&self, caller: &Identity, name: &str) -> Result<CheckAccessResponse, Problem> {
        let method = rules::full_name(name)
            .and_then(|full_name| self.table.method_named(full_name))
            .ok_or_else(|| Problem::not_found(name))?;
        let obstacles: Vec<AccessObstacle> = self.missing(method, caller).into_iter().collect();
        Ok(CheckAccessResponse {
            allowed: obstacles.is_empty(),
            obstacles,
            asks_customer: method.outreach.is_some(),
        })
    }

    /// The permission that the caller lacks.
    fn missing(&self, method: &Method, caller: &Identity) -> Option<AccessObstacle> {
        let Access::Permission(id) = method.access else {
            return None;
        };
        if caller.permissions.contains(id) {
            return None;
        }
        let permission = self.table.permissions().name(id);
        let problem = Problem::permission_denied(permission);
        Some(AccessObstacle {
            reason: ErrorReason::PermissionDenied.into(),
            description: problem.message().to_owned(),
            metadata: BTreeMap::from([("permission".to_owned(), permission.to_owned())]),
        })
    }
}

/// Whether the RPC is of this service or package; every RPC is of "".
fn belongs(method: &Method, service: &str) -> bool {
    match method.service.strip_prefix(service) {
        Some(rest) => service.is_empty() || rest.is_empty() || rest.starts_with('.'),
        None => false,
    }
}

/// The caller as the gateway knows him, and the call's id for answers.
fn caller<T>(request: &Request<T>) -> Result<(Arc<Identity>, Uuid), Status> {
    let call_id = request.metadata().get(CALL_ID_HEADER);
    let call_id = call_id.and_then(|id| Uuid::try_parse_ascii(id.as_bytes()).ok());
    let call_id = call_id.unwrap_or_default();
    match request.extensions().get::<Arc<Identity>>() {
        Some(caller) => Ok((Arc::clone(caller), call_id)),
        None => {
            let problem =
                Problem::token_missing("Send a bearer token in the header `authorization`.");
            Err(problem.into_status(call_id))
        }
    }
}

#[tonic::async_trait]
impl AccessService for AccessAdmin {
    async fn who_am_i(
        &self,
        request: Request<WhoAmIRequest>,
    ) -> Result<Response<WhoAmIResponse>, Status> {
        let (caller, _) = caller(&request)?;
        Ok(Response::new(self.who_am_i(&caller)))
    }

    async fn list_method_rules(
        &self,
        request: Request<ListMethodRulesRequest>,
    ) -> Result<Response<ListMethodRulesResponse>, Status> {
        let (caller, call_id) = caller(&request)?;
        self.list_method_rules(&caller, request.get_ref())
            .map(Response::new)
            .map_err(|problem| problem.into_status(call_id))
    }

    async fn check_access(
        &self,
        request: Request<CheckAccessRequest>,
    ) -> Result<Response<CheckAccessResponse>, Status> {
        let (caller, call_id) = caller(&request)?;
        let CheckAccessRequest { name } = request.get_ref();
        self.check_access(&caller, name)
            .map(Response::new)
            .map_err(|problem| problem.into_status(call_id))
    }
}
