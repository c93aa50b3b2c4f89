//! What was won and lost.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use super::group::{Group, Source, Values};
use crate::domain::date;
use crate::domain::pipeline::OpportunityState;
use crate::domain::report::{Period, SalesDimension};
use crate::error::Error;

/// Which sales are counted, and by what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SalesQuery<'a> {
    /// When they were closed.
    pub(crate) period: Period,
    /// By what.
    pub(crate) by: &'a [SalesDimension],
    /// The pipeline through which they went; none: any.
    pub(crate) pipeline: Option<Uuid>,
    /// The moment whose territories count; none: that of each close.
    pub(crate) territory_time: Option<Timestamp>,
    /// The moment whose organization counts; none: now.
    pub(crate) organization_time: Option<Timestamp>,
}

/// Sales that have the same dimensions and currency.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Sales {
    #[sea_orm(nested)]
    pub(crate) group: Group,
    pub(crate) currency: Option<String>,
    pub(crate) won_count: i64,
    pub(crate) lost_count: i64,
    pub(crate) revenue: Option<i64>,
    pub(crate) lost_amount: Option<i64>,
    pub(crate) won_seconds: i64,
    pub(crate) lost_seconds: i64,
}

/// Counts the opportunities that were closed.
pub(crate) async fn sales(
    ctx: &Context,
    db: &impl ConnectionTrait,
    query: SalesQuery<'_>,
) -> Result<Vec<Sales>, Error> {
    let statement = sales_statement(ctx, db.get_database_backend(), query);
    Ok(Sales::find_by_statement(statement).all(db).await?)
}

pub(crate) fn sales_statement(
    ctx: &Context,
    backend: DbBackend,
    query: SalesQuery<'_>,
) -> Statement {
    let mut values = Values::default();
    let tenant = values.bind(ctx.tenant);
    let start = values.bind(date::number(query.period.start()));
    let end = values.bind(date::number(query.period.end()));
    let won = values.bind(OpportunityState::Won.code());
    let lost = values.bind(OpportunityState::Lost.code());
    let mut wanted = format!(
        "o.tenant_id = {tenant} AND o.close_date >= {start} AND o.close_date < {end} \
         AND o.state IN ({won}, {lost})"
    );
    if let Some(pipeline) = query.pipeline {
        wanted += &format!(" AND o.pipeline_id = {}", values.bind(pipeline));
    }
    let closed = || "o.close_time".to_owned();
    let source = Source {
        table: "opportunity",
        key: "o.tenant_id, o.opportunity_id",
        wanted,
        by: query.by,
        territory_time: query
            .territory_time
            .map_or_else(closed, |it| values.bind(it)),
        organization_time: query.organization_time.map(|it| values.bind(it)),
        month: "o.close_date / 100".to_owned(),
    };
    let sql = source.select(&["o.currency"], &totals(source.amount(), &won, &lost));
    values.statement(backend, sql)
}

fn totals(amount: &str, won: &str, lost: &str) -> String {
    let seconds = "(o.close_time - o.open_time) / 1000000";
    let sum = |state: &str, what: &str| {
        format!("CAST(SUM(CASE WHEN o.state = {state} THEN {what} ELSE 0 END) AS BIGINT)")
    };
    format!(
        "{won_count} AS won_count, {lost_count} AS lost_count, {revenue} AS revenue, \
         {missed} AS lost_amount, {won_seconds} AS won_seconds, {lost_seconds} AS lost_seconds",
        won_count = sum(won, "1"),
        lost_count = sum(lost, "1"),
        revenue = sum(won, amount),
        missed = sum(lost, amount),
        won_seconds = sum(won, seconds),
        lost_seconds = sum(lost, seconds),
    )
}
