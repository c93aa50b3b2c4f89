//! The RPCs that every gRPC server has. Their protos are not ours, so their rules stand here.

use rapport_proto::rapport::options::v1::{MethodRule, Retry, method_rule};

/// One RPC that is served beside the suite's own.
pub(super) struct Infrastructure {
    pub(super) service: &'static str,
    pub(super) method: &'static str,
    pub(super) client_streaming: bool,
    pub(super) server_streaming: bool,
    /// Why everybody may call it.
    reason: &'static str,
    retry: Retry,
}

const PROBE: &str = "load balancers and orchestrators probe health and have no token";
const SCHEMA: &str = "the protos are public; reflection returns nothing else";

pub(super) const INFRASTRUCTURE: &[Infrastructure] = &[
    Infrastructure {
        service: "grpc.health.v1.Health",
        method: "Check",
        client_streaming: false,
        server_streaming: false,
        reason: PROBE,
        retry: Retry::Safe,
    },
    Infrastructure {
        service: "grpc.health.v1.Health",
        method: "Watch",
        client_streaming: false,
        server_streaming: true,
        reason: PROBE,
        retry: Retry::Resumable,
    },
    Infrastructure {
        service: "grpc.reflection.v1.ServerReflection",
        method: "ServerReflectionInfo",
        client_streaming: true,
        server_streaming: true,
        reason: SCHEMA,
        retry: Retry::Resumable,
    },
    Infrastructure {
        service: "grpc.reflection.v1alpha.ServerReflection",
        method: "ServerReflectionInfo",
        client_streaming: true,
        server_streaming: true,
        reason: SCHEMA,
        retry: Retry::Resumable,
    },
];

impl Infrastructure {
    /// The rule that its proto would declare.
    pub(super) fn rule(&self) -> MethodRule {
        MethodRule {
            access: Some(method_rule::Access::Public(self.reason.to_owned())),
            interaction: Some(method_rule::Interaction::Exempt(
                "answers about the server; no customer is touched".to_owned(),
            )),
            rule_set: None,
            module: "gateway".to_owned(),
            retry: self.retry.into(),
        }
    }
}
