//! How opportunities move from stage to stage, end, and go on.

use jiff::civil::Date;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rapport_platform::text;
use rapport_platform::time::Timestamp;

use super::draft::{optional_category, optional_key};
use super::value::{self, Value};
use super::{Closing, Opportunity, Outlook, stall_time};
use crate::domain::date;
use crate::domain::pipeline::{
    ForecastCategory, Key, OpportunityState, Percent, Pipeline, Stage, fits,
};

/// Longest note, in characters.
const MAX_NOTE: usize = 1_000;

/// Why an opportunity did not change as asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// Fields are wrong.
    Invalid(InvalidFields),
    /// It ended in this state and takes no such change.
    Closed(OpportunityState),
    /// It is open, so that it can't be opened.
    Open,
    /// It is in this stage already.
    SameStage,
}

impl From<InvalidFields> for Refused {
    fn from(faults: InvalidFields) -> Self {
        Self::Invalid(faults)
    }
}

/// A move as it was sent.
#[derive(Debug)]
pub struct StepParts<'a> {
    /// Key of the stage to move to.
    pub stage: &'a str,
    /// When; unset: now.
    pub time: Result<Option<Timestamp>, Invalid>,
    /// What it brings since; unset: as before.
    pub amount: Result<Option<Money>, Invalid>,
    /// When it is expected to be closed since; unset: as before.
    pub close_date: Result<Option<Date>, Invalid>,
    /// In percent; unset: as the stage says.
    pub probability: Option<i32>,
    /// Number of the [`ForecastCategory`]; 0: as the stage says.
    pub category: i32,
    /// Key of the reason of the end.
    pub close_reason: &'a str,
    /// Anything to add.
    pub note: &'a str,
}

/// A move to another stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    stage: Key,
    time: Option<Timestamp>,
    amount: Option<Money>,
    close_date: Option<Date>,
    probability: Option<Percent>,
    category: Option<ForecastCategory>,
    close_reason: Option<Key>,
    note: Option<String>,
}

impl Step {
    /// Whether the stage that it moves to ends opportunities.
    pub fn closes(&self, pipeline: &Pipeline) -> bool {
        let stage = pipeline.stage(&self.stage);
        stage.is_some_and(|it| it.state() != OpportunityState::Open)
    }

    /// Reads a move.
    pub fn parse(parts: StepParts<'_>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let stage = faults.take("stage", Key::parse(parts.stage));
        let time = faults.take("time", parts.time);
        let amount = faults.take("amount", parts.amount.and_then(value::amount));
        let close_date = faults.take("close_date", parts.close_date);
        let probability = parts.probability.map(Percent::parse).transpose();
        let probability = faults.take("probability", probability);
        let category = faults.take("forecast_category", optional_category(parts.category));
        let close_reason = faults.take("close_reason", optional_key(parts.close_reason));
        let note = faults.take("note", text::optional_passage(parts.note, MAX_NOTE));
        let whole = || {
            Some(Self {
                stage: stage?,
                time: time?,
                amount: amount?,
                close_date: close_date?,
                probability: probability?,
                category: category?,
                close_reason: close_reason?,
                note: note?,
            })
        };
        let whole = whole();
        faults.finish(whole)
    }
}

impl Opportunity {
    /// The opportunity after a move, which ends it when the stage does.
    ///
    /// # Errors
    /// `Closed`, `SameStage`, `Invalid`.
    pub fn step(&self, step: &Step, pipeline: &Pipeline, now: Timestamp) -> Result<Self, Refused> {
        if self.outlook.state != OpportunityState::Open {
            return Err(Refused::Closed(self.outlook.state));
        }
        if step.stage == self.outlook.stage {
            return Err(Refused::SameStage);
        }
        let mut faults = InvalidFields::default();
        let stage = pipeline.stage(&step.stage);
        let stage = stage.ok_or_else(|| Invalid::new("is no stage of this pipeline"));
        let stage = faults.take("stage", stage);
        let time = faults.take("time", moment(step.time, self.change_time, now));
        if let Some(stage) = stage {
            let reason = pipeline.check_reason(stage.state(), step.close_reason.as_ref());
            faults.take("close_reason", reason);
            check_overrides(step, stage, &mut faults);
        }
        let value = Value::stored(self.outlook.amount, self.lines.clone());
        let value = match step.amount {
            Some(amount) => faults.take("amount", value.worth(amount)),
            None => Some(value),
        };
        let whole = stage.zip(time).zip(value);
        let whole = whole.map(|((stage, time), value)| self.at(step, stage, time, &value));
        Ok(faults.finish(whole)?)
    }

    fn at(&self, step: &Step, stage: &Stage, time: Timestamp, value: &Value) -> Self {
        let ended = stage.state() != OpportunityState::Open;
        let day = match ended {
            true => Some(date::of(time)),
            false => self.outlook.close_date,
        };
        Self {
            outlook: Outlook {
                owner: self.outlook.owner,
                stage: stage.key().clone(),
                state: stage.state(),
                amount: value.amount(),
                probability: step.probability.unwrap_or(stage.probability()),
                category: step.category.unwrap_or(stage.category()),
                close_date: step.close_date.or(day),
            },
            lines: value.lines().to_vec(),
            stage_enter_time: time,
            stall_time: stall_time(stage, time),
            change_time: time,
            closing: ended.then(|| Closing {
                time,
                reason: step.close_reason.clone(),
            }),
            note: step.note.clone(),
            ..self.clone()
        }
    }

    /// The opportunity, opened again.
    ///
    /// # Errors
    /// `Open`, `Invalid`.
    pub fn reopen(
        &self,
        reopening: &Reopening,
        pipeline: &Pipeline,
        now: Timestamp,
    ) -> Result<Self, Refused> {
        if self.outlook.state == OpportunityState::Open {
            return Err(Refused::Open);
        }
        let mut faults = InvalidFields::default();
        let stage = faults.take("stage", pipeline.opening(Some(&reopening.stage)));
        let time = faults.take("time", moment(reopening.time, self.change_time, now));
        let whole = stage.zip(time).map(|(stage, time)| Self {
            outlook: Outlook {
                stage: stage.key().clone(),
                state: stage.state(),
                probability: stage.probability(),
                category: stage.category(),
                close_date: reopening.close_date,
                ..self.outlook.clone()
            },
            stage_enter_time: time,
            stall_time: stall_time(stage, time),
            change_time: time,
            closing: None,
            note: reopening.note.clone(),
            ..self.clone()
        });
        Ok(faults.finish(whole)?)
    }
}

/// How a closed opportunity goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reopening {
    stage: Key,
    time: Option<Timestamp>,
    close_date: Option<Date>,
    note: Option<String>,
}

impl Reopening {
    /// Reads how it goes on.
    pub fn parse(
        stage: &str,
        time: Result<Option<Timestamp>, Invalid>,
        close_date: Result<Option<Date>, Invalid>,
        note: &str,
    ) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let stage = faults.take("stage", Key::parse(stage));
        let time = faults.take("time", time);
        let close_date = faults.take("close_date", close_date);
        let note = faults.take("note", text::optional_passage(note, MAX_NOTE));
        let complete = stage.zip(time).zip(close_date.zip(note));
        faults.finish(complete.map(|((stage, time), (close_date, note))| Self {
            stage,
            time,
            close_date,
            note,
        }))
    }
}

/// The end of a sale is certain, and an open one is not closed.
fn check_overrides(step: &Step, stage: &Stage, faults: &mut InvalidFields) {
    let open = stage.state() == OpportunityState::Open;
    if step
        .probability
        .is_some_and(|it| !open && it != stage.probability())
    {
        let why = Invalid::new("must be left to the stage, which closes the opportunity");
        faults.push("probability", why);
    }
    if step.category.is_some_and(|it| !fits(stage.state(), it)) {
        let why = Invalid::new("does not fit the stage: leave it out");
        faults.push("forecast_category", why);
    }
}

/// When something took place that is recorded now: history is neither foretold nor rewritten.
fn moment(
    given: Option<Timestamp>,
    last_change: Timestamp,
    now: Timestamp,
) -> Result<Timestamp, Invalid> {
    match given {
        None => Ok(now.max(last_change)),
        Some(time) if time > now => Err(Invalid::new("must not be in the future")),
        Some(time) if time < last_change => Err(Invalid::new(
            "must not be before the opportunity's last change",
        )),
        Some(time) => Ok(time),
    }
}
