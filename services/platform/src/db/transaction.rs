//! The one way to write: a transaction that is run again when the engine asks for it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use sea_orm::{
    DatabaseTransaction, DbErr, SqlErr, SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::task::JoinError;
use tokio::time::Instant;

use super::Database;
use crate::error::{DatabaseFault, PlatformError};

/// Delays between attempts grow from the first to the second and are spread at random, so
/// that writers that collided do not meet again.
const FIRST_DELAY: Duration = Duration::from_millis(2);
const LONGEST_DELAY: Duration = Duration::from_millis(200);

/// Tells whether the same work may succeed when it is run again from the start.
pub trait Retryable {
    /// True for failures that come from concurrent transactions, and only those.
    fn is_retryable(&self) -> bool;
}

impl Retryable for PlatformError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Conflict => true,
            Self::Database(error) => DatabaseFault::of(error) == DatabaseFault::Contention,
            _ => false,
        }
    }
}

/// Marks the violation of a unique index as worth another attempt: the work then finds
/// the row that another transaction inserted meanwhile.
///
/// For work that looks for a row and inserts it when there is none. Where a taken key is
/// the caller's mistake, answer `AlreadyExists` instead.
pub fn retry_if_taken(error: DbErr) -> PlatformError {
    match error.sql_err() {
        Some(SqlErr::UniqueConstraintViolation(_)) => PlatformError::Conflict,
        _ => PlatformError::from(error),
    }
}

/// Work in a transaction, its type erased: what runs it is compiled once, not for each handler.
type Work<'w, E> = dyn Fn(Arc<DatabaseTransaction>) -> BoxFuture<'w, Result<(), E>> + Sync + 'w;

/// What became of one attempt.
enum Failure<E> {
    /// Nothing ran.
    Begin(DbErr),
    /// The work failed and was rolled back.
    Work(E),
    /// The engine refused the commit, or the connection broke and nobody knows.
    Commit(DbErr),
    /// The work holds on to the transaction, which therefore can't be ended.
    Kept,
}

impl<E: From<PlatformError> + Retryable> Failure<E> {
    fn is_retryable(&self) -> bool {
        match self {
            // Also with a connection that turned out to be dead: nothing ran yet.
            Self::Begin(DbErr::ConnectionAcquire(_)) => false,
            Self::Begin(error) => DatabaseFault::of(error) != DatabaseFault::Other,
            Self::Work(error) => error.is_retryable(),
            Self::Commit(error) => DatabaseFault::of(error) == DatabaseFault::Contention,
            Self::Kept => false,
        }
    }

    fn into_error(self) -> E {
        match self {
            Self::Begin(error) | Self::Commit(error) => PlatformError::from(error).into(),
            Self::Work(error) => error,
            Self::Kept => {
                PlatformError::internal("committing", "the work keeps the transaction").into()
            }
        }
    }

    /// The answer when there is no time left for another attempt.
    fn into_exhausted(self) -> E {
        match self {
            Self::Begin(error) if DatabaseFault::of(&error) == DatabaseFault::Unavailable => {
                PlatformError::from(error).into()
            }
            _ => PlatformError::Conflict.into(),
        }
    }
}

impl Database {
    /// Runs `work` in a transaction and commits it.
    ///
    /// An error of the work rolls back and is returned. A collision with concurrent
    /// transactions rolls back and runs the work again, so it must have no effect outside
    /// the transaction. Dropping the future rolls back.
    ///
    /// ```ignore
    /// db.write_txn(|txn| async move {
    ///     customers::insert(&txn, ctx, customer).await?;
    ///     outbox::append(&txn, ctx, &[created]).await
    /// })
    /// ```
    ///
    /// The work may borrow; what it needs of the function's own values, it takes by
    /// reference (`let customer = &customer;`). The transaction is shared with it because
    /// the futures of work that *borrows* the transaction are not known to be `Send`
    /// (Rust 1.95), which handlers of RPCs have to be.
    ///
    /// # Errors
    /// Those of the work; `Conflict` when collisions do not end; `Database` when the
    /// engine fails, in which case a lost connection at commit leaves open whether the
    /// transaction took place: callers repeat the request with the same `request_id`.
    pub async fn write_txn<T, E, W, F>(&self, work: W) -> Result<T, E>
    where
        T: Send,
        W: Fn(Arc<DatabaseTransaction>) -> F + Sync,
        F: Future<Output = Result<T, E>> + Send,
        E: From<PlatformError> + Retryable,
    {
        let answer = self.transact(work).await?;
        self.0.committed.send_replace(());
        Ok(answer)
    }

    /// Runs reads that have to agree: all of them find what the first one found, whatever is
    /// committed meanwhile. A single read needs no transaction: [`Database::read`].
    ///
    /// # Errors
    /// Those of the reads; `Database` when the engine fails.
    pub async fn read_txn<T, E, R, F>(&self, reads: R) -> Result<T, E>
    where
        R: FnOnce(Arc<DatabaseTransaction>) -> F,
        F: Future<Output = Result<T, E>>,
        E: From<PlatformError>,
    {
        let txn = self.begin(SqliteTransactionMode::Deferred).await;
        let txn = Arc::new(txn.map_err(PlatformError::from)?);
        let answer = reads(txn.clone()).await;
        if let Some(txn) = Arc::into_inner(txn) {
            // There is nothing to keep. If this fails the connection is broken.
            let _ = end(txn, End::Rollback).await;
        }
        answer
    }

    /// [`Database::write_txn`] for bookkeeping that nobody waits for: it does not change
    /// [`Database::commits`].
    pub(crate) async fn transact<T, E, W, F>(&self, work: W) -> Result<T, E>
    where
        T: Send,
        W: Fn(Arc<DatabaseTransaction>) -> F + Sync,
        F: Future<Output = Result<T, E>> + Send,
        E: From<PlatformError> + Retryable,
    {
        let answer = &Mutex::new(None);
        let work = &work;
        let run: &Work<'_, E> = &|txn| {
            let working = work(txn);
            Box::pin(async move {
                let answered = working.await?;
                *answer.lock().unwrap_or_else(PoisonError::into_inner) = Some(answered);
                Ok(())
            })
        };
        self.run_again(run).await?;
        let mut answer = answer.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = || PlatformError::internal("committing", "the work has no answer");
        answer.take().ok_or_else(|| missing().into())
    }

    /// Runs the work until it is committed, or fails for good.
    async fn run_again<E>(&self, work: &Work<'_, E>) -> Result<(), E>
    where
        E: From<PlatformError> + Retryable,
    {
        let start = Instant::now();
        let mut delays = ExponentialBuilder::new()
            .with_min_delay(FIRST_DELAY)
            .with_max_delay(LONGEST_DELAY)
            .without_max_times()
            .with_jitter()
            .build();
        loop {
            let failure = match self.attempt(work).await {
                Ok(()) => return Ok(()),
                Err(failure) if failure.is_retryable() => failure,
                Err(failure) => return Err(failure.into_error()),
            };
            let delay = delays.next().filter(|_| start.elapsed() < self.0.retry_for);
            let Some(delay) = delay else {
                return Err(failure.into_exhausted());
            };
            tracing::debug!(service = self.service(), ?delay, "transaction runs again");
            tokio::time::sleep(delay).await;
        }
    }

    async fn attempt<E>(&self, work: &Work<'_, E>) -> Result<(), Failure<E>> {
        let txn = self.begin(SqliteTransactionMode::Immediate);
        let txn = Arc::new(txn.await.map_err(Failure::Begin)?);
        let outcome = work(txn.clone()).await;
        let txn = Arc::into_inner(txn).ok_or(Failure::Kept)?;
        match outcome {
            Ok(()) => end(txn, End::Commit).await.map_err(Failure::Commit),
            Err(error) => {
                // At once, so that its locks are gone before the next attempt. If this
                // fails the connection is broken and the engine rolls back by itself.
                let _ = end(txn, End::Rollback).await;
                Err(Failure::Work(error))
            }
        }
    }

    #[allow(
        clippy::disallowed_methods,
        reason = "the one place that begins a transaction"
    )]
    #[inline(never)]
    fn begin(
        &self,
        mode: SqliteTransactionMode,
    ) -> BoxFuture<'_, Result<DatabaseTransaction, DbErr>> {
        let connection = match mode {
            SqliteTransactionMode::Deferred => self.read(),
            // A deferred transaction that reads first fails when it comes to write.
            SqliteTransactionMode::Immediate | SqliteTransactionMode::Exclusive => self.writer(),
        };
        let options = TransactionOptions {
            sqlite_transaction_mode: Some(mode),
            ..TransactionOptions::default()
        };
        // In a task of its own, which goes on when the caller goes away: sqlx 0.9 forgets a BEGIN
        // whose answer nobody waited for, and the connection would go back to the pool inside a
        // transaction that nobody ends. The task ends it.
        let connection = connection.clone();
        let begin = tokio::spawn(async move { connection.begin_with_options(options).await });
        let stopped = |stopped: JoinError| Err(DbErr::Custom(stopped.to_string()));
        Box::pin(begin.map(move |begun| begun.unwrap_or_else(stopped)))
    }
}

enum End {
    Commit,
    Rollback,
}

#[inline(never)]
fn end(txn: DatabaseTransaction, how: End) -> BoxFuture<'static, Result<(), DbErr>> {
    Box::pin(async move {
        match how {
            End::Commit => txn.commit().await,
            End::Rollback => txn.rollback().await,
        }
    })
}
