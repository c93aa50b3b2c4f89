//! Mapping files of sales: how rows become sellers, products and opportunities.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use rapport_proto::google::r#type::{Date, Money};
use rapport_proto::rapport::sales::v1 as proto;
use serde::Deserialize;

use crate::import::mapping::{Fields, compile, compile_each};
use crate::import::part::{Part, date_message};
use crate::import::template::{Row, RowError, Templates};

/// A mapping file as written. Values are Jinja templates over the row's columns; a template that
/// renders to nothing leaves its field unset.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MappingFile {
    /// The system whose ids customers are known by, such as `maven`.
    system: String,
    /// Column separator; a comma when absent.
    delimiter: Option<char>,
    /// Zone of times that carry none: an IANA name; UTC when absent.
    time_zone: Option<String>,
    pipeline: PipelineSpec,
    #[serde(default)]
    seller: BTreeMap<String, String>,
    #[serde(default)]
    product: BTreeMap<String, String>,
    opportunity: BTreeMap<String, String>,
    #[serde(default, rename = "move")]
    moves: Vec<BTreeMap<String, String>>,
}

/// The pipeline that the opportunities go through; recorded if there is none of its name.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PipelineSpec {
    display_name: String,
    stages: Vec<StageSpec>,
    #[serde(default)]
    close_reasons: Vec<CloseReasonSpec>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CloseReasonSpec {
    key: String,
    display_name: String,
    state: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StageSpec {
    key: String,
    display_name: String,
    state: String,
    #[serde(default)]
    probability: i32,
    forecast_category: String,
    #[serde(default)]
    stalled_after_days: i32,
}

const SELLER_FIELDS: &[&str] = &[
    "principal",
    "display_name",
    "manager",
    "manager_display_name",
    "team",
    "region",
];
const PRODUCT_FIELDS: &[&str] = &["code", "display_name", "series", "list_price", "currency"];
const OPPORTUNITY_FIELDS: &[&str] = &[
    "external_id",
    "display_name",
    "owner",
    "customer",
    "product",
    "quantity",
    "amount",
    "currency",
    "close_date",
    "next_step",
    "stage",
    "open_time",
];
const MOVE_FIELDS: &[&str] = &[
    "stage",
    "time",
    "amount",
    "currency",
    "close_date",
    "close_reason",
    "note",
];

/// A mapping ready to be applied.
#[derive(Debug)]
pub(super) struct SalesMapping {
    pub(super) system: String,
    pub(super) delimiter: u8,
    time_zone: jiff::tz::TimeZone,
    pipeline: PipelineSpec,
    templates: Templates,
    seller: Fields,
    product: Fields,
    opportunity: Fields,
    moves: Vec<Fields>,
}

/// A seller by the names that files know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SellerRow {
    pub(super) principal: String,
    pub(super) display_name: String,
    pub(super) manager: Option<String>,
    pub(super) manager_display_name: String,
    pub(super) team: String,
    pub(super) region: String,
}

/// An opportunity whose references are still the names that files know.
#[derive(Clone, Debug)]
pub(super) struct OpportunityRow {
    pub(super) owner: String,
    pub(super) customer: Option<String>,
    pub(super) product: Option<String>,
    pub(super) quantity: i64,
    pub(super) import: proto::OpportunityImport,
}

impl SalesMapping {
    /// Reads and compiles a mapping file; errors name the field at fault.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("can't read the mapping {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("mapping {}", path.display()))
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let file: MappingFile = toml::from_str(text)?;
        let delimiter = u8::try_from(file.delimiter.unwrap_or(','))
            .context("`delimiter` must be an ASCII character")?;
        let time_zone = match &file.time_zone {
            Some(name) => jiff::tz::TimeZone::get(name).context("`time_zone`")?,
            None => jiff::tz::TimeZone::UTC,
        };
        let mut templates = Templates::new();
        let mut part = |name, known, fields| compile(&mut templates, name, known, fields);
        let seller = part("seller", SELLER_FIELDS, file.seller)?;
        let product = part("product", PRODUCT_FIELDS, file.product)?;
        let opportunity = part("opportunity", OPPORTUNITY_FIELDS, file.opportunity)?;
        for field in ["external_id", "owner", "display_name"] {
            anyhow::ensure!(
                opportunity.contains_key(field),
                "`opportunity.{field}` is needed"
            );
        }
        Ok(Self {
            moves: compile_each(&mut templates, "move", MOVE_FIELDS, file.moves)?,
            system: file.system,
            pipeline: file.pipeline,
            delimiter,
            time_zone,
            templates,
            seller,
            product,
            opportunity,
        })
    }

    /// The pipeline that the opportunities go through.
    pub(super) fn pipeline(&self) -> anyhow::Result<proto::Pipeline> {
        let stages = self.pipeline.stages.iter().map(StageSpec::stage);
        let reasons = self.pipeline.close_reasons.iter();
        let reasons = reasons.map(CloseReasonSpec::reason);
        Ok(proto::Pipeline {
            display_name: self.pipeline.display_name.clone(),
            stages: stages.collect::<anyhow::Result<_>>()?,
            close_reasons: reasons.collect::<anyhow::Result<_>>()?,
            ..Default::default()
        })
    }

    /// The seller in a row.
    pub(super) fn seller(&self, row: &Row) -> Result<SellerRow, RowError> {
        let part = Part::new(&self.templates, &self.seller, row);
        let text = |field| Ok(part.text(field)?.unwrap_or_default());
        Ok(SellerRow {
            principal: part.required("principal")?,
            display_name: part.required("display_name")?,
            manager: part.text("manager")?,
            manager_display_name: text("manager_display_name")?,
            team: text("team")?,
            region: text("region")?,
        })
    }

    /// The product in a row.
    pub(super) fn product(&self, row: &Row) -> Result<proto::Product, RowError> {
        let part = Part::new(&self.templates, &self.product, row);
        Ok(proto::Product {
            code: part.required("code")?,
            display_name: part.required("display_name")?,
            series: part.text("series")?.unwrap_or_default(),
            list_price: part.money("list_price", "currency")?,
            ..Default::default()
        })
    }

    /// The opportunity in a row, with its history.
    pub(super) fn opportunity(&self, row: &Row) -> Result<OpportunityRow, RowError> {
        let part = Part::new(&self.templates, &self.opportunity, row);
        let opportunity = proto::Opportunity {
            external_id: part.required("external_id")?,
            display_name: part.required("display_name")?,
            amount: part.money("amount", "currency")?,
            close_date: day(&part)?,
            next_step: part.text("next_step")?.unwrap_or_default(),
            stage: part.text("stage")?.unwrap_or_default(),
            open_time: part.instant("open_time", &self.time_zone)?,
            ..Default::default()
        };
        let moves = self.moves.iter().map(|fields| self.past_move(fields, row));
        let moves = moves.collect::<Result<Vec<_>, _>>()?;
        Ok(OpportunityRow {
            owner: part.required("owner")?,
            customer: part.text("customer")?,
            product: part.text("product")?,
            quantity: part.parsed("quantity")?.unwrap_or_default(),
            import: proto::OpportunityImport {
                opportunity: Some(opportunity),
                moves: moves.into_iter().flatten().collect(),
            },
        })
    }

    /// One of the moves; none where it has no stage.
    fn past_move(
        &self,
        fields: &Fields,
        row: &Row,
    ) -> Result<Option<proto::OpportunityMove>, RowError> {
        let part = Part::new(&self.templates, fields, row);
        let Some(stage) = part.text("stage")? else {
            return Ok(None);
        };
        let time = part.instant("time", &self.time_zone)?;
        let text = |field| Ok(part.text(field)?.unwrap_or_default());
        Ok(Some(proto::OpportunityMove {
            stage,
            time: Some(time.ok_or_else(|| part.error("time", "needs a value for every move"))?),
            amount: part.money("amount", "currency")?,
            close_date: day(&part)?,
            close_reason: text("close_reason")?,
            note: text("note")?,
            ..Default::default()
        }))
    }
}

fn day(part: &Part<'_>) -> Result<Option<Date>, RowError> {
    Ok(part.parsed("close_date")?.map(date_message))
}

/// The state of this name.
fn state(name: &str) -> Option<proto::OpportunityState> {
    proto::OpportunityState::from_str_name(&format!("OPPORTUNITY_STATE_{name}"))
}

impl CloseReasonSpec {
    fn reason(&self) -> anyhow::Result<proto::CloseReason> {
        let unknown = || format!("close reason `{}`: unknown state", self.key);
        Ok(proto::CloseReason {
            key: self.key.clone(),
            display_name: self.display_name.clone(),
            state: state(&self.state).with_context(unknown)?.into(),
        })
    }
}

impl StageSpec {
    fn stage(&self) -> anyhow::Result<proto::Stage> {
        let category = format!("FORECAST_CATEGORY_{}", self.forecast_category);
        let unknown = || format!("stage `{}`: unknown state or category", self.key);
        let state = state(&self.state).with_context(unknown)?;
        let category = proto::ForecastCategory::from_str_name(&category).with_context(unknown)?;
        Ok(proto::Stage {
            key: self.key.clone(),
            display_name: self.display_name.clone(),
            state: state.into(),
            probability: self.probability,
            forecast_category: category.into(),
            stalled_after_days: self.stalled_after_days,
        })
    }
}

impl OpportunityRow {
    /// What to send, once the references are known.
    pub(super) fn resolved(
        mut self,
        pipeline: &str,
        owner: &str,
        customer: Option<&str>,
        product: Option<&str>,
    ) -> proto::OpportunityImport {
        let opportunity = self.import.opportunity.get_or_insert_default();
        pipeline.clone_into(&mut opportunity.pipeline);
        owner.clone_into(&mut opportunity.owner);
        customer
            .unwrap_or_default()
            .clone_into(&mut opportunity.customer);
        let amount: Option<Money> = opportunity.amount.clone();
        opportunity.lines = product
            .map(|product| proto::OpportunityLine {
                product: product.to_owned(),
                quantity: self.quantity,
                amount,
            })
            .into_iter()
            .collect();
        self.import
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        format!("{:#}", SalesMapping::parse(text).unwrap_err())
    }

    #[test]
    fn what_is_missing_or_unknown_is_named() {
        let pipeline = "system = 'crm'\n[pipeline]\ndisplay_name = 'P'\nstages = []\n";
        let text = format!("{pipeline}[opportunity]\nexternal_id = 'x'\nowner = 'x'");
        assert!(error(&text).contains("opportunity.display_name"));
        let text = format!("{pipeline}[opportunity]\nnickname = 'x'");
        assert!(error(&text).contains("opportunity.nickname"));
        let text = format!("{pipeline}[opportunity]\nexternal_id = '{{{{ id'");
        assert!(error(&text).contains("opportunity.external_id"));
    }

    fn with_reason(state: &str) -> anyhow::Result<proto::Pipeline> {
        let text = format!(
            "system = 'crm'\n[pipeline]\ndisplay_name = 'P'\nstages = []\n\
             close_reasons = [{{ key = 'price', display_name = 'Price', state = '{state}' }}]\n\
             [opportunity]\nexternal_id = 'x'\ndisplay_name = 'x'\nowner = 'x'\n"
        );
        SalesMapping::parse(&text)?.pipeline()
    }

    #[test]
    fn a_pipeline_comes_with_the_reasons_why_opportunities_end() {
        let pipeline = with_reason("LOST").unwrap();
        let reason = &pipeline.close_reasons[0];
        assert_eq!(
            (reason.key.as_str(), reason.state()),
            ("price", proto::OpportunityState::Lost)
        );
        let refused = format!("{:#}", with_reason("GONE").unwrap_err());
        assert!(refused.contains("close reason `price`"), "{refused}");
    }
}
