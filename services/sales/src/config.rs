//! Settings of the sales service.

use rapport_platform::config::Secret;
use rapport_platform::db::DatabaseConfig;
use rapport_platform::outbox::{HousekeepingConfig, RelayConfig};
use serde::{Deserialize, Serialize};

/// Settings of the sales service.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the service keeps its rows.
    pub database: DatabaseConfig,
    /// Whether starting brings the tables to this version. Off where that is a step of its
    /// own in the deployment (`rapport migrate`).
    pub migrate: bool,
    /// Key that seals page tokens: base64 of 32 random bytes, the same for all replicas. When
    /// empty, one is made at start, and tokens end with the process.
    pub page_token_key: Secret<String>,
    /// How its events are published.
    pub relay: RelayConfig,
    /// How long answers to repeated requests, events and notes of them are kept.
    pub housekeeping: HousekeepingConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: DatabaseConfig::at("sqlite:data/sales.db"),
            migrate: true,
            page_token_key: Secret::default(),
            relay: RelayConfig::default(),
            housekeeping: HousekeepingConfig::default(),
        }
    }
}
