use sea_orm::{ConnectionTrait, DbErr, RuntimeErr};
use tokio::task::JoinSet;

use super::{Statements, number};
use crate::db::{Database, platform_migrations};
use crate::error::PlatformError;
use crate::on_each_engine;

const CREATE: Statements = Statements(
    "m0001",
    &[
        "CREATE TABLE colour (name TEXT PRIMARY KEY)",
        "INSERT INTO colour VALUES ('red')",
    ],
);
const FAIL: Statements = Statements(
    "m0002",
    &[
        "INSERT INTO colour VALUES ('blue')",
        "INSERT INTO nowhere VALUES (1)",
    ],
);

async fn colours(db: &Database) -> i64 {
    number(db.read(), "SELECT COUNT(*) FROM colour").await
}

on_each_engine! {
    async fn migrations_are_applied_once(db: Database) {
        for _ in 0..2 {
            db.migrate(vec![Box::new(CREATE)]).await.unwrap();
        }
        assert_eq!(colours(&db).await, 1);
    }

    async fn processes_that_start_together_take_turns(db: Database, storage: &Storage) {
        let mut starting = JoinSet::new();
        for _ in 0..4 {
            let db = storage.connect().await;
            starting.spawn(async move {
                let mut migrations = platform_migrations();
                migrations.push(Box::new(CREATE));
                db.migrate(migrations).await
            });
        }
        for started in starting.join_all().await {
            started.unwrap();
        }
        assert_eq!(colours(&db).await, 1);
    }

    async fn a_migration_that_fails_leaves_the_database_as_it_was(db: Database) {
        let failed = db.migrate(vec![Box::new(CREATE), Box::new(FAIL)]).await;
        assert!(matches!(failed, Err(PlatformError::Database(_))));
        let table = db.read().execute_unprepared("SELECT 1 FROM colour").await;
        assert!(matches!(table, Err(DbErr::Exec(RuntimeErr::SqlxError(_)))));
        db.migrate(vec![Box::new(CREATE)]).await.unwrap();
    }

    async fn a_database_that_a_newer_version_upgraded_is_refused(db: Database) {
        db.migrate(vec![Box::new(CREATE)]).await.unwrap();
        assert!(matches!(db.migrate(Vec::new()).await, Err(PlatformError::Database(_))));
    }
}
