//! What PostgreSQL's planner knows of tables that grow fast.
//!
//! It learns how values are spread when the autovacuum daemon comes by, a minute or more after the
//! first rows. Until then it takes an index that fits one tenant badly, reads all of the tenant's
//! rows for every batch, and an import becomes slower with each. So an import tells it early, and
//! again whenever it has grown fourfold.

use rapport_platform::db::Database;
use rapport_platform::error::PlatformError;
use sea_orm::{DbBackend, Statement};

/// Rows after which the planner is told for the first time.
const FIRST: i64 = 1_000;

/// The tables in which a batch looks things up.
const ANALYSE: &str = "ANALYZE customer, customer_external_id, contact_point, import_journal, \
                       interaction";

/// Has the statistics made anew when a run, which has written `done` customers, has just passed a
/// size at which the old ones mislead. A role that does not own the tables is passed over by the
/// engine: then the daemon alone does it.
pub(crate) async fn refresh(db: &Database, done: i64, batch: usize) -> Result<(), PlatformError> {
    let before = done - i64::try_from(batch).unwrap_or(i64::MAX);
    let sizes = std::iter::successors(Some(FIRST), |size| size.checked_mul(4));
    let passed = sizes
        .take_while(|size| *size <= done)
        .any(|size| before < size);
    if passed && db.backend() == DbBackend::Postgres {
        db.run(Statement::from_string(DbBackend::Postgres, ANALYSE))
            .await?;
    }
    Ok(())
}
