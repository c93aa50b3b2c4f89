//! Sales that may come about, and how they proceed.

mod draft;
mod step;
pub mod value;

use jiff::civil::Date;
use rapport_platform::money::Money;
use rapport_platform::time::Timestamp;
use uuid::Uuid;

pub use draft::{Draft, DraftParts, Known, Listed};
pub use step::{Refused, Reopening, Step, StepParts};

use super::pipeline::{ForecastCategory, Key, OpportunityState, Percent, Stage};
use value::Line;

/// What forecasts depend on: each change of it is an entry in the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// Who sells.
    pub owner: Uuid,
    /// The stage in which it is.
    pub stage: Key,
    /// What the stage makes of it.
    pub state: OpportunityState,
    /// What it brings, if anybody knows.
    pub amount: Option<Money>,
    /// How likely it is won.
    pub probability: Percent,
    /// How sure it is.
    pub category: ForecastCategory,
    /// When it is expected to be closed, or was.
    pub close_date: Option<Date>,
}

/// How an opportunity ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// When.
    pub time: Timestamp,
    /// Why, by the pipeline's list.
    pub reason: Option<Key>,
}

/// A sale that may come about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opportunity {
    /// What people call it.
    pub display_name: String,
    /// Who may buy.
    pub customer: Option<Uuid>,
    /// What has to happen next.
    pub next_step: Option<String>,
    /// What forecasts depend on.
    pub outlook: Outlook,
    /// The products; they add up to the outlook's amount.
    pub lines: Vec<Line>,
    /// When it began.
    pub open_time: Timestamp,
    /// When it entered its stage.
    pub stage_enter_time: Timestamp,
    /// From when on it is stalled, if it does not move.
    pub stall_time: Option<Timestamp>,
    /// When its outlook last changed.
    pub change_time: Timestamp,
    /// How it ended, if it did.
    pub closing: Option<Closing>,
    /// What was said about the last change.
    pub note: Option<String>,
}

impl Opportunity {
    /// Whether it did not move for longer than its stage allows.
    pub fn is_stalled(&self, now: Timestamp) -> bool {
        self.stall_time.is_some_and(|time| time <= now)
    }
}

/// When an opportunity that enters `stage` at `time` is stalled.
fn stall_time(stage: &Stage, time: Timestamp) -> Option<Timestamp> {
    let days = stage.stalled_after_days()?;
    let open = stage.state() == OpportunityState::Open;
    open.then(|| time.saturating_add(DAY * u32::from(days)))
}

/// A day of 24 hours.
const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

/// Whole days from one instant to another.
pub fn days_between(from: Timestamp, to: Timestamp) -> i32 {
    let days = to.since(from).as_secs() / DAY.as_secs();
    i32::try_from(days).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
