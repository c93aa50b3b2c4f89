//! What is open in the stages of a pipeline.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;

use super::group::{Group, Source, Values, sum};
use crate::domain::pipeline::{OpportunityState, Pipeline};
use crate::domain::report::SalesDimension;
use crate::error::Error;

const MICROS_PER_DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// When what a row of the history says entered its stage.
const ENTERED: &str =
    "(CASE WHEN o.from_stage = o.to_stage THEN o.from_enter_time ELSE o.change_time END)";

/// What is open in a stage and has the same dimensions and currency.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Content {
    #[sea_orm(nested)]
    pub(crate) group: Group,
    pub(crate) stage: String,
    pub(crate) currency: Option<String>,
    pub(crate) open_count: i64,
    pub(crate) amount: Option<i64>,
    /// Whole minor units of the weighted amounts, each by itself.
    pub(crate) weighted: Option<i64>,
    /// What is beyond these, in hundredths of a minor unit.
    pub(crate) weighted_rest: Option<i64>,
    pub(crate) stalled_count: i64,
    pub(crate) age_seconds: i64,
}

/// Counts what was open at a time in the stages of the pipeline of this id.
pub(crate) async fn content(
    ctx: &Context,
    db: &impl ConnectionTrait,
    (id, pipeline): (Uuid, &Pipeline),
    by: &[SalesDimension],
    time: Timestamp,
) -> Result<Vec<Content>, Error> {
    let mut values = Values::default();
    let tenant = values.bind(ctx.tenant);
    let which = values.bind(id);
    let open = values.bind(OpportunityState::Open.code());
    let now = values.bind(time);
    let source = Source {
        table: "stage_change",
        key: "o.tenant_id, o.opportunity_id, o.version",
        wanted: format!(
            "o.tenant_id = {tenant} AND o.pipeline_id = {which} AND o.state = {open} \
             AND o.change_time <= {now} AND (o.end_time IS NULL OR o.end_time > {now})"
        ),
        by,
        territory_time: now.clone(),
        organization_time: Some(now.clone()),
        month: "o.close_date / 100".to_owned(),
    };
    let stalled = stalled(&mut values, pipeline, &now);
    let totals = totals(source.amount(), &now, &stalled);
    let sql = source.select(&["o.to_stage AS stage", "o.currency"], &totals);
    let statement = values.statement(db.get_database_backend(), sql);
    Ok(Content::find_by_statement(statement).all(db).await?)
}

/// Products of large amounts and percents don't add up in 64 bits: what is whole and the rest do.
fn totals(amount: &str, now: &str, stalled: &str) -> String {
    let weighted = format!("{amount} * o.probability");
    format!(
        "COUNT(*) AS open_count, CAST(SUM({amount}) AS BIGINT) AS amount, \
         CAST(SUM({weighted} / 100) AS BIGINT) AS weighted, \
         CAST(SUM({weighted} % 100) AS BIGINT) AS weighted_rest, \
         {stalled_count} AS stalled_count, {age} AS age_seconds",
        stalled_count = sum(&format!("CASE WHEN {stalled} THEN 1 ELSE 0 END")),
        age = sum(&format!("({now} - {ENTERED}) / 1000000")),
    )
}

/// Whether an opportunity has been in its stage for too long.
fn stalled(values: &mut Values, pipeline: &Pipeline, now: &str) -> String {
    let limits = pipeline.stages().iter().filter_map(|stage| {
        let days = stage.stalled_after_days()?;
        let key = values.bind(stage.key().as_str());
        let limit = values.bind(i64::from(days) * MICROS_PER_DAY);
        Some(format!(
            "(o.to_stage = {key} AND {now} - {ENTERED} >= {limit})"
        ))
    });
    let limits: Vec<String> = limits.collect();
    match limits.is_empty() {
        true => "1 = 0".to_owned(),
        false => limits.join(" OR "),
    }
}
