//! Metrics: one OpenTelemetry meter, read by Prometheus and, when configured, sent over OTLP.

use opentelemetry::metrics::{Histogram, Meter, UpDownCounter};
use opentelemetry::{KeyValue, global};
use prometheus::{Encoder, Registry, TextEncoder};

/// The meter of the process. Instruments taken from it before [`super::init`] count nothing.
pub fn meter() -> Meter {
    global::meter("rapport")
}

/// Everything in the registry in Prometheus' text format.
///
/// # Errors
/// When a metric cannot be written as text.
pub fn render(registry: &Registry) -> Result<String, prometheus::Error> {
    let mut text = Vec::new();
    TextEncoder::new().encode(&registry.gather(), &mut text)?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// Bounds in seconds: the OpenTelemetry recommendation for RPC durations, continued below
/// 5 ms because most of our calls take less.
const DURATION_BOUNDS: [f64; 17] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0,
    7.5, 10.0,
];

/// Rate, errors and duration of the calls a process answers.
#[derive(Clone, Debug)]
pub struct RpcMetrics {
    /// Seconds by service, method and status; its count is the number of calls.
    pub(super) duration: Histogram<f64>,
    open: UpDownCounter<i64>,
}

impl RpcMetrics {
    /// The instruments of `meter`.
    pub fn new(meter: &Meter) -> Self {
        let duration = meter
            .f64_histogram("rpc.server.call.duration")
            .with_description("Time from a call's first byte to its status.")
            .with_unit("s")
            .with_boundaries(DURATION_BOUNDS.to_vec())
            .build();
        let open = meter
            .i64_up_down_counter("rpc.server.open_calls")
            .with_description("Calls that have begun and have no status yet.")
            .build();
        Self { duration, open }
    }

    pub(super) fn begun(&self) {
        self.open.add(1, &[]);
    }

    pub(super) fn ended(&self, seconds: f64, attributes: &[KeyValue]) {
        self.open.add(-1, &[]);
        self.duration.record(seconds, attributes);
    }
}
