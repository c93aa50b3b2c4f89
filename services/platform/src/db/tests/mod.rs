//! The database on both engines.

mod bulk;
mod engines;
mod leases;
mod migrations;
mod transactions;

use sea_orm::{ConnectionTrait, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::Database;

/// A migration that executes some statements.
pub(super) struct Statements(&'static str, &'static [&'static str]);

impl MigrationName for Statements {
    fn name(&self) -> &str {
        self.0
    }
}

#[tonic::async_trait]
impl MigrationTrait for Statements {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in self.1 {
            manager
                .get_connection()
                .execute_unprepared(statement)
                .await?;
        }
        Ok(())
    }
}

/// Creates the table `account` with one row of id 1 and balance 0.
async fn with_account(db: &Database) {
    let account = Statements(
        "m0001_create_account",
        &[
            "CREATE TABLE account (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL)",
            "INSERT INTO account VALUES (1, 0)",
        ],
    );
    db.migrate(vec![Box::new(account)]).await.unwrap();
}

/// The balance of account 1.
async fn balance(db: &impl ConnectionTrait) -> i64 {
    number(db, "SELECT balance FROM account WHERE id = 1").await
}

/// The single number that a query yields.
async fn number(db: &impl ConnectionTrait, sql: &str) -> i64 {
    let query = sea_orm::Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(query).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}
