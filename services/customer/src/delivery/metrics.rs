//! What operators watch: what leaves, how it ends, and how long it waited.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram};
use rapport_platform::telemetry::meter;

use crate::domain::delivery::{AttemptResult, Connector, DeliveryState};

/// Bounds in seconds: from a message that leaves at once to one that waited for a day.
const WAIT_BOUNDS: [f64; 11] = [
    0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 3_600.0, 86_400.0,
];

/// Messages on their way out.
#[derive(Clone, Debug)]
pub(super) struct DeliveryMetrics {
    attempts: Counter<u64>,
    ended: Counter<u64>,
    wait: Histogram<f64>,
}

impl DeliveryMetrics {
    pub(super) fn new() -> Self {
        let meter = meter();
        let attempts = meter
            .u64_counter("rapport.deliveries.attempts")
            .with_description("Attempts to deliver a message, by connector and result.")
            .build();
        let ended = meter
            .u64_counter("rapport.deliveries.ended")
            .with_description("Deliveries that came to an end, by state.")
            .build();
        let wait = meter
            .f64_histogram("rapport.deliveries.wait")
            .with_description("Time from queueing a message to its first attempt.")
            .with_unit("s")
            .with_boundaries(WAIT_BOUNDS.to_vec())
            .build();
        Self {
            attempts,
            ended,
            wait,
        }
    }

    pub(super) fn attempted(&self, connector: Connector, result: AttemptResult) {
        let attributes = [
            KeyValue::new("connector", connector.label()),
            KeyValue::new("result", result.label()),
        ];
        self.attempts.add(1, &attributes);
    }

    pub(super) fn ended(&self, state: DeliveryState) {
        let attributes = [KeyValue::new("state", state.label())];
        self.ended.add(1, &attributes);
    }

    pub(super) fn waited(&self, connector: Connector, wait: Duration) {
        let attributes = [KeyValue::new("connector", connector.label())];
        self.wait.record(wait.as_secs_f64(), &attributes);
    }
}
