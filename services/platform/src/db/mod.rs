//! A service's own database: SQLite in a file, or a PostgreSQL schema.
//!
//! Reads go through [`Database::read`], several that have to agree through
//! [`Database::read_txn`], every write through [`Database::write_txn`], which is the only way to
//! a transaction that writes: it starts in the mode that cannot fail half-way on SQLite and runs
//! the work again when the engine reports contention.
//!
//! Both engines give a transaction a snapshot: SQLite lets one writer in at a time, and
//! PostgreSQL runs at REPEATABLE READ, where the second of two transactions that change
//! one row is refused and run again. A read followed by a write of the *same* row is
//! therefore safe on both. A rule that spans *several* rows needs a unique index or a
//! version check on a row that all of its writers change.
//!
//! What drives a connection is boxed and not inlined: the code of an `async fn` becomes part of
//! each crate that awaits it, and with it the engines' drivers.

pub mod bulk;
mod config;
mod lease;
mod migration;
pub mod place;
mod postgres;
mod rounds;
pub mod schema;
mod sqlite;
pub mod table;
mod transaction;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sea_orm::{
    ConnectOptions, ConnectionTrait as _, DatabaseConnection, DbBackend, QueryResult, Statement,
};
use tokio::sync::watch;

pub use config::{DatabaseConfig, Synchronous};
pub use lease::Lease;
pub use table::platform_migrations;
pub use transaction::{Retryable, retry_if_taken};

use crate::error::PlatformError;
use crate::server::ReadinessCheck;

/// A service's database. Clones share the connections.
#[derive(Clone, Debug)]
pub struct Database(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    service: &'static str,
    reader: DatabaseConnection,
    writer: DatabaseConnection,
    committed: watch::Sender<()>,
    retry_for: Duration,
}

impl Database {
    /// Opens the database of `service` and makes sure that it can be written to.
    ///
    /// SQLite creates the file and its folder, PostgreSQL the schema; the tables come
    /// from [`Database::migrate`].
    ///
    /// # Errors
    /// `Unavailable` when the engine cannot be reached, `Internal` when the configuration
    /// is at fault. Neither repeats the URL, which may hold a password.
    #[inline(never)]
    pub fn connect<'a>(
        service: &'static str,
        config: &'a DatabaseConfig,
    ) -> BoxFuture<'a, Result<Self, PlatformError>> {
        Box::pin(Self::connected(service, config))
    }

    async fn connected(
        service: &'static str,
        config: &DatabaseConfig,
    ) -> Result<Self, PlatformError> {
        let (reader, writer) = if config.url.expose().starts_with("sqlite:") {
            sqlite::connect(config).await?
        } else {
            let pool = postgres::connect(service, config).await?;
            (pool.clone(), pool)
        };
        Ok(Self(Arc::new(Inner {
            service,
            reader,
            writer,
            committed: watch::Sender::new(()),
            retry_for: config.retry_for,
        })))
    }

    /// For statements that only read. SQLite refuses a write here.
    pub fn read(&self) -> &DatabaseConnection {
        &self.0.reader
    }

    /// That the engine answers, as a condition for taking calls.
    pub fn readiness(&self) -> ReadinessCheck {
        let db = self.clone();
        ReadinessCheck::new(format!("{}.database", self.service()), move || {
            let db = db.clone();
            async move { db.read().ping().await.map_err(PlatformError::from) }
        })
    }

    /// The engine, for the few statements that differ.
    pub fn backend(&self) -> DbBackend {
        self.0.writer.get_database_backend()
    }

    /// The service that owns the rows.
    pub fn service(&self) -> &'static str {
        self.0.service
    }

    /// Changes whenever this process committed a [`Database::write_txn`]: the sign for
    /// whoever works on new rows to look for them.
    pub fn commits(&self) -> watch::Receiver<()> {
        self.0.committed.subscribe()
    }

    /// Closes all connections; SQLite folds its log into the file.
    #[inline(never)]
    pub fn close(&self) -> BoxFuture<'_, Result<(), PlatformError>> {
        Box::pin(async {
            self.0.reader.close_by_ref().await?;
            self.0.writer.close_by_ref().await?;
            Ok(())
        })
    }

    /// Runs one statement that writes and answers rows: a transaction of its own, in one round
    /// trip. For statements that are right whatever else runs beside them; everything else is
    /// [`Database::write_txn`]'s. Nothing is run again.
    ///
    /// # Errors
    /// `Database`; a lost connection leaves open whether it took place.
    #[inline(never)]
    pub fn run(
        &self,
        statement: Statement,
    ) -> BoxFuture<'_, Result<Vec<QueryResult>, PlatformError>> {
        Box::pin(async { Ok(self.writer().query_all_raw(statement).await?) })
    }

    /// The same database, for which `told` is called with every statement that it runs.
    #[cfg(any(test, feature = "testing"))]
    pub(crate) fn watched(&self, told: impl Fn() + Clone + Send + Sync + 'static) -> Self {
        let watched = |connection: &DatabaseConnection| {
            let (mut connection, told) = (connection.clone(), told.clone());
            connection.set_metric_callback(move |_| told());
            connection
        };
        let Inner {
            service,
            reader,
            writer,
            committed,
            retry_for,
        } = &*self.0;
        Self(Arc::new(Inner {
            service,
            reader: watched(reader),
            writer: watched(writer),
            committed: committed.clone(),
            retry_for: *retry_for,
        }))
    }

    fn writer(&self) -> &DatabaseConnection {
        &self.0.writer
    }
}

/// Options that keep statements out of logs and spans, where style and privacy do not
/// want them; engine errors are logged by their codes.
fn options(config: &DatabaseConfig) -> ConnectOptions {
    let mut options = ConnectOptions::new(config.url.expose());
    options
        .max_connections(config.max_connections)
        .acquire_timeout(config.acquire_timeout)
        .sqlx_logging(false)
        .record_stmt_in_spans(false);
    options
}
