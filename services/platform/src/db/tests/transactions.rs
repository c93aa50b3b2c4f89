use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use sea_orm::ConnectionTrait;
use tokio::task::JoinSet;

use super::{balance, with_account};
use crate::db::{Database, DatabaseConfig, retry_if_taken};
use crate::error::PlatformError;
use crate::on_each_engine;

/// Reads the balance and writes it back greater by one, as careless code does.
async fn deposit(db: &Database) -> Result<(), PlatformError> {
    db.write_txn(|txn| async move {
        let balance = balance(&*txn).await + 1;
        // Lets others read the same balance, where the engine allows it.
        tokio::task::yield_now().await;
        let update = format!("UPDATE account SET balance = {balance} WHERE id = 1");
        txn.execute_unprepared(&update).await?;
        Ok(())
    })
    .await
}

async fn deposit_from_tasks(handles: &[Database], tasks: usize, each: usize) {
    let mut running = JoinSet::new();
    for task in 0..tasks {
        let db = handles[task % handles.len()].clone();
        running.spawn(async move {
            for _ in 0..each {
                deposit(&db).await.unwrap();
            }
        });
    }
    running.join_all().await;
}

on_each_engine! {
    async fn sixteen_tasks_that_read_and_write_one_row_lose_nothing(db: Database) {
        with_account(&db).await;
        deposit_from_tasks(std::slice::from_ref(&db), 16, 4).await;
        assert_eq!(balance(db.read()).await, 64);
    }

    async fn two_processes_that_write_one_row_lose_nothing(db: Database, storage: &Storage) {
        with_account(&db).await;
        let other = storage.connect().await;
        deposit_from_tasks(&[db.clone(), other], 8, 4).await;
        assert_eq!(balance(db.read()).await, 32);
    }

    async fn reads_in_one_transaction_agree_whatever_is_written_meanwhile(db: Database) {
        with_account(&db).await;
        let seen = db.read_txn(|txn| {
            let db = db.clone();
            async move {
                let first = balance(&*txn).await;
                deposit(&db).await?;
                Ok::<_, PlatformError>((first, balance(&*txn).await))
            }
        });
        assert_eq!(seen.await.unwrap(), (0, 0));
        assert_eq!(balance(db.read()).await, 1);
    }

    async fn an_error_of_the_work_rolls_back_and_is_returned(db: Database) {
        with_account(&db).await;
        let refused = db
            .write_txn(|txn| async move {
                txn.execute_unprepared("UPDATE account SET balance = 5").await?;
                Err::<(), _>(PlatformError::NotFound("accounts/2".into()))
            })
            .await;
        assert!(matches!(refused, Err(PlatformError::NotFound(name)) if name == "accounts/2"));
        assert_eq!(balance(db.read()).await, 0);
    }

    async fn work_that_lost_a_race_for_a_key_runs_again(db: Database) {
        with_account(&db).await;
        let attempts = &AtomicU32::new(0);
        let found = db
            .write_txn(|txn| async move {
                if attempts.fetch_add(1, Ordering::Relaxed) > 0 {
                    return Ok("found");
                }
                let insert = "INSERT INTO account VALUES (1, 7)";
                txn.execute_unprepared(insert).await.map_err(retry_if_taken)?;
                Ok("inserted")
            })
            .await;
        assert_eq!(found.unwrap_or_else(|error: PlatformError| panic!("{error}")), "found");
    }

    async fn collisions_that_do_not_end_are_a_conflict(db: Database, storage: &Storage) {
        drop(db);
        let retry_for = Duration::from_millis(50);
        let config = DatabaseConfig { retry_for, ..storage.config().clone() };
        let db = Database::connect("test", &config).await.unwrap();
        let attempts = &AtomicU32::new(0);
        let outcome = db
            .write_txn(|_| async move {
                attempts.fetch_add(1, Ordering::Relaxed);
                Err::<(), _>(PlatformError::Conflict)
            })
            .await;
        assert!(matches!(outcome, Err(PlatformError::Conflict)));
        assert!(attempts.load(Ordering::Relaxed) > 2);
    }

    async fn a_caller_who_leaves_leaves_nothing(db: Database) {
        with_account(&db).await;
        let left = tokio::time::timeout(
            Duration::from_millis(100),
            db.write_txn(|txn| async move {
                txn.execute_unprepared("UPDATE account SET balance = 5").await?;
                std::future::pending::<Result<(), PlatformError>>().await
            }),
        );
        assert!(left.await.is_err());
        deposit(&db).await.unwrap();
        assert_eq!(balance(db.read()).await, 1);
    }

    async fn a_commit_is_announced_and_a_rollback_is_not(db: Database) {
        with_account(&db).await;
        let mut commits = db.commits();
        let _ = db.write_txn(|_| async { Err::<(), _>(PlatformError::DeadlineExceeded) }).await;
        assert!(!commits.has_changed().unwrap());
        deposit(&db).await.unwrap();
        assert!(commits.has_changed().unwrap());
        commits.mark_unchanged();
    }

    async fn work_that_keeps_the_transaction_is_a_fault(db: Database) {
        let kept = db.write_txn(|txn| async move { Ok::<_, PlatformError>(txn) }).await;
        assert!(matches!(kept, Err(PlatformError::Internal(..))));
    }

    async fn handlers_may_borrow_and_be_spawned(db: Database) {
        struct Handler {
            db: Database,
        }

        #[tonic::async_trait]
        trait Deposits {
            async fn deposit(&self, request: &str) -> Result<i64, PlatformError>;
        }

        // What tonic's generated traits demand: a boxed future that is `Send`.
        #[tonic::async_trait]
        impl Deposits for Handler {
            async fn deposit(&self, request: &str) -> Result<i64, PlatformError> {
                let amount = request.to_owned();
                let amount = &amount;
                let this = self;
                self.db
                    .write_txn(|txn| async move {
                        let update = format!("UPDATE account SET balance = balance + {amount}");
                        txn.execute_unprepared(&update).await?;
                        Ok(balance(&*txn).await + this.db.service().len() as i64)
                    })
                    .await
            }
        }

        with_account(&db).await;
        let handler = Handler { db };
        let answer = tokio::spawn(async move { handler.deposit("3").await }).await.unwrap();
        assert_eq!(answer.unwrap(), 3 + 4);
    }

    async fn callers_who_go_away_leave_no_transaction_open(db: Database, storage: &Storage) {
        with_account(&db).await;
        let elsewhere = storage.connect().await;
        for steps in (1..6).cycle().take(200) {
            let mut deposit = Box::pin(deposit(&db));
            for _ in 0..steps {
                let _ = futures::poll!(&mut deposit);
                tokio::task::yield_now().await;
            }
        }
        // A connection that was left in a transaction would go on seeing what it saw first.
        let seen = || async {
            let reads = (0..32).map(|_| balance(db.read()));
            futures::future::join_all(reads).await
        };
        seen().await;
        deposit(&elsewhere).await.unwrap();
        let balance = balance(elsewhere.read()).await;
        for _ in 0..4 {
            assert!(seen().await.iter().all(|seen| *seen == balance));
        }
    }
}
