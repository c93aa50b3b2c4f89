//! What operators see: traces, metrics and logs.
//!
//! [`init`] installs everything once per process. Without an OTLP endpoint nothing leaves
//! the process, but traces still have ids and pass through calls and events, logs carry
//! them, and Prometheus can read the metrics.

mod call;
mod config;
mod layer;
mod logs;
mod method;
mod metrics;
mod otlp;
mod propagation;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;

use std::io::IsTerminal as _;
use std::panic::PanicHookInfo;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_appender_tracing::layer::OpenTelemetryTracingBridge;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::logs::SdkLoggerProvider;
use opentelemetry_sdk::metrics::SdkMeterProvider;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use prometheus::Registry;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer, registry};

pub use call::record_tenant;
pub use config::{LogConfig, LogFormat, OtlpConfig, TelemetryConfig};
pub(crate) use layer::call_id;
pub use layer::{Trace, TraceLayer, TracedBody};
pub use metrics::{RpcMetrics, meter, render};
pub use propagation::{TRACE_PARENT, current_trace_parent, extract, inject, set_parent};

/// How long the end of the process waits for the collector to take what is left.
const FLUSH_TIMEOUT: Duration = Duration::from_secs(5);

/// Why telemetry could not start.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log filter is not one.
    #[error("`log.filter` is not a filter such as `info,rapport_customer=debug`")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The collector cannot be reached at its address.
    #[error(
        "`telemetry.otlp.endpoint` must begin with `http://`, but is `{0}`: deliveries are not \
         encrypted, so send them to a collector on the same machine or node, which can forward \
         them over TLS"
    )]
    Endpoint(String),
    /// The exporter refuses its settings.
    #[error("`otlp` cannot be used")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// The metrics could not be registered with Prometheus.
    #[error("metrics cannot be registered")]
    Metrics(#[from] opentelemetry_sdk::error::OTelSdkError),
    /// Telemetry is running in this process already.
    #[error("telemetry was started twice")]
    Twice(#[from] tracing_subscriber::util::TryInitError),
}

/// Starts telemetry for the process; logs go to standard error, because standard output
/// belongs to the commands. With an OTLP endpoint it must run inside the Tokio runtime.
///
/// # Errors
/// When a setting cannot be used or telemetry runs already.
pub fn init(config: &TelemetryConfig) -> Result<TelemetryGuard, TelemetryError> {
    let (subscriber, telemetry) = pipeline(config, std::io::stderr)?;
    subscriber.try_init()?;
    opentelemetry::global::set_meter_provider(telemetry.meters.clone());
    std::panic::set_hook(Box::new(log_panic));
    Ok(telemetry)
}

/// Logs where a panic happened. What it says may hold data of a customer and is left out.
fn log_panic(panic: &PanicHookInfo<'_>) {
    let location = panic
        .location()
        .map(ToString::to_string)
        .unwrap_or_default();
    tracing::error!(location, "panic");
}

type BoxedLayer = Box<dyn Layer<registry::Registry> + Send + Sync>;
type Pipeline = tracing_subscriber::layer::Layered<Vec<BoxedLayer>, registry::Registry>;

/// What [`init`] installs, for a writer of the caller's choice.
fn pipeline<W>(
    config: &TelemetryConfig,
    log: W,
) -> Result<(Pipeline, TelemetryGuard), TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let resource = Resource::builder()
        .with_service_name(config.service_name.clone())
        .with_attribute(opentelemetry::KeyValue::new(
            "service.version",
            env!("CARGO_PKG_VERSION"),
        ))
        .build();
    let registry = Registry::new();
    let prometheus = opentelemetry_prometheus::exporter()
        .with_registry(registry.clone())
        .scope_info_enabled(false)
        .build()?;
    let mut tracers = SdkTracerProvider::builder().with_resource(resource.clone());
    let mut meters = SdkMeterProvider::builder()
        .with_resource(resource.clone())
        .with_reader(prometheus);
    let mut ratio = 0.0;
    let mut logs = None;
    if let Some(endpoint) = &config.otlp.endpoint {
        otlp::check(endpoint)?;
        ratio = config.otlp.sample_ratio;
        tracers = tracers.with_batch_exporter(otlp::spans(endpoint)?);
        meters = meters.with_reader(otlp::metrics(endpoint, config.otlp.metrics_interval)?);
        logs = Some(otlp::logs(endpoint, resource)?);
    }
    // The caller's decision stands: a trace is recorded everywhere or nowhere.
    let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio)));
    let telemetry = TelemetryGuard {
        tracers: tracers.with_sampler(sampler).build(),
        meters: meters.build(),
        logs,
        registry,
    };

    let mut layers = vec![
        trace_layer(&telemetry.tracers),
        log_layer(&config.log, log)?,
    ];
    if let Some(logs) = &telemetry.logs {
        let filter = otlp::without_own_events(EnvFilter::try_new(&config.log.filter)?)?;
        layers.push(
            OpenTelemetryTracingBridge::new(logs)
                .with_filter(filter)
                .boxed(),
        );
    }
    Ok((tracing_subscriber::registry().with(layers), telemetry))
}

/// Spans become traces whatever the log filter says; events are logs and stay out of them.
fn trace_layer(tracers: &SdkTracerProvider) -> BoxedLayer {
    tracing_opentelemetry::layer()
        .with_tracer(tracers.tracer("rapport"))
        .with_location(false)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_target(false)
        .with_filter(filter_fn(is_call_or_step))
        .boxed()
}

/// Spans that operators want to see: calls and the steps they take.
fn is_call_or_step(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && *metadata.level() <= Level::INFO
}

fn log_layer<W>(config: &LogConfig, writer: W) -> Result<BoxedLayer, TelemetryError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    // The filter chooses among events. Without their spans, lines would not say whose they are.
    let filter = EnvFilter::try_new(&config.filter)?.or(filter_fn(is_call_or_step));
    Ok(match config.format {
        LogFormat::Json => logs::JsonLines::new(writer).with_filter(filter).boxed(),
        LogFormat::Pretty => tracing_subscriber::fmt::layer()
            .with_ansi(std::io::stderr().is_terminal())
            .with_writer(writer)
            .with_filter(filter)
            .boxed(),
    })
}

/// Running telemetry. Keep it until the process ends: [`TelemetryGuard::shutdown`] sends
/// what is left; so does dropping it, but that blocks the thread.
#[derive(Debug)]
#[must_use = "dropping it stops telemetry"]
pub struct TelemetryGuard {
    tracers: SdkTracerProvider,
    meters: SdkMeterProvider,
    logs: Option<SdkLoggerProvider>,
    registry: Registry,
}

impl TelemetryGuard {
    /// What the operations server shows under `/metrics`.
    pub fn registry(&self) -> Registry {
        self.registry.clone()
    }

    /// Sends what is left and stops, within five seconds. Collectors that are away must
    /// not keep a process from ending.
    pub async fn shutdown(self) {
        // Waits on its own thread: the exporters need this runtime to send.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        let (tracers, meters, logs) =
            (self.tracers.clone(), self.meters.clone(), self.logs.clone());
        let (done, finished) = std::sync::mpsc::channel::<()>();
        // The providers' own time-outs do not bound everything they do.
        std::thread::spawn(move || {
            let _ = tracers.shutdown_with_timeout(FLUSH_TIMEOUT);
            let _ = meters.shutdown_with_timeout(FLUSH_TIMEOUT);
            if let Some(logs) = logs {
                let _ = logs.shutdown_with_timeout(FLUSH_TIMEOUT);
            }
            drop(done);
        });
        let _ = finished.recv_timeout(FLUSH_TIMEOUT);
    }
}
