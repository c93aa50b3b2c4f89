//! What callers say of an opportunity, and what becomes of it.

use std::collections::HashMap;

use jiff::civil::Date;
use rapport_platform::invalid::{Invalid, InvalidFields};
use rapport_platform::money::Money;
use rapport_platform::text;
use rapport_platform::time::Timestamp;
use uuid::Uuid;

use super::step::Refused;
use super::value::{self, LineRequest, Value};
use super::{Opportunity, Outlook, stall_time};
use crate::domain::pipeline::{ForecastCategory, Key, OpportunityState, Percent, Pipeline, fits};

/// Longest display name, in characters.
const MAX_NAME: usize = 200;
/// Longest next step, in characters.
const MAX_NEXT_STEP: usize = 500;
/// Longest external id.
const MAX_EXTERNAL_ID: usize = 200;

/// An opportunity as it was sent.
#[derive(Debug)]
pub struct DraftParts<'a> {
    /// What people call it.
    pub display_name: &'a str,
    /// Who may buy.
    pub customer: Result<Option<Uuid>, Invalid>,
    /// Who sells.
    pub owner: Result<Uuid, Invalid>,
    /// The way it goes.
    pub pipeline: Result<Uuid, Invalid>,
    /// Key of the stage in which it begins.
    pub stage: &'a str,
    /// What it brings.
    pub amount: Result<Option<Money>, Invalid>,
    /// The products.
    pub lines: Vec<Result<LineRequest, InvalidFields>>,
    /// When it is expected to be closed.
    pub close_date: Result<Option<Date>, Invalid>,
    /// What has to happen next.
    pub next_step: &'a str,
    /// In percent.
    pub probability: Option<i32>,
    /// Number of the [`ForecastCategory`]; 0: unset.
    pub category: i32,
    /// When it began.
    pub open_time: Result<Option<Timestamp>, Invalid>,
    /// What another system calls it.
    pub external_id: &'a str,
}

/// An opportunity as it was sent, read but not yet compared with what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    display_name: String,
    customer: Option<Uuid>,
    owner: Uuid,
    pipeline: Uuid,
    stage: Option<Key>,
    amount: Option<Money>,
    lines: Vec<LineRequest>,
    close_date: Option<Date>,
    next_step: Option<String>,
    probability: Option<Percent>,
    category: Option<ForecastCategory>,
    open_time: Option<Timestamp>,
    external_id: Option<String>,
}

/// What the service knows of what opportunities refer to.
#[derive(Debug, Default)]
pub struct Known {
    /// Customers, by the ids they are named by, with the ids they go by now.
    pub customers: HashMap<Uuid, Uuid>,
    /// Sellers, and whether they take on new opportunities.
    pub sellers: HashMap<Uuid, bool>,
    /// Pipelines.
    pub pipelines: HashMap<Uuid, Pipeline>,
    /// Products, with their list price.
    pub products: HashMap<Uuid, Listed>,
}

/// What the service knows of a product.
#[derive(Debug, Clone, Copy)]
pub struct Listed {
    /// What it costs.
    pub price: Option<Money>,
    /// Whether it is sold no longer.
    pub retired: bool,
}

/// Whom and what an opportunity may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Sellers who are active and products that are sold.
    Present,
    /// Also those who left and what is retired: it is over.
    Past,
}

/// What a draft says that can be judged once the references are known.
struct Content {
    customer: Option<Uuid>,
    value: Value,
}

impl Draft {
    /// Reads an opportunity.
    pub fn parse(parts: DraftParts<'_>) -> Result<Self, InvalidFields> {
        let mut faults = InvalidFields::default();
        let name = faults.take("display_name", text::line(parts.display_name, MAX_NAME));
        let customer = faults.take("customer", parts.customer);
        let owner = faults.take("owner", parts.owner);
        let pipeline = faults.take("pipeline", parts.pipeline);
        let stage = faults.take("stage", optional_key(parts.stage));
        let amount = faults.take("amount", parts.amount.and_then(value::amount));
        let numbered = parts.lines.into_iter().enumerate();
        let lines = numbered
            .filter_map(|(index, line)| faults.take(&format!("lines[{index}]"), line))
            .collect();
        let close_date = faults.take("close_date", parts.close_date);
        let next_step = text::optional_line(parts.next_step, MAX_NEXT_STEP);
        let next_step = faults.take("next_step", next_step);
        let probability = parts.probability.map(Percent::parse).transpose();
        let probability = faults.take("probability", probability);
        let category = faults.take("forecast_category", optional_category(parts.category));
        let open_time = faults.take("open_time", parts.open_time);
        let external_id = faults.take("external_id", external_id(parts.external_id));
        let whole = || {
            Some(Self {
                display_name: name?,
                customer: customer?,
                owner: owner?,
                pipeline: pipeline?,
                stage: stage?,
                amount: amount?,
                lines,
                close_date: close_date?,
                next_step: next_step?,
                probability: probability?,
                category: category?,
                open_time: open_time?,
                external_id: external_id?,
            })
        };
        let whole = whole();
        faults.finish(whole)
    }

    /// The opportunity that begins by this draft.
    pub fn open(&self, known: &Known, now: Timestamp) -> Result<Opportunity, InvalidFields> {
        self.begin(known, now, Reach::Present)
    }

    /// The opportunity that began by this draft and is over: who sold it may have left since, and
    /// what was sold may be retired.
    pub fn recall(&self, known: &Known, now: Timestamp) -> Result<Opportunity, InvalidFields> {
        self.begin(known, now, Reach::Past)
    }

    fn begin(
        &self,
        known: &Known,
        now: Timestamp,
        reach: Reach,
    ) -> Result<Opportunity, InvalidFields> {
        let mut faults = InvalidFields::default();
        let content = self.content(known, None, reach, &mut faults);
        let pipeline = known.pipelines.get(&self.pipeline);
        let stage = match pipeline {
            Some(pipeline) => faults.take("stage", pipeline.opening(self.stage.as_ref())),
            None => faults.take("pipeline", Err(unknown("a pipeline"))),
        };
        let open_time = self.open_time.unwrap_or(now);
        if open_time > now {
            faults.push("open_time", Invalid::new("must not be in the future"));
        }
        let category = self
            .category
            .filter(|it| !fits(OpportunityState::Open, *it));
        if category.is_some() {
            faults.push("forecast_category", Invalid::new(NOT_CLOSED));
        }
        let whole = content.zip(stage).map(|(content, stage)| Opportunity {
            display_name: self.display_name.clone(),
            customer: content.customer,
            next_step: self.next_step.clone(),
            outlook: Outlook {
                owner: self.owner,
                stage: stage.key().clone(),
                state: stage.state(),
                amount: content.value.amount(),
                probability: self.probability.unwrap_or(stage.probability()),
                category: self.category.unwrap_or(stage.category()),
                close_date: self.close_date,
            },
            lines: content.value.lines().to_vec(),
            open_time,
            stage_enter_time: open_time,
            stall_time: stall_time(stage, open_time),
            change_time: open_time,
            closing: None,
            note: None,
        });
        faults.finish(whole)
    }

    /// The opportunity after a change to what this draft says. Of a closed one, nothing changes
    /// on which forecasts depend.
    pub fn revise(
        &self,
        before: &Opportunity,
        known: &Known,
        now: Timestamp,
    ) -> Result<Opportunity, Refused> {
        let mut faults = InvalidFields::default();
        let pipeline = known.pipelines.get(&self.pipeline);
        let stage = pipeline.and_then(|it| it.stage(&before.outlook.stage));
        if stage.is_none() {
            faults.push(
                "stage",
                Invalid::new("is no stage of the pipeline any more"),
            );
        }
        let state = before.outlook.state;
        let category = self.category.or(stage.map(|it| it.category()));
        if state == OpportunityState::Open && category.is_some_and(|it| !fits(state, it)) {
            faults.push("forecast_category", Invalid::new(NOT_CLOSED));
        }
        let content = self.content(known, Some(before), Reach::Present, &mut faults);
        let whole = content.zip(stage).map(|(content, stage)| Opportunity {
            display_name: self.display_name.clone(),
            customer: content.customer,
            next_step: self.next_step.clone(),
            outlook: Outlook {
                owner: self.owner,
                amount: content.value.amount(),
                probability: self.probability.unwrap_or(stage.probability()),
                category: category.unwrap_or(stage.category()),
                close_date: self.close_date,
                ..before.outlook.clone()
            },
            lines: content.value.lines().to_vec(),
            ..before.clone()
        });
        let after = faults.finish(whole)?;
        let weighs = after.outlook != before.outlook || after.lines != before.lines;
        if weighs && state != OpportunityState::Open {
            return Err(Refused::Closed(state));
        }
        let changed = after.outlook != before.outlook;
        Ok(Opportunity {
            change_time: match changed {
                true => now.max(before.change_time),
                false => before.change_time,
            },
            note: before.note.clone().filter(|_| !changed),
            ..after
        })
    }

    /// Compares the references with what is known; those that stay are not asked about.
    fn content(
        &self,
        known: &Known,
        before: Option<&Opportunity>,
        reach: Reach,
        faults: &mut InvalidFields,
    ) -> Option<Content> {
        let customer = match self.customer {
            Some(id) if before.and_then(|it| it.customer) != Some(id) => {
                let current = known.customers.get(&id).copied();
                let current = current.ok_or_else(|| unknown("a customer"));
                faults.take("customer", current).map(Some)
            }
            same => Some(same),
        };
        if before.is_none_or(|it| it.outlook.owner != self.owner) {
            faults.take("owner", takes_on(known.sellers.get(&self.owner), reach));
        }
        let stays = |product| {
            let mut lines = before.into_iter().flat_map(|it| &it.lines);
            lines.any(|line| line.product == product)
        };
        for (index, line) in self.lines.iter().enumerate() {
            let product = known.products.get(&line.product());
            let named = product.is_some_and(|it| !it.retired || reach == Reach::Past);
            if !named && !stays(line.product()) {
                let why = Invalid::new("does not exist or is retired: name a product that is sold");
                faults.push(&format!("lines[{index}].product"), why);
            }
        }
        let price_of = |product| {
            known
                .products
                .get(&product)
                .and_then(|it: &Listed| it.price)
        };
        let value = match Value::of(self.agreed(before, price_of), &self.lines, price_of) {
            Ok(value) => Some(value),
            Err(found) => {
                faults.take::<(), _>("", Err(found));
                None
            }
        };
        let (customer, value) = customer.zip(value)?;
        Some(Content { customer, value })
    }

    /// The amount that the lines have to add up to: none when only they changed.
    fn agreed(
        &self,
        before: Option<&Opportunity>,
        price_of: impl Fn(Uuid) -> Option<Money>,
    ) -> Option<Money> {
        let Some(before) = before else {
            return self.amount;
        };
        let same_amount = self.amount == before.outlook.amount;
        let alone = Value::of(None, &self.lines, price_of);
        let other_lines =
            alone.is_ok_and(|it| it.lines() != before.lines && !it.lines().is_empty());
        self.amount.filter(|_| !(same_amount && other_lines))
    }

    /// Who may buy.
    pub const fn customer(&self) -> Option<Uuid> {
        self.customer
    }

    /// Who sells.
    pub const fn owner(&self) -> Uuid {
        self.owner
    }

    /// The way it goes.
    pub const fn pipeline(&self) -> Uuid {
        self.pipeline
    }

    /// The products.
    pub fn products(&self) -> impl Iterator<Item = Uuid> {
        self.lines.iter().map(LineRequest::product)
    }

    /// What another system calls it.
    pub fn external_id(&self) -> Option<&str> {
        self.external_id.as_deref()
    }
}

const NOT_CLOSED: &str = "must not be CLOSED while the opportunity is open";

fn unknown(what: &str) -> Invalid {
    Invalid::new(format!("does not exist: name {what} that does"))
}

fn takes_on(active: Option<&bool>, reach: Reach) -> Result<(), Invalid> {
    match active {
        Some(active) if *active || reach == Reach::Past => Ok(()),
        Some(_) => Err(Invalid::new("is inactive: name a seller who is active")),
        None => Err(unknown("a seller")),
    }
}

/// A key that may be unset.
pub(super) fn optional_key(raw: &str) -> Result<Option<Key>, Invalid> {
    match raw {
        "" => Ok(None),
        raw => Key::parse(raw).map(Some),
    }
}

/// A category that may be unset.
pub(super) fn optional_category(raw: i32) -> Result<Option<ForecastCategory>, Invalid> {
    match raw {
        0 => Ok(None),
        raw => ForecastCategory::try_from(raw).map(Some),
    }
}

fn external_id(raw: &str) -> Result<Option<String>, Invalid> {
    let plain = raw.bytes().all(|it| it.is_ascii_graphic());
    if !plain || raw.len() > MAX_EXTERNAL_ID {
        return Err(Invalid::new("must be at most 200 visible ASCII characters"));
    }
    Ok(Some(raw.to_owned()).filter(|it| !it.is_empty()))
}
