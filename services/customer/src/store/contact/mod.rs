//! What decides whether customers may be contacted, and the leave that was granted.

pub(crate) mod bygone;
pub(crate) mod clearance;
pub(crate) mod consent;
pub(crate) mod counted;
pub(crate) mod permit;
pub(crate) mod policy;
pub(crate) mod spend;
pub(crate) mod standing;
pub(crate) mod suppression;
pub(crate) mod times;

use std::time::Duration;

use rapport_platform::time::Timestamp;

/// When something is recorded that `latest` was recorded before: now, or as soon as possible after
/// `latest` when another machine's clock was ahead. What was in force at an instant then never
/// depends on clocks.
fn later_than(latest: Option<Timestamp>, now: Timestamp) -> Timestamp {
    match latest {
        Some(latest) => now.max(latest.saturating_add(Duration::from_micros(1))),
        None => now,
    }
}
