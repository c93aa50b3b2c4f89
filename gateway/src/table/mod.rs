//! What the protos say about every RPC, compiled once when the gateway starts.
//!
//! It fails closed: one RPC without a complete rule, and the gateway does not start.

mod compile;
mod error;
mod infrastructure;
mod outreach;
mod permission;
mod reach;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;

use prost_reflect::MessageDescriptor;
use rapport_proto::rapport::options::v1::MethodRule;

pub use error::{Defect, Fault, TableError};
pub use outreach::{DeclaredField, OutreachPlan, Source};
pub use permission::{PermissionId, PermissionSet, Permissions};

pub(crate) use reach::reachable;

use crate::scan::Census;

/// Every RPC, found by its HTTP/2 path.
#[derive(Clone, Debug)]
pub struct Table {
    methods: HashMap<String, Arc<Method>>,
    /// Paths in the order of the RPCs' full names.
    by_name: Vec<Arc<Method>>,
    permissions: Permissions,
}

/// One RPC and its rule.
#[derive(Clone, Debug)]
pub struct Method {
    /// `/rapport.customer.v1.CustomerService/CreateCustomer`
    pub path: String,
    /// `rapport.customer.v1.CustomerService.CreateCustomer`
    pub full_name: String,
    /// `rapport.customer.v1.CustomerService`
    pub service: String,
    /// The rule as the proto declares it.
    pub rule: MethodRule,
    /// Who may call.
    pub access: Access,
    /// What is read from a request that reaches out to a customer.
    pub outreach: Option<OutreachPlan>,
    /// What the gateway knows of the request's type; `None` for RPCs whose protos are not
    /// ours, which are passed on unread.
    pub request: Option<Request>,
    /// Whether the caller sends a stream of messages.
    pub client_streaming: bool,
    /// Whether the answer is a stream of messages.
    pub server_streaming: bool,
    /// Whether the request or the answer can hold personal data.
    pub personal_data: bool,
}

/// Who may call an RPC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever holds this permission.
    Permission(PermissionId),
    /// Everybody, even without a token.
    Public,
}

/// The type of an RPC's request.
#[derive(Clone, Debug)]
pub struct Request {
    /// Its descriptor.
    pub message: MessageDescriptor,
    /// Bounds what decoding one costs.
    pub census: Census,
    /// Whether a field of it, at any depth, has a `buf.validate` rule.
    pub has_rules: bool,
}

impl Table {
    /// The RPC at an HTTP/2 path.
    pub fn method(&self, path: &str) -> Option<&Arc<Method>> {
        self.methods.get(path)
    }

    /// The RPC with this full name.
    pub fn method_named(&self, full_name: &str) -> Option<&Arc<Method>> {
        let index = self
            .by_name
            .binary_search_by(|method| method.full_name.as_str().cmp(full_name))
            .ok()?;
        self.by_name.get(index)
    }

    /// Every RPC, ordered by full name.
    pub fn methods(&self) -> &[Arc<Method>] {
        &self.by_name
    }

    /// Every permission that an RPC asks for.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }
}

impl Method {
    /// Whether the gateway has to read the first message before it lets the call through.
    pub fn is_judged_by_message(&self) -> bool {
        match &self.request {
            // A stream may be long-lived and wait for the server to speak first, so it is held
            // back only when there is something to check.
            Some(request) => !self.client_streaming || request.has_rules,
            None => false,
        }
    }
}
