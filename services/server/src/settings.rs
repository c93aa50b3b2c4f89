//! Everything that can be set.

use std::net::{Ipv4Addr, SocketAddr};

use rapport_gateway::GatewayConfig;
use rapport_platform::server::ServerConfig;
use rapport_platform::telemetry::TelemetryConfig;
use serde::{Deserialize, Serialize};

/// The settings of the suite: defaults, then the settings file, then the environment.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// What operators see.
    pub telemetry: TelemetryConfig,
    /// The operators' own page: metrics and probes.
    pub ops: OpsConfig,
    /// What calls may cost, and how the process ends.
    pub server: ServerConfig,
    /// Where callers come in, and who they may be.
    pub gateway: GatewayConfig,
    /// The customer service.
    pub customer: rapport_customer::Config,
    /// The sales service.
    pub sales: rapport_sales::Config,
}

/// The operators' HTTP server. It shows neither customers nor secrets.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpsConfig {
    /// Where `/metrics`, `/livez` and `/readyz` are answered.
    pub listen: SocketAddr,
}

impl Default for OpsConfig {
    fn default() -> Self {
        Self {
            listen: (Ipv4Addr::LOCALHOST, 9464).into(),
        }
    }
}
