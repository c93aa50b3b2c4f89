//! How far plans are, by what was won, ordered and is open: two statements, however many there are.

use std::collections::HashMap;

use rapport_platform::identity::Context;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement, Value};
use uuid::Uuid;

use crate::domain::account_plan::Measured;
use crate::domain::date;
use crate::domain::order::OrderState;
use crate::domain::pipeline::OpportunityState;
use crate::domain::report::Period;
use crate::error::Error;

/// What is measured: of which customers, when.
#[derive(Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub(crate) accounts: &'a [Uuid],
    pub(crate) period: Period,
}

#[derive(FromQueryResult)]
struct Sums {
    currency: Option<String>,
    won: i64,
    open: i64,
    weighted: i64,
    weighted_rest: i64,
    open_count: i64,
    sale_count: i64,
}

/// What was measured in a currency, how many opportunities are open, and how many sales are in other
/// currencies.
pub(crate) async fn sums(
    ctx: &Context,
    db: &impl ConnectionTrait,
    scope: Scope<'_>,
    currency: &str,
) -> Result<(Measured, i64, i64), Error> {
    if scope.accounts.is_empty() {
        return Ok((Measured::default(), 0, 0));
    }
    let (facts, values) = scope.facts(ctx, "o.currency, o.amount", "o.currency, o.net", "", "");
    let sql = format!(
        "SELECT currency, CAST(SUM(CASE WHEN won THEN COALESCE(amount, 0) ELSE 0 END) AS BIGINT) AS won, \
         CAST(SUM(CASE WHEN won THEN 0 ELSE COALESCE(amount, 0) END) AS BIGINT) AS open, \
         CAST(SUM(CASE WHEN won THEN 0 ELSE COALESCE(amount, 0) * probability / 100 END) AS BIGINT) AS weighted, \
         CAST(SUM(CASE WHEN won THEN 0 ELSE COALESCE(amount, 0) * probability % 100 END) AS BIGINT) AS weighted_rest, \
         CAST(SUM(CASE WHEN won THEN 0 ELSE 1 END) AS BIGINT) AS open_count, \
         COUNT(*) AS sale_count FROM ({facts}) AS f GROUP BY currency"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let (mut measured, mut open, mut others) = (Measured::default(), 0, 0);
    for row in Sums::find_by_statement(statement).all(db).await? {
        open += row.open_count;
        match row.currency {
            Some(code) if code == currency => {
                measured = Measured {
                    won: row.won,
                    open: row.open,
                    weighted_percent: i128::from(row.weighted) * 100
                        + i128::from(row.weighted_rest),
                };
            }
            Some(_) => others += row.sale_count,
            None => {}
        }
    }
    Ok((measured, open, others))
}

#[derive(FromQueryResult)]
struct Placed {
    product_id: Uuid,
    won: i64,
    open: i64,
}

/// How many of the products were won or ordered, and are open: whole ones.
pub(crate) async fn placed(
    ctx: &Context,
    db: &impl ConnectionTrait,
    scope: Scope<'_>,
    products: &[Uuid],
) -> Result<HashMap<Uuid, (i64, i64)>, Error> {
    if scope.accounts.is_empty() || products.is_empty() {
        return Ok(HashMap::new());
    }
    let line = |table: &str, id: &str| {
        format!("JOIN {table} AS l ON l.tenant_id = o.tenant_id AND l.{id} = o.{id}")
    };
    let (facts, mut values) = scope.facts(
        ctx,
        "l.product_id, l.quantity * 1000 AS quantity",
        "l.product_id, l.quantity",
        &line("opportunity_line", "opportunity_id"),
        &line("order_line", "order_id"),
    );
    let them = placeholders(&mut values, products);
    let sql = format!(
        "SELECT product_id, CAST(SUM(CASE WHEN won THEN quantity ELSE 0 END) AS BIGINT) / 1000 AS won, \
         CAST(SUM(CASE WHEN won THEN 0 ELSE quantity END) AS BIGINT) / 1000 AS open \
         FROM ({facts}) AS f WHERE product_id IN ({them}) GROUP BY product_id"
    );
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    let rows = Placed::find_by_statement(statement).all(db).await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.product_id, (row.won, row.open)))
        .collect())
}

impl Scope<'_> {
    /// What was won, ordered and is open, once each, with `won` and `probability`.
    fn facts(
        &self,
        ctx: &Context,
        of_opportunities: &str,
        of_orders: &str,
        opportunity_lines: &str,
        order_lines: &str,
    ) -> (String, Vec<Value>) {
        let (start, end) = (self.period.start(), self.period.end());
        let mut values: Vec<Value> = vec![
            ctx.tenant.into(),
            date::number(start).into(),
            date::number(end).into(),
            date::midnight(start).into(),
            date::midnight(end).into(),
        ];
        let them = placeholders(&mut values, self.accounts);
        let (open, won) = (OpportunityState::Open.code(), OpportunityState::Won.code());
        let cancelled = OrderState::Cancelled.code();
        let sql = format!(
            "SELECT {of_opportunities}, o.state = {won} AS won, o.probability \
             FROM opportunity AS o {opportunity_lines} WHERE o.tenant_id = $1 \
             AND o.customer_id IN ({them}) AND o.state IN ({open}, {won}) \
             AND o.close_date >= $2 AND o.close_date < $3 \
             UNION ALL SELECT {of_orders}, 1 = 1 AS won, 100 AS probability \
             FROM sales_order AS o {order_lines} WHERE o.tenant_id = $1 \
             AND o.customer_id IN ({them}) AND o.state <> {cancelled} \
             AND o.opportunity_id IS NULL AND o.create_time >= $4 AND o.create_time < $5"
        );
        (sql, values)
    }
}

fn placeholders(values: &mut Vec<Value>, ids: &[Uuid]) -> String {
    let places = ids.iter().map(|id| {
        values.push((*id).into());
        format!("${}", values.len())
    });
    places.collect::<Vec<_>>().join(", ")
}
