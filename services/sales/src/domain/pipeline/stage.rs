//! The steps of a pipeline, and the reasons for which opportunities end.

use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::{numbered, text};
use serde::{Deserialize, Serialize};

/// Longest display name, in characters.
pub(super) const MAX_NAME: usize = 100;
/// Longest key.
const MAX_KEY: usize = 63;
/// Most days after which an opportunity is stalled.
const MAX_DAYS: u16 = 3_650;

numbered! {
    /// Whether an opportunity can still be won.
    pub enum OpportunityState as "state of an opportunity" {
        /// It is under way.
        Open = 1 "OPEN",
        /// The customer bought.
        Won = 2 "WON",
        /// The customer did not.
        Lost = 3 "LOST",
    }
}

numbered! {
    /// How sure a sale is, for forecasts.
    pub enum ForecastCategory as "forecast category" {
        /// May come, at an early stage.
        Pipeline = 1 "PIPELINE",
        /// Comes if all goes well.
        BestCase = 2 "BEST_CASE",
        /// The seller stands up for it.
        Commit = 3 "COMMIT",
        /// Was won.
        Closed = 4 "CLOSED",
        /// Is left out.
        Omitted = 5 "OMITTED",
    }
}

/// The name of a stage or a reason within its pipeline: a lower case letter, then letters,
/// digits or `_`; at most 63 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// Reads a key.
    pub fn parse(raw: &str) -> Result<Self, Invalid> {
        let mut letters = raw.chars();
        let first = letters.next().is_some_and(|it| it.is_ascii_lowercase());
        let allowed = |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || it == '_';
        if first && letters.all(allowed) && raw.len() <= MAX_KEY {
            Ok(Self(raw.to_owned()))
        } else {
            Err(Invalid::new(
                "is no key: use 1 to 63 lower case letters, digits and '_', with a letter first",
            ))
        }
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Percent, from 0 to 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent(u8);

impl Percent {
    /// None of it.
    pub const NONE: Self = Self(0);
    /// All of it.
    pub const ALL: Self = Self(100);

    /// Reads a percentage.
    pub fn parse(raw: i32) -> Result<Self, Invalid> {
        let percent = u8::try_from(raw).ok().filter(|percent| *percent <= 100);
        percent
            .map(Self)
            .ok_or_else(|| Invalid::new("must be between 0 and 100"))
    }

    /// The number.
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// One step of a pipeline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    pub(super) key: Key,
    display_name: String,
    pub(super) state: OpportunityState,
    probability: Percent,
    category: ForecastCategory,
    stalled_after_days: Option<u16>,
}

/// A stage as it was sent or stored.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct StageParts {
    /// Its key.
    pub key: String,
    /// What people call it.
    pub display_name: String,
    /// Number of the [`OpportunityState`].
    pub state: i32,
    /// In percent.
    pub probability: i32,
    /// Number of the [`ForecastCategory`].
    pub category: i32,
    /// 0: never.
    pub stalled_after_days: i32,
}

/// Why an opportunity was won or lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseReason {
    pub(super) key: Key,
    display_name: String,
    pub(super) state: OpportunityState,
}

/// A reason as it was sent or stored.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct CloseReasonParts {
    /// Its key.
    pub key: String,
    /// What people call it.
    pub display_name: String,
    /// Number of the [`OpportunityState`].
    pub state: i32,
}

impl Stage {
    pub(super) fn parse(parts: &StageParts) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let key = faults.take("key", Key::parse(&parts.key));
        let display_name = faults.take("display_name", text::line(&parts.display_name, MAX_NAME));
        let state = faults.take("state", OpportunityState::try_from(parts.state));
        let probability = faults.take("probability", Percent::parse(parts.probability));
        let category = ForecastCategory::try_from(parts.category);
        let category = faults.take("forecast_category", category);
        let days = faults.take("stalled_after_days", days(parts.stalled_after_days));
        if let Some((state, probability)) = state.zip(probability)
            && certain(state).is_some_and(|certain| certain != probability)
        {
            let why = "must be 100 for WON and 0 for LOST";
            faults.push("probability", Invalid::new(why));
        }
        if let Some((state, category)) = state.zip(category)
            && !fits(state, category)
        {
            let why = "must be CLOSED for WON, OMITTED for LOST and anything but CLOSED for OPEN";
            faults.push("forecast_category", Invalid::new(why));
        }
        let complete = key
            .zip(display_name)
            .zip(state.zip(probability))
            .zip(category.zip(days));
        faults.finish(complete.map(
            |(((key, display_name), (state, probability)), (category, stalled_after_days))| Self {
                key,
                display_name,
                state,
                probability,
                category,
                stalled_after_days,
            },
        ))
    }

    /// The stage as it is sent and stored.
    pub fn parts(&self) -> StageParts {
        StageParts {
            key: self.key.0.clone(),
            display_name: self.display_name.clone(),
            state: self.state.number(),
            probability: i32::from(self.probability.0),
            category: self.category.number(),
            stalled_after_days: self.stalled_after_days.map_or(0, i32::from),
        }
    }

    /// Its name within the pipeline.
    pub const fn key(&self) -> &Key {
        &self.key
    }

    /// What an opportunity is that enters it.
    pub const fn state(&self) -> OpportunityState {
        self.state
    }

    /// How likely opportunities in it are won.
    pub const fn probability(&self) -> Percent {
        self.probability
    }

    /// How sure opportunities in it are.
    pub const fn category(&self) -> ForecastCategory {
        self.category
    }

    /// Days after which one that did not move on is stalled.
    pub const fn stalled_after_days(&self) -> Option<u16> {
        self.stalled_after_days
    }
}

/// How likely a sale is whose end is known.
const fn certain(state: OpportunityState) -> Option<Percent> {
    match state {
        OpportunityState::Open => None,
        OpportunityState::Won => Some(Percent::ALL),
        OpportunityState::Lost => Some(Percent::NONE),
    }
}

/// Whether opportunities in this state may have this category.
pub fn fits(state: OpportunityState, category: ForecastCategory) -> bool {
    match state {
        OpportunityState::Open => category != ForecastCategory::Closed,
        OpportunityState::Won => category == ForecastCategory::Closed,
        OpportunityState::Lost => category == ForecastCategory::Omitted,
    }
}

fn days(raw: i32) -> Result<Option<u16>, Invalid> {
    let days = u16::try_from(raw).ok().filter(|days| *days <= MAX_DAYS);
    let days = days.ok_or_else(|| Invalid::new("must be between 0 and 3650 days"))?;
    Ok((days > 0).then_some(days))
}

impl CloseReason {
    pub(super) fn parse(parts: &CloseReasonParts) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let key = faults.take("key", Key::parse(&parts.key));
        let display_name = faults.take("display_name", text::line(&parts.display_name, MAX_NAME));
        let state = OpportunityState::try_from(parts.state).and_then(|state| match state {
            OpportunityState::Open => Err(Invalid::new("must be WON or LOST")),
            ended => Ok(ended),
        });
        let state = faults.take("state", state);
        let complete = key.zip(display_name).zip(state);
        faults.finish(complete.map(|((key, display_name), state)| Self {
            key,
            display_name,
            state,
        }))
    }

    /// The reason as it is sent and stored.
    pub fn parts(&self) -> CloseReasonParts {
        CloseReasonParts {
            key: self.key.0.clone(),
            display_name: self.display_name.clone(),
            state: self.state.number(),
        }
    }
}
