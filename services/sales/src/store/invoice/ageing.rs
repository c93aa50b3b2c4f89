//! What was open at the end of a day, by how long it was overdue.

use jiff::civil::Date;
use rapport_platform::identity::Context;
use sea_orm::{ConnectionTrait, FromQueryResult, Statement};
use uuid::Uuid;

use crate::domain::date;
use crate::domain::receivable::{InvoiceEntryKind, bounds};
use crate::error::Error;

/// What is open in one currency.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(crate) struct Ages {
    pub(crate) currency: String,
    pub(crate) current: i64,
    pub(crate) to_30: i64,
    pub(crate) to_60: i64,
    pub(crate) to_90: i64,
    pub(crate) over_90: i64,
    pub(crate) total: i64,
    pub(crate) disputed: i64,
    pub(crate) credit: i64,
    pub(crate) invoices: i64,
}

/// Counts what was open of invoices that were written by the end of the day, less what was booked
/// by then: one statement, over those that were not settled by then.
pub(crate) async fn ages(
    ctx: &Context,
    db: &impl ConnectionTrait,
    day: Date,
    customer: Option<Uuid>,
) -> Result<Vec<Ages>, Error> {
    let [due, due_30, due_60, due_90] = bounds(day);
    let mut values = vec![
        ctx.tenant.into(),
        date::number(day).into(),
        InvoiceEntryKind::Refund.code().into(),
        due.into(),
        due_30.into(),
        due_60.into(),
        due_90.into(),
    ];
    values.extend(customer.map(Into::into));
    let whose = customer.map_or("", |_| " AND i.customer_id = $8");
    let backend = db.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, sql(whose), values);
    Ok(Ages::find_by_statement(statement).all(db).await?)
}

fn sql(whose: &str) -> String {
    let sum = |when: &str, what: &str| {
        format!("CAST(COALESCE(SUM(CASE WHEN {when} THEN {what} ELSE 0 END), 0) AS BIGINT)")
    };
    format!(
        "SELECT currency, {current} AS current, {to_30} AS to_30, {to_60} AS to_60, \
         {to_90} AS to_90, {over_90} AS over_90, {total} AS total, {disputed} AS disputed, \
         {credit} AS credit, {count} AS invoices \
         FROM (SELECT i.currency, i.due_date, i.dispute_time, i.net + i.tax - COALESCE((\
         SELECT CAST(SUM(CASE WHEN e.kind = $3 THEN -e.amount ELSE e.amount END) AS BIGINT) \
         FROM invoice_entry AS e WHERE e.tenant_id = i.tenant_id \
         AND e.invoice_id = i.invoice_id AND e.booking_date <= $2), 0) AS open \
         FROM invoice AS i WHERE i.tenant_id = $1 AND i.settled_date > $2 \
         AND i.issue_date <= $2{whose}) AS owed WHERE open <> 0 GROUP BY currency ORDER BY currency",
        current = sum("open > 0 AND due_date >= $4", "open"),
        to_30 = sum("open > 0 AND due_date < $4 AND due_date >= $5", "open"),
        to_60 = sum("open > 0 AND due_date < $5 AND due_date >= $6", "open"),
        to_90 = sum("open > 0 AND due_date < $6 AND due_date >= $7", "open"),
        over_90 = sum("open > 0 AND due_date < $7", "open"),
        total = sum("open > 0", "open"),
        disputed = sum("open > 0 AND dispute_time IS NOT NULL", "open"),
        credit = sum("open < 0", "-open"),
        count = sum("open > 0", "1"),
    )
}
