//! What operators watch: how far publishing lags behind, and what was given up.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter};

/// Bounds in seconds: from an event that is published at once to one that waits for a
/// subscriber's database to come back.
const DELAY_BOUNDS: [f64; 12] = [
    0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 300.0, 3_600.0,
];

/// A service's events on their way out.
pub(super) struct RelayMetrics {
    delay: Histogram<f64>,
    refusals: Counter<u64>,
    service: [KeyValue; 1],
}

impl RelayMetrics {
    pub(super) fn new(meter: &Meter, service: &'static str) -> Self {
        let delay = meter
            .f64_histogram("rapport.events.publish_delay")
            .with_description("Time from the instant an event became true to its publication.")
            .with_unit("s")
            .with_boundaries(DELAY_BOUNDS.to_vec())
            .build();
        let refusals = meter
            .u64_counter("rapport.events.refusals")
            .with_description("Attempts to publish an event that the bus refused.")
            .build();
        Self {
            delay,
            refusals,
            service: [KeyValue::new("service", service)],
        }
    }

    pub(super) fn published(&self, delay: Duration) {
        self.delay.record(delay.as_secs_f64(), &self.service);
    }

    pub(super) fn refused(&self) {
        self.refusals.add(1, &self.service);
    }
}

/// Events that reach one consumer.
pub(super) struct ConsumerMetrics {
    settled: Counter<u64>,
    consumer: KeyValue,
}

impl ConsumerMetrics {
    pub(super) fn new(meter: &Meter, consumer: &'static str) -> Self {
        let settled = meter
            .u64_counter("rapport.events.settled")
            .with_description("Events that a consumer is done with: `handled` or `dead_lettered`.")
            .build();
        Self {
            settled,
            consumer: KeyValue::new("consumer", consumer),
        }
    }

    pub(super) fn handled(&self) {
        self.settle("handled");
    }

    pub(super) fn dead_lettered(&self) {
        self.settle("dead_lettered");
    }

    fn settle(&self, outcome: &'static str) {
        let outcome = KeyValue::new("outcome", outcome);
        self.settled.add(1, &[self.consumer.clone(), outcome]);
    }
}
