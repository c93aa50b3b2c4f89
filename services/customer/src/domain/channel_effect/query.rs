//! What is asked about contacts.

use std::collections::BTreeSet;
use std::time::Duration;

use rapport_platform::time::Timestamp;

use crate::domain::invalid::{Invalid, InvalidFields};
use rapport_platform::numbered;

/// Longest period: a leap year.
const LONGEST_PERIOD: Duration = Duration::from_hours(366 * 24);
const USUAL_WINDOW: Duration = Duration::from_hours(7 * 24);
const SHORTEST_WINDOW: Duration = Duration::from_mins(1);
const LONGEST_WINDOW: Duration = Duration::from_hours(90 * 24);

numbered! {
    /// By what contacts are told apart.
    pub enum EffectDimension as "dimension" {
        /// The channel.
        Channel = 1 "CHANNEL",
        /// The purpose.
        Purpose = 2 "PURPOSE",
        /// Whether the customer is a person or an organisation.
        CustomerKind = 3 "CUSTOMER_KIND",
        /// The stage in which the customer was then.
        LifecycleStage = 4 "LIFECYCLE_STAGE",
        /// The hour of the customer's day.
        LocalHour = 5 "LOCAL_HOUR",
    }
}

/// A question about contacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectQuery {
    /// First instant of the period.
    pub start: Timestamp,
    /// First instant after it.
    pub end: Timestamp,
    /// How long something from the customer counts as an answer.
    pub window: Duration,
    /// What to tell apart.
    pub dimensions: BTreeSet<EffectDimension>,
}

impl EffectQuery {
    /// Reads a question.
    pub fn parse(
        start: Timestamp,
        end: Timestamp,
        window: Option<Duration>,
        dimensions: &[i32],
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let period = faults.take("end_time", period(start, end));
        let window = faults.take("response_window", self::window(window));
        let dimensions = dimensions.iter().map(|&it| EffectDimension::try_from(it));
        let dimensions = faults.take("dimensions", dimensions.collect::<Result<_, _>>());
        let complete = period.and(window).zip(dimensions);
        faults.finish(complete.map(|(window, dimensions)| Self {
            start,
            end,
            window,
            dimensions,
        }))
    }

    /// Whether contacts are told apart by it.
    pub fn by(&self, dimension: EffectDimension) -> bool {
        self.dimensions.contains(&dimension)
    }
}

fn period(start: Timestamp, end: Timestamp) -> Result<(), Invalid> {
    if end <= start {
        return Err(Invalid::new("must be after start_time"));
    }
    if end.since(start) > LONGEST_PERIOD {
        return Err(Invalid::new("must be at most 366 days after start_time"));
    }
    Ok(())
}

fn window(window: Option<Duration>) -> Result<Duration, Invalid> {
    let window = window.unwrap_or(USUAL_WINDOW);
    if (SHORTEST_WINDOW..=LONGEST_WINDOW).contains(&window) {
        return Ok(window);
    }
    Err(Invalid::new("must be 1 minute to 90 days"))
}
