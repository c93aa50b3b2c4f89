//! Brings a service's tables to the version of its code.

use std::sync::Arc;

use futures::future::BoxFuture;
use sea_orm::sea_query::{Alias, IntoIden};
use sea_orm::{
    ConnectionTrait, DatabaseTransaction, DbBackend, DbErr, DynIden, IsolationLevel,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{MigrationName, MigrationTrait, MigratorTraitSelf, SchemaManager};

use super::Database;
use crate::error::PlatformError;

impl Database {
    /// Applies those of `migrations` that were not applied yet, in their order.
    ///
    /// All or none: they share one transaction on both engines. Processes that start
    /// together take turns, and the later ones find nothing left to do.
    ///
    /// # Errors
    /// `Database` when a migration fails, or when the database has one that the code does
    /// not know: it was upgraded by a newer version.
    #[inline(never)]
    pub fn migrate(
        &self,
        migrations: Vec<Box<dyn MigrationTrait>>,
    ) -> BoxFuture<'_, Result<(), PlatformError>> {
        Box::pin(async {
            let migrator = Migrator::new(self.service(), migrations);
            let txn = self.begin_migration().await?;
            lock(&txn, self.service()).await?;
            migrator.up(&txn, None).await?;
            txn.commit().await?;
            Ok(())
        })
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "migrations are not run again on collision"
    )]
    async fn begin_migration(&self) -> Result<DatabaseTransaction, DbErr> {
        let options = match self.backend() {
            // Whoever waited for the lock must see what its holder did.
            DbBackend::Postgres => TransactionOptions {
                isolation_level: Some(IsolationLevel::ReadCommitted),
                ..TransactionOptions::default()
            },
            _ => TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            },
        };
        self.writer().begin_with_options(options).await
    }
}

/// One migration at a time per service. SQLite's write transaction is that lock already.
async fn lock(txn: &DatabaseTransaction, service: &str) -> Result<(), DbErr> {
    if txn.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    // Building an index may take longer than any request may.
    txn.execute_unprepared("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
        .await?;
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended(current_schema() || $1, 0))";
    let key = format!(" migrations of {service}");
    txn.execute_raw(Statement::from_sql_and_values(
        DbBackend::Postgres,
        lock,
        [key.into()],
    ))
    .await?;
    Ok(())
}

struct Migrator {
    table: String,
    migrations: Vec<Arc<dyn MigrationTrait>>,
}

impl Migrator {
    fn new(service: &str, migrations: Vec<Box<dyn MigrationTrait>>) -> Self {
        Self {
            table: format!("seaql_migrations_{service}"),
            migrations: migrations.into_iter().map(Arc::from).collect(),
        }
    }
}

impl MigratorTraitSelf for Migrator {
    fn migrations(&self) -> Vec<Box<dyn MigrationTrait>> {
        self.migrations
            .iter()
            .cloned()
            .map(|migration| Box::new(Shared(migration)) as _)
            .collect()
    }

    fn migration_table_name(&self) -> DynIden {
        Alias::new(&self.table).into_iden()
    }
}

/// The library asks for the list several times; the migrations themselves can't be cloned.
struct Shared(Arc<dyn MigrationTrait>);

impl MigrationName for Shared {
    fn name(&self) -> &str {
        self.0.name()
    }
}

#[tonic::async_trait]
impl MigrationTrait for Shared {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.up(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        self.0.down(manager).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
