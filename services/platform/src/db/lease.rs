//! Who of several processes does a job that only one may do.

use std::time::Duration;

use sea_orm::sea_query::{Expr, ExprTrait, OnConflict, Query};
use sea_orm::{ConnectionTrait, DbBackend};
use uuid::Uuid;

use super::Database;
use super::table::lease;
use crate::error::PlatformError;
use crate::id::new_id;

/// A job that one process at a time may hold, by a row in the service's database.
///
/// The row expires by the *database's* clock, so that clocks of processes do not matter.
/// A holder that stalls for longer than the lease may overlap with its successor: work
/// under a lease must be harmless when it is done twice.
#[derive(Clone, Debug)]
pub struct Lease {
    db: Database,
    name: &'static str,
    holder: Uuid,
    lasts: Duration,
}

impl Lease {
    /// A lease on the job `name`; every value made is another candidate for it.
    pub fn new(db: &Database, name: &'static str, lasts: Duration) -> Self {
        Self {
            db: db.clone(),
            name,
            holder: new_id(),
            lasts,
        }
    }

    /// How long it lasts without being renewed.
    pub fn lasts(&self) -> Duration {
        self.lasts
    }

    /// Takes or renews it. False while another holder's has not expired.
    pub async fn acquire(&self) -> Result<bool, PlatformError> {
        let now = now(self.db.backend());
        let expire = now.clone().add(micros(self.lasts));
        let claim = Query::insert()
            .into_table(lease::Entity)
            .columns([
                lease::Column::Name,
                lease::Column::Holder,
                lease::Column::ExpireTime,
            ])
            .values_panic([self.name.into(), self.holder.into(), expire])
            .on_conflict(
                OnConflict::column(lease::Column::Name)
                    .update_columns([lease::Column::Holder, lease::Column::ExpireTime])
                    .action_and_where(
                        Expr::col((lease::Entity, lease::Column::Holder))
                            .eq(self.holder)
                            .or(Expr::col((lease::Entity, lease::Column::ExpireTime)).lte(now)),
                    )
                    .to_owned(),
            )
            .to_owned();
        let claim = &claim;
        self.db
            .transact(|txn| async move { Ok(txn.execute(claim).await?.rows_affected() == 1) })
            .await
    }

    /// Gives it up, so that another candidate need not wait for it to expire.
    pub async fn release(&self) -> Result<(), PlatformError> {
        let release = Query::delete()
            .from_table(lease::Entity)
            .and_where(Expr::col(lease::Column::Name).eq(self.name))
            .and_where(Expr::col(lease::Column::Holder).eq(self.holder))
            .to_owned();
        let release = &release;
        self.db
            .transact(|txn| async move { Ok(txn.execute(release).await.map(|_| ())?) })
            .await
    }
}

/// The database's present time in microseconds since the epoch.
fn now(backend: DbBackend) -> Expr {
    Expr::cust(match backend {
        DbBackend::Postgres => "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::BIGINT",
        _ => "CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER)",
    })
}

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}
