//! Telemetry for one test, on the test's own thread.

use std::io;
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::util::SubscriberInitExt as _;

use super::*;

/// What a test's program logged.
#[derive(Clone, Debug, Default)]
pub(crate) struct Captured(Arc<Mutex<Vec<u8>>>);

impl Captured {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl io::Write for Captured {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Captured {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Telemetry in force on this thread until it is dropped.
pub(crate) struct Installed {
    pub(crate) telemetry: TelemetryGuard,
    _in_force: DefaultGuard,
}

impl Installed {
    /// Instruments that only this test sees.
    pub(crate) fn metrics(&self) -> RpcMetrics {
        use opentelemetry::metrics::MeterProvider as _;
        RpcMetrics::new(&self.telemetry.meters.meter("test"))
    }

    pub(crate) fn rendered(&self) -> String {
        render(&self.telemetry.registry()).unwrap()
    }
}

pub(crate) fn install() -> Installed {
    install_logging_to(&Captured::default())
}

pub(crate) fn install_logging_to(log: &Captured) -> Installed {
    let log_config = LogConfig {
        format: LogFormat::Json,
        ..LogConfig::default()
    };
    install_with(
        &TelemetryConfig {
            log: log_config,
            ..TelemetryConfig::default()
        },
        log,
    )
}

pub(crate) fn install_with(config: &TelemetryConfig, log: &Captured) -> Installed {
    let (subscriber, telemetry) = pipeline(config, log.clone()).unwrap();
    Installed {
        telemetry,
        _in_force: subscriber.set_default(),
    }
}
