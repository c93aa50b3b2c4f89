//! `SalesReportService`.

use rapport_platform::identity::Context;
use rapport_platform::rpcs;
use rapport_proto::google::r#type::Date;
use rapport_proto::rapport::sales::v1 as proto;

use super::Shared;
use super::convert::{day, instant};
use crate::domain::date;
use crate::domain::report::{Flow, Period, dimensions, mean_days, share};
use crate::error::{Error, faults_of};
use crate::resource::{self, PIPELINE};
use crate::store::report::{MOST_ROWS, Sales};
use crate::store::{amount, pipeline, report};

/// Tells how selling goes.
pub(crate) struct SalesReports(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.SalesReportService" for SalesReports {
        query_sales(proto::QuerySalesRequest) -> proto::QuerySalesResponse = sales;
        query_stage_flow(proto::QueryStageFlowRequest) -> proto::QueryStageFlowResponse = flow;
    }
}

impl SalesReports {
    async fn sales(
        &self,
        ctx: Context,
        request: proto::QuerySalesRequest,
    ) -> Result<proto::QuerySalesResponse, Error> {
        let period = period(request.start_date.as_ref(), request.end_date.as_ref())?;
        let by = dimensions(&request.dimensions).map_err(faults_of("dimensions"))?;
        let time = instant(request.territory_time.as_ref());
        let time = time.map_err(faults_of("territory_time"))?;
        if time.is_some_and(|time| time > ctx.now) {
            return Err(Error::invalid(
                "territory_time",
                "must not be in the future",
            ));
        }
        let rows = report::sales(&ctx, self.0.db.read(), period, &by, time).await?;
        if rows.len() > MOST_ROWS {
            let why = "make more than 4,000 combinations: ask for fewer, or for less time";
            return Err(Error::invalid("dimensions", why));
        }
        Ok(proto::QuerySalesResponse {
            rows: rows.into_iter().map(sales_row).collect::<Result<_, _>>()?,
        })
    }

    async fn flow(
        &self,
        ctx: Context,
        request: proto::QueryStageFlowRequest,
    ) -> Result<proto::QueryStageFlowResponse, Error> {
        let [id] = PIPELINE.parse("pipeline", &request.pipeline)?;
        let period = period(request.start_date.as_ref(), request.end_date.as_ref())?;
        let db = self.0.db.read();
        let pipeline = pipeline::read(&pipeline::get(&ctx, db, id).await?)?;
        let span = (date::midnight(period.start()), date::midnight(period.end()));
        let moves = report::moves(&ctx, db, id, span).await?;
        let stages = pipeline.stages().iter().map(|stage| {
            let key = stage.key().as_str();
            stage_flow(key, &Flow::through(&pipeline, key, &moves))
        });
        Ok(proto::QueryStageFlowResponse {
            stages: stages.collect(),
        })
    }
}

/// The period that a request asks for.
pub(super) fn period(start: Option<&Date>, end: Option<&Date>) -> Result<Period, Error> {
    Period::parse(day(start), day(end)).map_err(faults_of(""))
}

fn sales_row(row: Sales) -> Result<proto::SalesRow, Error> {
    let Sales {
        owner_id,
        manager_id,
        team,
        region,
        product_id,
        territory,
        month,
        quarter,
        currency,
        won_count,
        lost_count,
        revenue,
        lost_amount,
        won_seconds,
        lost_seconds,
    } = row;
    let first_day = |month: i32| Date {
        year: month / 100,
        month: month % 100,
        day: 1,
    };
    let currency = currency.as_deref();
    Ok(proto::SalesRow {
        owner: owner_id.map(resource::seller).unwrap_or_default(),
        manager: manager_id.map(resource::seller).unwrap_or_default(),
        team: team.unwrap_or_default(),
        region: region.unwrap_or_default(),
        product: product_id.map(resource::product).unwrap_or_default(),
        territory_code: territory.unwrap_or_default(),
        period: month.or(quarter).map(first_day),
        won_count,
        lost_count,
        revenue: amount::read(revenue, currency)?.map(Into::into),
        lost_amount: amount::read(lost_amount, currency)?.map(Into::into),
        win_rate: share(won_count, won_count + lost_count),
        mean_won_cycle_days: mean_days(won_seconds, won_count),
        mean_lost_cycle_days: mean_days(lost_seconds, lost_count),
    })
}

fn stage_flow(key: &str, flow: &Flow) -> proto::StageFlow {
    proto::StageFlow {
        stage: key.to_owned(),
        entered_count: flow.entered,
        advanced_count: flow.advanced,
        returned_count: flow.returned,
        won_count: flow.won,
        lost_count: flow.lost,
        conversion: share(flow.advanced + flow.won, flow.left()),
        mean_days: mean_days(flow.seconds, flow.left()),
    }
}
