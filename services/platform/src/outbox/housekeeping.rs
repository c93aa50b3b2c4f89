//! Removes what was kept long enough, so that tables stop growing.

use std::time::Duration;

use sea_orm::sea_query::{DeleteStatement, Expr, ExprTrait, IntoIden, Query};
use sea_orm::{ConnectionTrait, EntityTrait, Iterable};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::config::duration;
use crate::db::Database;
use crate::db::table::{dead_letter, idempotency, inbox, outbox};
use crate::error::PlatformError;
use crate::time::{Clock, Timestamp};

/// Rows removed in one transaction, which others have to wait for.
const ROWS_PER_DELETE: u64 = 1_000;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the platform's rows are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HousekeepingConfig {
    /// How often to look.
    #[serde(with = "duration")]
    pub interval: Duration,
    /// Events after they were published.
    #[serde(with = "duration")]
    pub keep_published: Duration,
    /// Notes of handled events. An event delivered again after that has a second effect,
    /// so this must exceed the time for which a bus keeps events.
    #[serde(with = "duration")]
    pub keep_handled: Duration,
    /// Events that could not be handled.
    #[serde(with = "duration")]
    pub keep_dead_letters: Duration,
}

impl Default for HousekeepingConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(10 * 60),
            keep_published: 7 * DAY,
            keep_handled: 30 * DAY,
            keep_dead_letters: 90 * DAY,
        }
    }
}

/// Clears a service's platform tables. Of all processes of the service one does, by a lease.
pub struct Housekeeping {
    db: Database,
    clock: Clock,
    config: HousekeepingConfig,
}

impl Housekeeping {
    /// Housekeeping of `db`; [`Housekeeping::run`] starts it.
    pub fn new(db: &Database, clock: Clock, config: HousekeepingConfig) -> Self {
        Self {
            db: db.clone(),
            clock,
            config,
        }
    }

    /// Clears at once and then at intervals, until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let round = || self.clear();
        self.db
            .in_rounds("housekeeping", self.config.interval, &stop, round)
            .await;
    }

    /// Removes everything that is due now.
    pub(super) async fn clear(&self) -> Result<(), PlatformError> {
        let now = self.clock.now();
        let before = |kept: Duration| now.saturating_sub(kept);
        use {dead_letter as dead, idempotency as answer};
        self.sweep::<outbox::Entity>(
            outbox::Column::PublishTime,
            before(self.config.keep_published),
        )
        .await?;
        self.sweep::<inbox::Entity>(inbox::Column::HandleTime, before(self.config.keep_handled))
            .await?;
        self.sweep::<dead::Entity>(
            dead::Column::CreateTime,
            before(self.config.keep_dead_letters),
        )
        .await?;
        self.sweep::<answer::Entity>(answer::Column::ExpireTime, now)
            .await
    }

    /// Deletes the rows whose `column` lies at or before `until`, some at a time.
    async fn sweep<E: EntityTrait>(
        &self,
        column: E::Column,
        until: Timestamp,
    ) -> Result<(), PlatformError> {
        let key = || E::PrimaryKey::iter().map(|column| column.into_iden());
        let due = Query::select()
            .columns(key())
            .from(E::default())
            .and_where(Expr::col(column).lte(until))
            .limit(ROWS_PER_DELETE)
            .to_owned();
        let delete = Query::delete()
            .from_table(E::default())
            .and_where(Expr::tuple(key().map(Expr::col)).in_subquery(due))
            .to_owned();
        while self.delete(&delete).await? == ROWS_PER_DELETE {}
        Ok(())
    }

    async fn delete(&self, delete: &DeleteStatement) -> Result<u64, PlatformError> {
        self.db
            .transact(|txn| async move { Ok(txn.execute(delete).await?.rows_affected()) })
            .await
    }
}
