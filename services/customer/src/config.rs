//! Settings of the customer service.

use rapport_platform::config::Secret;
use rapport_platform::db::DatabaseConfig;
use rapport_platform::outbox::{HousekeepingConfig, RelayConfig};
use serde::{Deserialize, Serialize};

use crate::delivery::{DeliveryConfig, SmtpConfig};
use crate::retention::PermitsConfig;

/// Settings of the customer service.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Where the service keeps its rows.
    pub database: DatabaseConfig,
    /// Whether starting brings the tables to this version. Off where that is a step of its
    /// own in the deployment (`rapport migrate`).
    pub migrate: bool,
    /// The region whose local phone numbers are understood when neither the number, nor the
    /// customer, nor the tenant's contact policy names one: ISO 3166-1 alpha-2.
    pub default_region: String,
    /// Key that seals page tokens: base64 of 32 random bytes, the same for all replicas. When
    /// empty, one is made at start, and tokens end with the process.
    pub page_token_key: Secret<String>,
    /// Key of the digests by which addresses are recognised, also after their owner was erased:
    /// base64 of 32 random bytes, the same for all replicas and for as long as the data. When
    /// empty, and the database is SQLite, one is made and kept beside the database's file.
    pub address_key: Secret<String>,
    /// Key that seals the links to unsubscribe and to confirm an opt-in: as `address_key`, and
    /// another one. Links under another key no longer work.
    pub link_key: Secret<String>,
    /// How its events are published.
    pub relay: RelayConfig,
    /// How long answers to repeated requests, events and notes of them are kept.
    pub housekeeping: HousekeepingConfig,
    /// How long contact permits are kept.
    pub permits: PermitsConfig,
    /// How messages leave.
    pub delivery: DeliveryConfig,
    /// The mail server that e-mails leave by.
    pub smtp: SmtpConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: DatabaseConfig::at("sqlite:data/customer.db"),
            migrate: true,
            default_region: "CH".to_owned(),
            page_token_key: Secret::default(),
            address_key: Secret::default(),
            link_key: Secret::default(),
            relay: RelayConfig::default(),
            housekeeping: HousekeepingConfig::default(),
            permits: PermitsConfig::default(),
            delivery: DeliveryConfig::default(),
            smtp: SmtpConfig::default(),
        }
    }
}
