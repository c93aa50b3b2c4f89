//! What differs between the engines, and what callers read when one is not there.

use std::time::Duration;

use sea_orm::{ConnectionTrait, DatabaseConnection, Statement};

use super::{balance, number, with_account};
use crate::db::{Database, DatabaseConfig, Synchronous};
use crate::error::{Answer, PlatformError};
use crate::testing;

async fn text(db: &DatabaseConnection, sql: &str) -> String {
    let query = Statement::from_string(db.get_database_backend(), sql);
    db.query_one_raw(query)
        .await
        .unwrap()
        .unwrap()
        .try_get_by_index(0)
        .unwrap()
}

#[tokio::test]
async fn sqlite_commits_reach_the_disk_before_they_are_acknowledged() {
    let (db, storage) = testing::sqlite().await;
    assert_eq!(text(db.read(), "PRAGMA journal_mode").await, "wal");
    assert_eq!(number(db.writer(), "PRAGMA synchronous").await, 2, "FULL");
    assert_eq!(number(db.writer(), "PRAGMA foreign_keys").await, 1);

    let config = DatabaseConfig {
        synchronous: Synchronous::Normal,
        ..storage.config().clone()
    };
    let faster = Database::connect("test", &config).await.unwrap();
    assert_eq!(
        number(faster.writer(), "PRAGMA synchronous").await,
        1,
        "NORMAL"
    );
}

#[tokio::test]
async fn sqlite_refuses_to_write_where_one_reads() {
    let (db, _storage) = testing::sqlite().await;
    with_account(&db).await;
    let write = db
        .read()
        .execute_unprepared("UPDATE account SET balance = 1")
        .await;
    assert!(write.is_err());
    assert_eq!(balance(db.read()).await, 0);
}

#[tokio::test]
async fn sqlite_makes_the_folder_that_the_file_is_in() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data/customer.db");
    let config = DatabaseConfig::at(format!("sqlite:{}", file.display()));
    let db = Database::connect("customer", &config).await.unwrap();
    db.close().await.unwrap();
    assert!(file.exists());
}

#[tokio::test]
async fn sqlite_in_memory_is_refused() {
    let refused = Database::connect("test", &DatabaseConfig::at("sqlite::memory:")).await;
    assert!(matches!(refused, Err(PlatformError::Internal(..))));
}

#[tokio::test]
async fn postgres_keeps_each_service_in_a_schema_of_its_own() {
    let (sales, storage) = testing::postgres().await;
    let customer = Database::connect("customer", storage.config())
        .await
        .unwrap();
    for (db, schema) in [(&sales, "test"), (&customer, "customer")] {
        assert_eq!(
            text(db.read(), "SELECT current_schema()::TEXT").await,
            schema
        );
        with_account(db).await;
    }
}

#[tokio::test]
async fn postgres_stops_a_statement_that_takes_too_long() {
    let (_db, storage) = testing::postgres().await;
    let statement_timeout = Duration::from_millis(100);
    let config = DatabaseConfig {
        statement_timeout,
        ..storage.config().clone()
    };
    let db = Database::connect("test", &config).await.unwrap();
    let slow = db
        .read()
        .execute_unprepared("SELECT pg_sleep(5)")
        .await
        .unwrap_err();
    let status = PlatformError::from(slow).into_status(uuid::Uuid::nil());
    assert_eq!(status.code(), tonic::Code::DeadlineExceeded);
}

#[tokio::test]
async fn postgres_may_restart_between_two_writes() {
    let (db, storage) = testing::postgres().await;
    with_account(&db).await;
    let admin = storage.connect().await;
    let others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    admin.read().execute_unprepared(others).await.unwrap();
    let written = db
        .write_txn(|txn| async move {
            txn.execute_unprepared("UPDATE account SET balance = 1")
                .await?;
            Ok::<_, PlatformError>(())
        })
        .await;
    written.unwrap();
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_and_its_password_stays_secret() {
    let config = DatabaseConfig {
        acquire_timeout: Duration::from_millis(200),
        ..DatabaseConfig::at("postgres://rapport:hunter2@127.0.0.1:1/rapport")
    };
    let error = Database::connect("test", &config).await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("hunter2"));
    assert_eq!(
        error.into_status(uuid::Uuid::nil()).code(),
        tonic::Code::Unavailable
    );
}

#[tokio::test]
async fn a_url_of_another_kind_is_refused_without_repeating_it() {
    for url in ["", "mysql://rapport:hunter2@host/db", "hunter2"] {
        let error = Database::connect("test", &DatabaseConfig::at(url))
            .await
            .unwrap_err();
        assert!(!format!("{error:?} {error}").contains("hunter2"));
        assert!(matches!(error, PlatformError::Internal(..)));
    }
}
