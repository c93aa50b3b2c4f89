//! Forgets permits when their time is over.
//!
//! A contact that was never made is kept so that it can be told why. One that was made counts toward
//! caps first, and is the record of what the customer got afterwards. One that is in delivery still
//! counts, however old it is, and stays.

use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::error::PlatformError;
use rapport_platform::server::Worker;
use rapport_platform::time::{Clock, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::contact::cap::LONGEST_WINDOW;
use crate::store::contact::bygone::{self, Bygone};

/// Permits removed in one transaction, which others have to wait for.
pub(crate) const ROWS_PER_DELETE: usize = 1_000;
const INTERVAL: Duration = Duration::from_secs(60 * 60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// A contact counts for [`LONGEST_WINDOW`] at most; the day is for clocks that differ.
const FEWEST_DAYS: u32 = 401;

const _: () = assert!(DAY.as_secs() * FEWEST_DAYS as u64 > LONGEST_WINDOW.as_secs());

/// How long contact permits are kept, in days; 0: for ever.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PermitsConfig {
    /// Contacts that were refused, released or not confirmed in time, after that.
    pub keep_unmade_days: u32,
    /// Contacts that were made, after that: 401 days or more, because they count toward caps for
    /// up to 400.
    pub keep_made_days: u32,
}

impl Default for PermitsConfig {
    fn default() -> Self {
        Self {
            keep_unmade_days: 90,
            // Three years.
            keep_made_days: 1_095,
        }
    }
}

/// How long permits are kept; none: for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Retention {
    unmade: Option<Duration>,
    made: Option<Duration>,
}

impl Retention {
    /// What the settings say.
    ///
    /// # Errors
    /// When contacts would be forgotten that may count toward a cap.
    pub(crate) fn new(config: &PermitsConfig) -> Result<Self, PlatformError> {
        if (1..FEWEST_DAYS).contains(&config.keep_made_days) {
            let why = format!(
                "{} is out of range: keep contacts for {FEWEST_DAYS} days or more, or 0 for ever",
                config.keep_made_days
            );
            let setting = "reading the setting customer.permits.keep_made_days";
            return Err(PlatformError::internal(setting, std::io::Error::other(why)));
        }
        let days = |days| (days > 0).then(|| DAY * days);
        Ok(Self {
            unmade: days(config.keep_unmade_days),
            made: days(config.keep_made_days),
        })
    }
}

/// The worker that does it, in one process at a time.
pub(crate) fn worker(db: &Database, clock: &Clock, kept: Retention) -> Worker {
    let (db, clock) = (db.clone(), clock.clone());
    Worker::new("customer.permits.housekeeping", move |stop| {
        let (db, clock) = (db.clone(), clock.clone());
        async move {
            let round = || clear(&db, &clock, kept);
            db.in_rounds("permits_housekeeping", INTERVAL, &stop, round)
                .await;
        }
    })
}

/// Removes what was kept long enough. Harmless where another process does the same.
pub(crate) async fn clear(
    db: &Database,
    clock: &Clock,
    kept: Retention,
) -> Result<(), PlatformError> {
    let now = clock.now();
    for (which, kept) in [(Bygone::Unmade, kept.unmade), (Bygone::Made, kept.made)] {
        if let Some(kept) = kept {
            sweep(db, which, now.saturating_sub(kept)).await?;
        }
    }
    Ok(())
}

/// Removes permits some at a time, each time from where the last ones were.
async fn sweep(db: &Database, which: Bygone, before: Timestamp) -> Result<(), PlatformError> {
    let mut since = Timestamp::MIN;
    loop {
        let step = db.write_txn(|txn| async move {
            let gone = bygone::forget(&txn, which, (since, before), ROWS_PER_DELETE).await?;
            Ok::<_, PlatformError>(gone)
        });
        let gone = step.await?;
        match gone.iter().max() {
            Some(&latest) if gone.len() == ROWS_PER_DELETE => since = latest,
            _ => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{PermitsConfig, Retention};

    fn keeping(made: u32) -> bool {
        let config = PermitsConfig {
            keep_made_days: made,
            ..PermitsConfig::default()
        };
        Retention::new(&config).is_ok()
    }

    #[test]
    fn contacts_are_kept_for_as_long_as_they_may_count() {
        assert_eq!(
            [1, 400, 401, 1_095].map(keeping),
            [false, false, true, true]
        );
        assert!(keeping(0), "for ever");
        assert!(Retention::new(&PermitsConfig::default()).is_ok());
    }
}
