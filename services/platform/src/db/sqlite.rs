//! SQLite: a write-ahead log, one connection that writes, several that read.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{ConnectOptions, DatabaseConnection};

use super::{DatabaseConfig, Synchronous};
use crate::error::PlatformError;

/// Readers that nobody needs give their memory back.
const READER_IDLE: Duration = Duration::from_secs(60);

/// Bytes of the write-ahead log that stay on the disk for the next writes.
const LARGEST_IDLE_LOG: &str = "67108864";

/// A pool of readers and the writer.
///
/// The engine lets one transaction write at a time. With one connection to write through,
/// writers of this process queue in the pool, first come first served, instead of
/// colliding in the engine.
pub(super) async fn connect(
    config: &DatabaseConfig,
) -> Result<(DatabaseConnection, DatabaseConnection), PlatformError> {
    let file = file_of(config)?;
    create_folder(&file).await?;
    // The writer first: it creates the file and its log.
    let writer = sea_orm::Database::connect(writer(config)).await?;
    let reader = sea_orm::Database::connect(reader(config)).await?;
    Ok((reader, writer))
}

pub(super) fn file_of(config: &DatabaseConfig) -> Result<SqliteConnectOptions, PlatformError> {
    let invalid = |why: &'static str| PlatformError::internal("reading the database URL", why);
    let url = config.url.expose();
    if url.contains(":memory:") || url.contains("mode=memory") {
        // Each connection would see a database of its own.
        return Err(invalid(
            "SQLite in memory has no place for a second connection; name a file",
        ));
    }
    SqliteConnectOptions::from_str(url).map_err(|_| invalid("it is not of the form sqlite:PATH"))
}

async fn create_folder(file: &SqliteConnectOptions) -> Result<(), PlatformError> {
    match file.get_filename().parent() {
        Some(folder) if folder != Path::new("") => tokio::fs::create_dir_all(folder)
            .await
            .map_err(|error| PlatformError::internal("creating the database's folder", error)),
        _ => Ok(()),
    }
}

fn writer(config: &DatabaseConfig) -> ConnectOptions {
    let mut options = super::options(config);
    options
        .min_connections(1)
        .max_connections(1)
        .idle_timeout(None);
    engine(&mut options, config, Access::Write);
    options
}

fn reader(config: &DatabaseConfig) -> ConnectOptions {
    let mut options = super::options(config);
    options.idle_timeout(READER_IDLE);
    engine(&mut options, config, Access::Read);
    options
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    Read,
    Write,
}

fn engine(options: &mut ConnectOptions, config: &DatabaseConfig, access: Access) {
    // A file does not go away as a network peer does: no ping, no renewal.
    options.max_lifetime(None).test_before_acquire(false);
    let busy_timeout = config.busy_timeout;
    let synchronous = match config.synchronous {
        Synchronous::Full => SqliteSynchronous::Full,
        Synchronous::Normal => SqliteSynchronous::Normal,
    };
    options.map_sqlx_sqlite_opts(move |options| {
        let options = options
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .foreign_keys(true)
            .busy_timeout(busy_timeout)
            // After a burst of writes the log gives its space back.
            .pragma("journal_size_limit", LARGEST_IDLE_LOG);
        match access {
            Access::Read => options.pragma("query_only", "ON"),
            Access::Write => options,
        }
    });
}
