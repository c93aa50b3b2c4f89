//! What operators see of a call at the gateway: a span, a measurement, and a line when it is
//! refused. Never bodies or personal data.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use http::{Extensions, Request, Response};
use opentelemetry::KeyValue;
use opentelemetry::metrics::Histogram;
use rapport_platform::telemetry::{TRACE_PARENT, meter, set_parent};
use tonic::Status;
use tonic::body::Body;
use tonic_types::StatusExt;
use tracing::Span;
use tracing::field::Empty;
use uuid::Uuid;

use crate::identity::Identity;
use crate::table::Method;

/// Marks an answer that a service gave; the others are refusals of ours.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answered;

/// What is learned about a call on its way. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct CallRecord {
    pub(super) call_id: Uuid,
    span: Span,
    caller: Arc<OnceLock<Arc<Identity>>>,
}

impl CallRecord {
    /// The record of the call with these extensions, as the front made it.
    pub(super) fn of(extensions: &Extensions) -> Self {
        extensions.get().cloned().unwrap_or_else(|| Self {
            call_id: Uuid::nil(),
            span: Span::none(),
            caller: Arc::default(),
        })
    }

    /// Remembers who calls, for the span and the log.
    pub(super) fn name_caller(&self, caller: Arc<Identity>) {
        self.span
            .record("tenant", tracing::field::display(caller.tenant));
        // Set once per call.
        let _ = self.caller.set(caller);
    }
}

/// How long calls take at the gateway, and how they end there.
#[derive(Clone, Debug)]
pub(super) struct Metrics {
    duration: Histogram<f64>,
}

impl Metrics {
    /// Measures with the process' meter, so telemetry must be running.
    pub(super) fn new() -> Self {
        let duration = meter()
            .f64_histogram("rapport.gateway.call.duration")
            .with_unit("s")
            .with_description("Time until a call is refused or the head of its answer is there.")
            .with_boundaries(vec![
                0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0,
                10.0,
            ])
            .build();
        Self { duration }
    }
}

/// One call while it is watched. One that is dropped before its end was cancelled.
#[derive(Debug)]
pub(super) struct Watch {
    record: CallRecord,
    method: Arc<str>,
    metrics: Metrics,
    begun: Instant,
    ended: bool,
}

/// Where calls of unknown RPCs are counted: their names come from the caller, who could fill
/// our memory and logs with them.
const UNKNOWN: &str = "_OTHER";

impl Watch {
    pub(super) fn begin(
        request: &Request<Body>,
        method: Option<&Method>,
        call_id: Uuid,
        metrics: Metrics,
    ) -> Self {
        let method = method.map_or(UNKNOWN, |method| method.path.as_str());
        let span = tracing::info_span!(
            "gateway",
            otel.name = method,
            otel.kind = "server",
            rpc.system = "grpc",
            call_id = %call_id,
            tenant = Empty,
        );
        let caller = request.headers().get(TRACE_PARENT);
        if let Some(Ok(parent)) = caller.map(|value| value.to_str()) {
            set_parent(&span, parent);
        }
        let caller = Arc::default();
        Self {
            record: CallRecord {
                call_id,
                span,
                caller,
            },
            method: method.into(),
            metrics,
            begun: Instant::now(),
            ended: false,
        }
    }

    pub(super) fn record(&self) -> CallRecord {
        self.record.clone()
    }

    pub(super) fn span(&self) -> Span {
        self.record.span.clone()
    }

    /// Ends the watch with the head of the answer.
    pub(super) fn end(mut self, response: &Response<Body>) {
        if response.extensions().get::<Answered>().is_some() {
            self.measure("");
            return;
        }
        let status = Status::from_header_map(response.headers());
        let reason = status.as_ref().and_then(StatusExt::get_details_error_info);
        let reason = reason.map(|info| info.reason).unwrap_or_default();
        self.measure(&reason);
        let caller = self.record.caller.get();
        tracing::info!(
            method = &*self.method,
            reason,
            call_id = %self.record.call_id,
            tenant = caller.map(|caller| tracing::field::display(caller.tenant)),
            actor = caller.map(|caller| tracing::field::display(&caller.actor)),
            "call refused"
        );
    }

    fn measure(&mut self, reason: &str) {
        self.ended = true;
        let attributes = [
            KeyValue::new("rpc.method", Arc::clone(&self.method)),
            KeyValue::new("rapport.refusal", reason.to_owned()),
        ];
        self.metrics
            .duration
            .record(self.begun.elapsed().as_secs_f64(), &attributes);
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if !self.ended {
            self.measure("CANCELLED");
        }
    }
}
