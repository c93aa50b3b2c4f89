//! Settings of telemetry.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Traces, metrics and logs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// `service.name` of everything that is sent.
    pub service_name: String,
    /// Logs on standard error.
    pub log: LogConfig,
    /// Where traces, metrics and logs are sent.
    pub otlp: OtlpConfig,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            service_name: "rapport".to_owned(),
            log: LogConfig::default(),
            otlp: OtlpConfig::default(),
        }
    }
}

/// Logs on standard error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogConfig {
    /// Least level, optionally by module: `info,rapport_customer=debug`.
    pub filter: String,
    /// How a line looks.
    pub format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            filter: "info,opentelemetry=warn,sea_orm_migration=warn,sqlx=warn".to_owned(),
            format: LogFormat::Pretty,
        }
    }
}

/// How a log line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One object per line, for log collectors.
    Json,
    /// For people.
    Pretty,
}

/// Where traces, metrics and logs are sent (OTLP over gRPC).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtlpConfig {
    /// The collector, such as `http://otel-collector:4317`. Nothing is sent without it.
    /// Deliveries are not encrypted, so any other scheme is refused at start: for TLS, name a
    /// collector on the same node that forwards over it.
    pub endpoint: Option<String>,
    /// Share of the traces begun here that are recorded, 0 to 1. Traces begun by a caller
    /// follow his decision.
    pub sample_ratio: f64,
    /// Time between two deliveries of metrics.
    #[serde(with = "crate::config::duration")]
    pub metrics_interval: Duration,
}

impl Default for OtlpConfig {
    fn default() -> Self {
        Self {
            endpoint: None,
            sample_ratio: 1.0,
            metrics_interval: Duration::from_secs(30),
        }
    }
}
