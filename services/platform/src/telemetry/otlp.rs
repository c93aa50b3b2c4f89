//! The exporters: OTLP over gRPC to a collector.

use std::time::Duration;

use opentelemetry_otlp::{
    ExporterBuildError, LogExporter, MetricExporter, SpanExporter, WithExportConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::PeriodicReader;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use super::TelemetryError;

/// How long one delivery may take. Telemetry is lost rather than piled up.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(5);

/// How an address begins that deliveries can reach: they are not encrypted.
const PLAIN: &str = "http://";

/// What takes part in a delivery; its events would cause the next one without end.
const DELIVERY_TARGETS: [&str; 6] = [
    "opentelemetry",
    "tonic",
    "hyper",
    "hyper_util",
    "h2",
    "tower",
];

/// Whether deliveries can reach `endpoint`. A collector on the same node takes them on over TLS.
pub(super) fn check(endpoint: &str) -> Result<(), TelemetryError> {
    if endpoint.starts_with(PLAIN) {
        return Ok(());
    }
    Err(TelemetryError::Endpoint(endpoint.to_owned()))
}

pub(super) fn spans(endpoint: &str) -> Result<SpanExporter, ExporterBuildError> {
    SpanExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(DELIVERY_TIMEOUT)
        .build()
}

pub(super) fn metrics(
    endpoint: &str,
    interval: Duration,
) -> Result<PeriodicReader<MetricExporter>, ExporterBuildError> {
    let exporter = MetricExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(DELIVERY_TIMEOUT)
        .build()?;
    Ok(PeriodicReader::builder(exporter)
        .with_interval(interval)
        .build())
}

pub(super) fn logs(
    endpoint: &str,
    resource: Resource,
) -> Result<SdkLoggerProvider, ExporterBuildError> {
    let exporter = LogExporter::builder()
        .with_tonic()
        .with_endpoint(endpoint)
        .with_timeout(DELIVERY_TIMEOUT)
        .build()?;
    Ok(SdkLoggerProvider::builder()
        .with_resource(resource)
        .with_batch_exporter(exporter)
        .build())
}

/// `filter` without the events of the delivery itself.
pub(super) fn without_own_events(mut filter: EnvFilter) -> Result<EnvFilter, ParseError> {
    for target in DELIVERY_TARGETS {
        filter = filter.add_directive(format!("{target}=off").parse()?);
    }
    Ok(filter)
}
