//! Where a service's rows are and how patient we are with the engine.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::config::{Secret, duration};
use crate::error::PlatformError;

/// One service's database.
///
/// Durations are written as `5s` or `250ms`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DatabaseConfig {
    /// `sqlite:PATH` or `postgres://USER:PASSWORD@HOST:PORT/DATABASE`. A secret, because
    /// the second form usually carries a password.
    pub url: Secret<String>,
    /// PostgreSQL: the schema that holds this service's tables, created if it is missing;
    /// by default the service's name. Lower-case letters, digits and `_`.
    pub schema: Option<String>,
    /// PostgreSQL: connections of this process. SQLite: connections that read; there is
    /// always exactly one that writes.
    pub max_connections: u32,
    /// How long a call waits for a free connection before it is answered UNAVAILABLE.
    #[serde(with = "duration")]
    pub acquire_timeout: Duration,
    /// How long a write that collides with others is run again before it is answered
    /// ABORTED.
    #[serde(with = "duration")]
    pub retry_for: Duration,
    /// SQLite: how long to wait for another process that holds the file.
    #[serde(with = "duration")]
    pub busy_timeout: Duration,
    /// SQLite: when a commit counts as durable.
    pub synchronous: Synchronous,
    /// PostgreSQL: the server stops a statement that runs longer.
    #[serde(with = "duration")]
    pub statement_timeout: Duration,
    /// PostgreSQL: the server stops a statement that waits longer for a lock.
    #[serde(with = "duration")]
    pub lock_timeout: Duration,
}

/// SQLite's `synchronous` setting, as far as it is safe with a write-ahead log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Synchronous {
    /// Every commit reaches the disk before it is acknowledged.
    Full,
    /// A power failure may lose the last commits, a crash of the process none.
    Normal,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: Secret::new(String::new()),
            schema: None,
            max_connections: 8,
            acquire_timeout: Duration::from_secs(5),
            retry_for: Duration::from_secs(10),
            busy_timeout: Duration::from_secs(5),
            synchronous: Synchronous::Full,
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(5),
        }
    }
}

impl DatabaseConfig {
    /// The defaults, with rows at `url`.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: Secret::new(url.into()),
            ..Self::default()
        }
    }

    /// The file of an SQLite database; none of another engine's.
    ///
    /// # Errors
    /// When the URL names no file.
    pub fn file(&self) -> Result<Option<PathBuf>, PlatformError> {
        if !self.url.expose().starts_with("sqlite:") {
            return Ok(None);
        }
        let file = super::sqlite::file_of(self)?;
        Ok(Some(file.get_filename().to_owned()))
    }
}
