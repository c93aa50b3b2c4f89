//! W3C trace context: how one call or event stays one trace across processes.

use http::{HeaderMap, HeaderName, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Header with the trace and the parent span, <https://www.w3.org/TR/trace-context/>.
pub const TRACE_PARENT: &str = "traceparent";

struct Incoming<'a>(&'a HeaderMap);

impl Extractor for Incoming<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(HeaderName::as_str).collect()
    }
}

struct Outgoing<'a>(&'a mut HeaderMap);

impl Injector for Outgoing<'_> {
    fn set(&mut self, key: &str, value: String) {
        let name = HeaderName::try_from(key);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::try_from(value)) {
            // An empty trace state is left out rather than sent as an empty header.
            if !value.is_empty() {
                self.0.insert(name, value);
            }
        }
    }
}

struct Stored<'a>(&'a str);

impl Extractor for Stored<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        (key == TRACE_PARENT).then_some(self.0)
    }

    fn keys(&self) -> Vec<&str> {
        vec![TRACE_PARENT]
    }
}

/// The caller's trace context, if the headers carry a valid one.
pub fn extract(headers: &HeaderMap) -> Option<Context> {
    remote(&Incoming(headers))
}

/// Writes the current span's trace context into the headers of an outgoing call. Without
/// telemetry it writes nothing, so that a context that was passed along survives.
pub fn inject(headers: &mut HeaderMap) {
    let context = Span::current().context();
    if context.span().span_context().is_valid() {
        TraceContextPropagator::new().inject_context(&context, &mut Outgoing(headers));
    }
}

/// The current span's `traceparent`, to be stored with an event.
pub fn current_trace_parent() -> Option<String> {
    let context = Span::current().context();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| {
        let flags = span.trace_flags().to_u8();
        format!("00-{}-{}-{flags:02x}", span.trace_id(), span.span_id())
    })
}

/// Makes `span` a child of a stored `traceparent`. Must happen before the span is entered;
/// a malformed one leaves the span with a trace of its own.
pub fn set_parent(span: &Span, trace_parent: &str) {
    if let Some(context) = remote(&Stored(trace_parent)) {
        adopt(span, context);
    }
}

/// Makes `span` a child of `parent`.
pub(crate) fn adopt(span: &Span, parent: Context) {
    // Fails only where no telemetry is installed or the span is filtered out.
    let _ = span.set_parent(parent);
}

fn remote(carrier: &dyn Extractor) -> Option<Context> {
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), carrier);
    let valid = context.span().span_context().is_valid();
    valid.then_some(context)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::testing;

    const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn a_call_continues_the_callers_trace_with_its_state() {
        let _telemetry = testing::install();
        let mut incoming = HeaderMap::new();
        incoming.insert(TRACE_PARENT, HeaderValue::from_static(CALLER));
        incoming.insert("tracestate", HeaderValue::from_static("vendor=1"));

        let span = tracing::info_span!("call");
        adopt(&span, extract(&incoming).unwrap());
        let mut outgoing = HeaderMap::new();
        span.in_scope(|| inject(&mut outgoing));

        let sent = outgoing[TRACE_PARENT].to_str().unwrap();
        assert_eq!(sent[..36], CALLER[..36], "same trace");
        assert_ne!(sent, CALLER, "but our span as the parent");
        assert_eq!(outgoing["tracestate"], "vendor=1");
    }

    #[test]
    fn an_event_carries_its_trace_as_text() {
        let _telemetry = testing::install();
        let span = tracing::info_span!("publish");
        set_parent(&span, CALLER);
        let stored = span.in_scope(current_trace_parent).unwrap();

        let span = tracing::info_span!("consume");
        set_parent(&span, &stored);
        let seen = span.in_scope(current_trace_parent).unwrap();
        assert_eq!(seen[..36], CALLER[..36]);
    }

    #[test]
    fn a_malformed_context_starts_a_trace_of_its_own() {
        let _telemetry = testing::install();
        for bad in [
            "",
            "00-zz",
            "00-00000000000000000000000000000000-0000000000000000-01",
        ] {
            let span = tracing::info_span!("consume");
            set_parent(&span, bad);
            assert!(span.in_scope(current_trace_parent).is_some());
        }
    }

    #[test]
    fn without_telemetry_a_passed_on_context_is_left_alone() {
        let mut headers = HeaderMap::new();
        headers.insert(TRACE_PARENT, HeaderValue::from_static(CALLER));
        inject(&mut headers);
        assert_eq!(headers[TRACE_PARENT], CALLER);
        assert_eq!(current_trace_parent(), None);
    }
}
