//! Counts what was won and lost, and how opportunities went through their stages. Each report is
//! one statement that reads its rows once.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::{ConnectionTrait, DbBackend, FromQueryResult, Statement};
use uuid::Uuid;

use crate::domain::date;
use crate::domain::pipeline::OpportunityState;
use crate::domain::report::{Moves, Period, SalesDimension};
use crate::error::{Error, unreadable};

/// Most rows of a report; one more is read, which tells that there are too many.
pub(crate) const MOST_ROWS: usize = 4_000;

/// Sales that have the same dimensions and currency; null where a dimension was not asked for.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Sales {
    pub(crate) owner_id: Option<Uuid>,
    pub(crate) manager_id: Option<Uuid>,
    pub(crate) team: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) product_id: Option<Uuid>,
    /// Code of the territory.
    pub(crate) territory: Option<String>,
    /// The month, such as 202601.
    pub(crate) month: Option<i32>,
    /// The first month of the quarter.
    pub(crate) quarter: Option<i32>,
    pub(crate) currency: Option<String>,
    pub(crate) won_count: i64,
    pub(crate) lost_count: i64,
    pub(crate) revenue: Option<i64>,
    pub(crate) lost_amount: Option<i64>,
    pub(crate) won_seconds: i64,
    pub(crate) lost_seconds: i64,
}

/// Counts the opportunities that were closed in the period. Territories are those of `time`, or
/// else of each close.
pub(crate) async fn sales(
    ctx: &Context,
    db: &impl ConnectionTrait,
    period: Period,
    dimensions: &[SalesDimension],
    time: Option<Timestamp>,
) -> Result<Vec<Sales>, Error> {
    let statement = sales_statement(ctx, db.get_database_backend(), period, dimensions, time);
    Ok(Sales::find_by_statement(statement).all(db).await?)
}

pub(crate) fn sales_statement(
    ctx: &Context,
    backend: DbBackend,
    period: Period,
    dimensions: &[SalesDimension],
    time: Option<Timestamp>,
) -> Statement {
    let mut values = vec![
        ctx.tenant.into(),
        date::number(period.start()).into(),
        date::number(period.end()).into(),
        OpportunityState::Won.code().into(),
        OpportunityState::Lost.code().into(),
    ];
    if dimensions.contains(&SalesDimension::Territory) {
        values.push(time.map(Timestamp::as_micros).into());
    }
    Statement::from_sql_and_values(backend, sales_sql(dimensions), values)
}

fn sales_sql(dimensions: &[SalesDimension]) -> String {
    use SalesDimension::{Manager, Month, Owner, Product, Quarter, Region, Team, Territory};
    let by = |dimension, column: &str, kind: &str| match dimensions.contains(&dimension) {
        true => column.to_owned(),
        false => format!("CAST(NULL AS {kind})"),
    };
    let month = "o.close_date / 100";
    // The month's number, less how far it is into its quarter.
    let quarter = "o.close_date / 100 - (o.close_date / 100 % 100 - 1) % 3";
    let columns = [
        (by(Owner, "o.owner_id", "UUID"), "owner_id"),
        (by(Manager, "s.manager_id", "UUID"), "manager_id"),
        (by(Team, "s.team", "TEXT"), "team"),
        (by(Region, "s.region", "TEXT"), "region"),
        (by(Product, "o.product_id", "UUID"), "product_id"),
        (by(Territory, "ct.code", "TEXT"), "territory"),
        (by(Month, month, "INTEGER"), "month"),
        (by(Quarter, quarter, "INTEGER"), "quarter"),
        ("o.currency".to_owned(), "currency"),
    ];
    let selected = columns
        .map(|(column, name)| format!("{column} AS {name}"))
        .join(", ");
    let closed = "o.tenant_id = $1 AND o.close_date >= $2 AND o.close_date < $3 \
         AND o.state IN ($4, $5)";
    let (sold, amount) = match dimensions.contains(&Product) {
        true => (parts_by_product(closed), "COALESCE(o.part, o.amount)"),
        false => ("opportunity AS o".to_owned(), "o.amount"),
    };
    let territories = match dimensions.contains(&Territory) {
        true => TERRITORIES,
        false => "",
    };
    let seconds = "(o.close_time - o.open_time) / 1000000";
    let sum = |state: &str, what: &str| {
        format!("CAST(SUM(CASE WHEN o.state = {state} THEN {what} ELSE 0 END) AS BIGINT)")
    };
    format!(
        "SELECT {selected}, {won} AS won_count, {lost} AS lost_count, {revenue} AS revenue, \
         {missed} AS lost_amount, {won_seconds} AS won_seconds, {lost_seconds} AS lost_seconds \
         FROM {sold} JOIN seller AS s ON s.tenant_id = o.tenant_id AND s.seller_id = o.owner_id \
         {territories} WHERE {closed} \
         GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9 ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9 \
         LIMIT {limit}",
        won = sum("$4", "1"),
        lost = sum("$5", "1"),
        revenue = sum("$4", amount),
        missed = sum("$5", amount),
        won_seconds = sum("$4", seconds),
        lost_seconds = sum("$5", seconds),
        limit = MOST_ROWS + 1,
    )
}

/// Where the customer belonged whom an opportunity was about, when it was closed or at $6. Each of
/// the joins finds one row at most.
const TERRITORIES: &str = "\
LEFT JOIN opportunity_customer AS oc
  ON oc.tenant_id = o.tenant_id AND oc.opportunity_id = o.opportunity_id
  AND oc.start_time <= COALESCE($6, o.close_time)
  AND (oc.end_time IS NULL OR oc.end_time > COALESCE($6, o.close_time))
LEFT JOIN territory_model AS tm
  ON tm.tenant_id = o.tenant_id AND tm.activate_time <= COALESCE($6, o.close_time)
  AND (tm.archive_time IS NULL OR tm.archive_time > COALESCE($6, o.close_time))
LEFT JOIN customer_territory AS ct
  ON ct.tenant_id = o.tenant_id AND ct.model_id = tm.model_id AND ct.customer_id = oc.customer_id
  AND ct.start_time <= COALESCE($6, o.close_time)
  AND (ct.end_time IS NULL OR ct.end_time > COALESCE($6, o.close_time))";

/// The closed opportunities once for each of their products, with that product's part of the
/// amount. Lines are found by the key of each opportunity: a sum over all lines, joined afterwards,
/// is made again for each opportunity when PostgreSQL has no statistics yet.
fn parts_by_product(closed: &str) -> String {
    format!(
        "(SELECT o.*, l.product_id, SUM(l.amount) AS part FROM opportunity AS o \
         LEFT JOIN opportunity_line AS l \
         ON l.tenant_id = o.tenant_id AND l.opportunity_id = o.opportunity_id \
         WHERE {closed} GROUP BY o.tenant_id, o.opportunity_id, l.product_id) AS o"
    )
}

const MOVES: &str = "\
SELECT from_stage, to_stage, state, COUNT(*) AS count,
  CAST(COALESCE(SUM((change_time - from_enter_time) / 1000000), 0) AS BIGINT) AS seconds
FROM stage_change
WHERE tenant_id = $1 AND pipeline_id = $2 AND change_time >= $3 AND change_time < $4
  AND (from_stage IS NULL OR from_stage <> to_stage)
GROUP BY from_stage, to_stage, state";

/// Counts the moves between the stages of a pipeline.
pub(crate) async fn moves(
    ctx: &Context,
    db: &impl ConnectionTrait,
    pipeline: Uuid,
    (from, to): (Timestamp, Timestamp),
) -> Result<Vec<Moves>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        from_stage: Option<String>,
        to_stage: String,
        state: i16,
        count: i64,
        seconds: i64,
    }
    let values = [ctx.tenant.into(), pipeline.into(), from.into(), to.into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), MOVES, values);
    let rows = Row::find_by_statement(statement).all(db).await?;
    let read = rows.into_iter().map(|row| {
        let state = OpportunityState::try_from(i32::from(row.state));
        Ok(Moves {
            from: row.from_stage,
            to: row.to_stage,
            state: state.map_err(unreadable("counting moves"))?,
            count: row.count,
            seconds: row.seconds,
        })
    });
    read.collect()
}
