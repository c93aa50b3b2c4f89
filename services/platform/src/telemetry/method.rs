//! The RPCs this build knows, with the names telemetry gives them.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use opentelemetry::KeyValue;
use tonic::Code;

/// One RPC, with what is the same for each of its calls made once.
#[derive(Debug)]
pub(super) struct RpcMethod {
    /// `rapport.customer.v1.CustomerService/GetCustomer`.
    pub(super) path: Arc<str>,
    pub(super) service: Arc<str>,
    pub(super) method: Arc<str>,
}

/// Served beside our own services, and not part of our descriptors.
const INFRASTRUCTURE: [(&str, &str); 5] = [
    ("grpc.health.v1.Health", "Check"),
    ("grpc.health.v1.Health", "Watch"),
    ("grpc.health.v1.Health", "List"),
    (
        "grpc.reflection.v1.ServerReflection",
        "ServerReflectionInfo",
    ),
    (
        "grpc.reflection.v1alpha.ServerReflection",
        "ServerReflectionInfo",
    ),
];

static METHODS: LazyLock<HashMap<Arc<str>, RpcMethod>> = LazyLock::new(|| {
    let mut methods = HashMap::new();
    let mut add = |service: &str, method: &str| {
        let known = RpcMethod::new(service, method);
        methods.insert(Arc::clone(&known.path), known);
    };
    for service in rapport_proto::descriptor_pool().services() {
        for method in service.methods() {
            add(service.full_name(), method.name());
        }
    }
    INFRASTRUCTURE
        .iter()
        .for_each(|(service, method)| add(service, method));
    methods
});

/// Where calls of unknown methods are counted: their names come from the caller, who could
/// fill our memory with them.
static OTHER: LazyLock<RpcMethod> = LazyLock::new(|| RpcMethod::new("_OTHER", "_OTHER"));

impl RpcMethod {
    fn new(service: &str, method: &str) -> Self {
        let path = format!("{service}/{method}").into();
        Self {
            path,
            service: service.into(),
            method: method.into(),
        }
    }

    /// The RPC behind a request's path, `/package.Service/Method`.
    pub(super) fn of(path: &str) -> &'static Self {
        let path = path.strip_prefix('/').unwrap_or(path);
        METHODS.get(path).unwrap_or(&OTHER)
    }

    pub(super) fn attributes(&self, code: Code) -> [KeyValue; 4] {
        [
            KeyValue::new("rpc.system", "grpc"),
            KeyValue::new("rpc.service", Arc::clone(&self.service)),
            KeyValue::new("rpc.method", Arc::clone(&self.method)),
            KeyValue::new("rpc.response.status_code", code_name(code)),
        ]
    }
}

/// A code by the name that the gRPC specification gives it.
pub(super) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}
