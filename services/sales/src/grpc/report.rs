//! `SalesReportService`.

mod row;

use rapport_platform::identity::Context;
use rapport_platform::rpcs;
use rapport_platform::time::Timestamp;
use rapport_proto::google::r#type::Date;
use rapport_proto::rapport::sales::v1 as proto;

use super::Shared;
use super::convert::{day, instant};
use crate::domain::report::{Flow, Moves, Period, SalesDimension, dimensions};
use crate::error::{Error, faults_of};
use crate::resource::{self, PIPELINE};
use crate::store::report::{FlowQuery, Group, MOST_ROWS, SalesQuery};
use crate::store::{pipeline, report};

/// Tells how selling goes.
pub(crate) struct SalesReports(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.SalesReportService" for SalesReports {
        query_sales(proto::QuerySalesRequest) -> proto::QuerySalesResponse = sales;
        query_stage_flow(proto::QueryStageFlowRequest) -> proto::QueryStageFlowResponse = flow;
        query_pipeline(proto::QueryPipelineRequest) -> proto::QueryPipelineResponse = content;
    }
}

impl SalesReports {
    async fn sales(
        &self,
        ctx: Context,
        request: proto::QuerySalesRequest,
    ) -> Result<proto::QuerySalesResponse, Error> {
        let proto::QuerySalesRequest {
            start_date,
            end_date,
            dimensions: by,
            territory_time,
            pipeline,
            organization_time,
        } = request;
        let query = SalesQuery {
            period: period(start_date.as_ref(), end_date.as_ref())?,
            by: &dimensions(&by).map_err(faults_of("dimensions"))?,
            pipeline: resource::optional(PIPELINE, &pipeline).map_err(faults_of("pipeline"))?,
            territory_time: past(&ctx, "territory_time", territory_time.as_ref())?,
            organization_time: past(&ctx, "organization_time", organization_time.as_ref())?,
        };
        let rows = report::sales(&ctx, self.0.db.read(), query).await?;
        let rows = few(rows)?.into_iter().map(row::sales);
        Ok(proto::QuerySalesResponse {
            rows: rows.collect::<Result<_, _>>()?,
        })
    }

    async fn flow(
        &self,
        ctx: Context,
        request: proto::QueryStageFlowRequest,
    ) -> Result<proto::QueryStageFlowResponse, Error> {
        let proto::QueryStageFlowRequest {
            pipeline: name,
            start_date,
            end_date,
            dimensions: by,
            territory_time,
            organization_time,
        } = request;
        let [id] = PIPELINE.parse("pipeline", &name)?;
        let query = FlowQuery {
            pipeline: id,
            period: period(start_date.as_ref(), end_date.as_ref())?,
            by: &dimensions(&by).map_err(faults_of("dimensions"))?,
            territory_time: past(&ctx, "territory_time", territory_time.as_ref())?,
            organization_time: past(&ctx, "organization_time", organization_time.as_ref())?,
        };
        let db = self.0.db.read();
        let pipeline = pipeline::read(&pipeline::get(&ctx, db, id).await?)?;
        let moves = few(report::moves(&ctx, db, query).await?)?;
        let stages = grouped(moves, query.by)
            .into_iter()
            .flat_map(|(group, moves)| {
                let stages = pipeline.stages().iter().map(|stage| stage.key().as_str());
                let rows = stages
                    .map(|key| row::flow(key, &group, &Flow::through(&pipeline, key, &moves)));
                rows.collect::<Vec<_>>()
            });
        Ok(proto::QueryStageFlowResponse {
            stages: stages.collect(),
        })
    }

    async fn content(
        &self,
        ctx: Context,
        request: proto::QueryPipelineRequest,
    ) -> Result<proto::QueryPipelineResponse, Error> {
        let proto::QueryPipelineRequest {
            pipeline: name,
            as_of_time,
            dimensions: by,
        } = request;
        let [id] = PIPELINE.parse("pipeline", &name)?;
        let time = past(&ctx, "as_of_time", as_of_time.as_ref())?;
        let by = dimensions(&by).map_err(faults_of("dimensions"))?;
        if time.is_some() && by.contains(&SalesDimension::Product) {
            let why = "goes without PRODUCT: which lines there were before is not known";
            return Err(Error::invalid("as_of_time", why));
        }
        let db = self.0.db.read();
        let pipeline = pipeline::read(&pipeline::get(&ctx, db, id).await?)?;
        let time = time.unwrap_or(ctx.now);
        let mut rows = few(report::content(&ctx, db, (id, &pipeline), &by, time).await?)?;
        // A stage that is gone comes last.
        rows.sort_by_key(|row| {
            let mut stages = pipeline.stages().iter();
            let place = stages.position(|stage| stage.key().as_str() == row.stage);
            place.unwrap_or(usize::MAX)
        });
        let rows = rows.into_iter().map(row::content);
        Ok(proto::QueryPipelineResponse {
            rows: rows.collect::<Result<_, _>>()?,
        })
    }
}

/// The period that a request asks for.
pub(super) fn period(start: Option<&Date>, end: Option<&Date>) -> Result<Period, Error> {
    Period::parse(day(start), day(end)).map_err(faults_of(""))
}

/// A moment that a request looks at, if any.
fn past(
    ctx: &Context,
    field: &'static str,
    sent: Option<&prost_types::Timestamp>,
) -> Result<Option<Timestamp>, Error> {
    let time = instant(sent).map_err(faults_of(field))?;
    if time.is_some_and(|time| time > ctx.now) {
        return Err(Error::invalid(field, "must not be in the future"));
    }
    Ok(time)
}

/// The rows of a report that is not too long.
fn few<T>(rows: Vec<T>) -> Result<Vec<T>, Error> {
    if rows.len() > MOST_ROWS {
        let why = "make more than 4,000 combinations: ask for fewer, or for less time";
        return Err(Error::invalid("dimensions", why));
    }
    Ok(rows)
}

/// The moves of each group; without dimensions all, even when there are none.
fn grouped(moves: Vec<(Group, Moves)>, by: &[SalesDimension]) -> Vec<(Group, Vec<Moves>)> {
    let mut groups: Vec<(Group, Vec<Moves>)> = Vec::new();
    if by.is_empty() {
        groups.push((Group::default(), Vec::new()));
    }
    for (group, step) in moves {
        match groups.last_mut().filter(|(last, _)| *last == group) {
            Some((_, steps)) => steps.push(step),
            None => groups.push((group, vec![step])),
        }
    }
    groups
}
