//! The way of opportunities: stages in their order, and the reasons for which it ends.

mod stage;
#[cfg(test)]
pub(crate) mod tests;

use std::collections::HashSet;

use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::text;

pub use stage::{
    CloseReason, CloseReasonParts, ForecastCategory, Key, OpportunityState, Percent, Stage,
    StageParts, fits,
};

use stage::MAX_NAME;

/// Most stages of a pipeline.
const MAX_STAGES: usize = 30;
/// Most reasons of a pipeline.
const MAX_REASONS: usize = 50;

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
