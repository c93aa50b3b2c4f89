//! The way of opportunities: stages in their order, and the reasons for which it ends.

use std::collections::HashSet;

use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::{numbered, text};
use serde::{Deserialize, Serialize};

/// Longest display name, in characters.
const MAX_NAME: usize = 100;
/// Longest key.
const MAX_KEY: usize = 63;
/// Most stages of a pipeline.
const MAX_STAGES: usize = 30;
/// Most reasons of a pipeline.
const MAX_REASONS: usize = 50;
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
    key: Key,
    display_name: String,
    state: OpportunityState,
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
    key: Key,
    display_name: String,
    state: OpportunityState,
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
    fn parse(parts: &StageParts) -> Result<Self, InvalidFields> {
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
    fn parse(parts: &CloseReasonParts) -> Result<Self, InvalidFields> {
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

/// The way of opportunities from the first conversation to their end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipeline {
    display_name: String,
    stages: Vec<Stage>,
    close_reasons: Vec<CloseReason>,
}

impl Pipeline {
    /// Reads a pipeline.
    pub fn parse(
        display_name: &str,
        stages: &[StageParts],
        close_reasons: &[CloseReasonParts],
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let display_name = faults.take("display_name", text::line(display_name, MAX_NAME));
        let read = parse_each("stages", stages, MAX_STAGES, Stage::parse);
        let stages = faults.take("", read).unwrap_or_default();
        let read = parse_each(
            "close_reasons",
            close_reasons,
            MAX_REASONS,
            CloseReason::parse,
        );
        let close_reasons = faults.take("", read).unwrap_or_default();
        distinct(&mut faults, "stages", stages.iter().map(|it| &it.key));
        let reasons = close_reasons.iter().map(|it| &it.key);
        distinct(&mut faults, "close_reasons", reasons);
        let has = |state| stages.iter().any(|stage| stage.state == state);
        let readable = faults == InvalidFields::default();
        if readable && !OpportunityState::ALL.iter().all(|state| has(*state)) {
            let why = "need at least one stage that is OPEN, one that is WON and one that is LOST";
            faults.push("stages", Invalid::new(why));
        }
        faults.finish(display_name.map(|display_name| Self {
            display_name,
            stages,
            close_reasons,
        }))
    }

    /// The pipeline after a change, with the keys of the stages that are left out. No stage
    /// changes its state: opportunities in it would be won or lost without having moved.
    pub fn revise(&self, revised: Self) -> Result<(Self, Vec<Key>), InvalidFields> {
        let mut faults = InvalidFields::default();
        for (index, stage) in revised.stages.iter().enumerate() {
            let before = self.stage(&stage.key);
            if before.is_some_and(|before| before.state != stage.state) {
                let why = "can't change: add another stage and move the opportunities there";
                faults.push(&format!("stages[{index}].state"), Invalid::new(why));
            }
        }
        let keys = self.stages.iter().map(|stage| &stage.key);
        let gone = keys.filter(|key| revised.stage(key).is_none()).cloned();
        let gone = gone.collect();
        faults.finish(Some((revised, gone)))
    }

    /// What people call it.
    pub fn display_name(&self) -> &str {
        &self.display_name
    }

    /// Its stages in their order.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// Why opportunities are won and lost.
    pub fn close_reasons(&self) -> &[CloseReason] {
        &self.close_reasons
    }

    /// The stage of this key.
    pub fn stage(&self, key: &Key) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.key == *key)
    }

    /// The open stage in which opportunities begin: the one of this key, or the first.
    pub fn opening(&self, key: Option<&Key>) -> Result<&Stage, Invalid> {
        let open = |stage: &&Stage| stage.state == OpportunityState::Open;
        let stage = match key {
            Some(key) => self.stage(key).filter(open),
            None => self.stages.iter().find(open),
        };
        stage.ok_or_else(|| Invalid::new("is no open stage of this pipeline"))
    }

    /// Checks the reason for which an opportunity ends in `state`: one of those listed, where
    /// any is.
    pub fn check_reason(
        &self,
        state: OpportunityState,
        reason: Option<&Key>,
    ) -> Result<(), Invalid> {
        let mut listed = self.close_reasons.iter().filter(|it| it.state == state);
        match reason {
            None if listed.next().is_none() => Ok(()),
            None => Err(Invalid::new(
                "is required: name one of the pipeline's reasons",
            )),
            Some(key) if listed.any(|it| it.key == *key) => Ok(()),
            Some(_) => Err(Invalid::new(
                "is not listed by the pipeline for this end: name a reason that is, or none",
            )),
        }
    }
}

fn parse_each<P, T>(
    field: &str,
    parts: &[P],
    max: usize,
    parse: impl Fn(&P) -> Result<T, InvalidFields>,
) -> Result<Vec<T>, InvalidFields> {
    if parts.len() > max {
        let why = Invalid::new(format!("are too many: at most {max}"));
        return Err(why.within(field).into());
    }
    let mut faults = InvalidFields::default();
    let numbered = parts.iter().enumerate();
    let parsed = numbered
        .filter_map(|(index, parts)| faults.take(&format!("{field}[{index}]"), parse(parts)))
        .collect();
    faults.finish(Some(parsed))
}

fn distinct<'k>(faults: &mut InvalidFields, field: &str, keys: impl Iterator<Item = &'k Key>) {
    let mut seen = HashSet::new();
    for (index, key) in keys.enumerate() {
        if !seen.insert(key) {
            let why = "repeats an earlier key";
            faults.push(&format!("{field}[{index}].key"), Invalid::new(why));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn stage(key: &str, state: OpportunityState, probability: i32) -> StageParts {
        let category = match state {
            OpportunityState::Open => ForecastCategory::Pipeline,
            OpportunityState::Won => ForecastCategory::Closed,
            OpportunityState::Lost => ForecastCategory::Omitted,
        };
        StageParts {
            key: key.to_owned(),
            display_name: key.to_owned(),
            state: state.number(),
            probability,
            category: category.number(),
            stalled_after_days: 30,
        }
    }

    pub(crate) fn stages() -> Vec<StageParts> {
        vec![
            stage("prospecting", OpportunityState::Open, 10),
            stage("engaging", OpportunityState::Open, 50),
            stage("won", OpportunityState::Won, 100),
            stage("lost", OpportunityState::Lost, 0),
        ]
    }

    pub(crate) fn pipeline() -> Pipeline {
        Pipeline::parse("New business", &stages(), &[price()]).unwrap()
    }

    fn price() -> CloseReasonParts {
        CloseReasonParts {
            key: "price".to_owned(),
            display_name: "Price".to_owned(),
            state: OpportunityState::Lost.number(),
        }
    }

    fn fields(stages: &[StageParts]) -> Vec<String> {
        let refused = Pipeline::parse("P", stages, &[]).unwrap_err().at("");
        refused.into_iter().map(|fault| fault.field).collect()
    }

    #[test]
    fn stages_must_make_sense() {
        let with = |change: &dyn Fn(&mut Vec<StageParts>)| {
            let mut all = stages();
            change(&mut all);
            fields(&all)
        };
        assert_eq!(
            with(&|it| it[2].probability = 90),
            ["stages[2].probability"]
        );
        assert_eq!(
            with(&|it| it[0].category = 4),
            ["stages[0].forecast_category"]
        );
        assert_eq!(
            with(&|it| it[3].category = 1),
            ["stages[3].forecast_category"]
        );
        assert_eq!(
            with(&|it| it[1].key = "prospecting".to_owned()),
            ["stages[1].key"]
        );
        assert_eq!(with(&|it| drop(it.pop())), ["stages"]);
        assert_eq!(
            with(&|it| it[0].stalled_after_days = -1),
            ["stages[0].stalled_after_days"]
        );
    }

    #[test]
    fn opportunities_begin_in_an_open_stage() {
        let pipeline = pipeline();
        let key = |key| Key::parse(key).unwrap();
        assert_eq!(
            pipeline.opening(None).unwrap().key().as_str(),
            "prospecting"
        );
        assert!(pipeline.opening(Some(&key("engaging"))).is_ok());
        assert!(pipeline.opening(Some(&key("won"))).is_err());
        assert!(pipeline.opening(Some(&key("dreaming"))).is_err());
    }

    #[test]
    fn a_reason_is_named_where_reasons_are_listed() {
        let (pipeline, price) = (pipeline(), Key::parse("price").unwrap());
        use OpportunityState::{Lost, Won};
        assert!(pipeline.check_reason(Lost, Some(&price)).is_ok());
        assert!(pipeline.check_reason(Lost, None).is_err());
        assert!(pipeline.check_reason(Won, None).is_ok());
        assert!(pipeline.check_reason(Won, Some(&price)).is_err());
    }

    #[test]
    fn a_change_keeps_the_states_and_tells_what_is_left_out() {
        let pipeline = pipeline();
        let parse = |stages: &[StageParts]| Pipeline::parse("P", stages, &[]).unwrap();
        let mut fewer = stages();
        fewer.remove(1);
        let (_, gone) = pipeline.revise(parse(&fewer)).unwrap();
        assert_eq!(gone, [Key::parse("engaging").unwrap()]);
        let mut turned = stages();
        turned[0] = stage("prospecting", OpportunityState::Won, 100);
        let refused = pipeline.revise(parse(&turned)).unwrap_err().at("pipeline");
        assert_eq!(refused[0].field, "pipeline.stages[0].state");
    }
}
