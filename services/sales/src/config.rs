//! Settings of the sales service.

use std::path::PathBuf;

use rapport_platform::config::Secret;
use rapport_platform::db::DatabaseConfig;
use rapport_platform::error::PlatformError;
use rapport_platform::outbox::{HousekeepingConfig, RelayConfig};
use serde::{Deserialize, Serialize};

use crate::domain::proposal::pdf::Fonts;

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
    /// Files of fonts that proposals are set in where the embedded one, DejaVu Sans, lacks a
    /// character: TrueType or OpenType, not variable. For Chinese, Japanese and Korean one of
    /// these has to be set.
    pub fonts: Vec<PathBuf>,
    /// How its events are published.
    pub relay: RelayConfig,
    /// How long answers to repeated requests, events and notes of them are kept.
    pub housekeeping: HousekeepingConfig,
}

impl Config {
    /// Reads the fonts.
    ///
    /// # Errors
    /// Names the file that can't be used.
    pub(crate) fn fonts(&self) -> Result<Fonts, PlatformError> {
        const READING: &str = "reading the setting sales.fonts";
        let read = |path: &PathBuf| {
            let unread = |error| format!("{}: {error}", path.display());
            let font = std::fs::read(path).map_err(unread);
            font.map_err(|error| PlatformError::internal(READING, error))
        };
        let fonts: Vec<Vec<u8>> = self.fonts.iter().map(read).collect::<Result<_, _>>()?;
        Fonts::with(fonts).map_err(|index| {
            let path = self.fonts.get(index).map(|path| path.display().to_string());
            let path = path.unwrap_or_default();
            PlatformError::internal(READING, format!("{path}: no TrueType or OpenType font"))
        })
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            database: DatabaseConfig::at("sqlite:data/sales.db"),
            migrate: true,
            page_token_key: Secret::default(),
            fonts: Vec::new(),
            relay: RelayConfig::default(),
            housekeeping: HousekeepingConfig::default(),
        }
    }
}
