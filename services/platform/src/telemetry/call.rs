//! One call while it is observed.

use std::time::Instant;

use http::{HeaderMap, Request};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;
use tracing::Span;
use tracing::field::Empty;
use uuid::Uuid;

use super::method::{RpcMethod, code_name};
use super::metrics::RpcMetrics;
use super::propagation;

/// A call from its first byte to its status. One that is dropped before was cancelled.
#[derive(Debug)]
pub(super) struct Call {
    span: Span,
    method: &'static RpcMethod,
    begun: Instant,
    metrics: RpcMetrics,
    ended: bool,
}

impl Call {
    pub(super) fn begin<B>(request: &Request<B>, id: Uuid, metrics: RpcMetrics) -> Self {
        let method = RpcMethod::of(request.uri().path());
        let span = tracing::info_span!(
            "rpc",
            otel.name = &*method.path,
            otel.kind = "server",
            otel.status_code = Empty,
            rpc.system = "grpc",
            rpc.service = &*method.service,
            rpc.method = &*method.method,
            rpc.response.status_code = Empty,
            call_id = %id,
            tenant = Empty,
        );
        if let Some(caller) = propagation::extract(request.headers()) {
            propagation::adopt(&span, caller);
        }
        metrics.begun();
        Self {
            span,
            method,
            begun: Instant::now(),
            metrics,
            ended: false,
        }
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// Ends the call with `code`; only the first end counts. `status` are the headers or
    /// trailers that carried the code.
    pub(super) fn end(&mut self, code: Code, status: Option<&HeaderMap>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let seconds = self.begun.elapsed().as_secs_f64();
        self.metrics.ended(seconds, &self.method.attributes(code));
        self.span
            .record("rpc.response.status_code", code_name(code));
        if is_fault(code) {
            self.span.record("otel.status_code", "ERROR");
        }
        if code != Code::Ok {
            let reason = status.and_then(reason).unwrap_or_default();
            self.span.in_scope(|| log_failure(code, &reason, seconds));
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.end(Code::Cancelled, None);
    }
}

/// Codes by which a server says that it, and not the caller, failed (OpenTelemetry's
/// conventions for gRPC server spans).
fn is_fault(code: Code) -> bool {
    use Code::*;
    matches!(
        code,
        Unknown | DeadlineExceeded | Unimplemented | Internal | Unavailable | DataLoss
    )
}

/// One line per failed call. The status' message is not part of it: it may repeat what
/// the caller sent.
fn log_failure(code: Code, reason: &str, seconds: f64) {
    let status = code_name(code);
    match code {
        Code::Internal | Code::Unknown | Code::DataLoss => {
            tracing::error!(status, reason, seconds, "call failed");
        }
        Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted => {
            tracing::warn!(status, reason, seconds, "call failed");
        }
        _ => tracing::info!(status, reason, seconds, "call refused"),
    }
}

/// The reason for programs, from the status' details.
fn reason(headers: &HeaderMap) -> Option<String> {
    let status = Status::from_header_map(headers)?;
    status.get_details_error_info().map(|info| info.reason)
}

/// Names the tenant in the current call's span and log lines, once it is known.
pub fn record_tenant(tenant: impl std::fmt::Display) {
    Span::current().record("tenant", tracing::field::display(tenant));
}
