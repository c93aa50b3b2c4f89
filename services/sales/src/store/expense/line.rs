//! What was spent, by line.

use rapport_platform::identity::Context;
use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, FromQueryResult,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement,
};
use uuid::Uuid;

use crate::domain::date;
use crate::domain::expense::{ExpenseDimension, ExpenseState};
use crate::domain::report::Period;
use crate::error::Error;
use crate::store::entity::expense_line::{Column, Entity, Model};
use crate::store::entity::expense_report as report;
use crate::store::report::MOST_ROWS;
use crate::store::rows::insert_all;

/// Most lines among which one is looked for that is there twice.
const MOST_LINES: u64 = 5_000;

/// The lines of a report, in their order.
pub(crate) async fn of_report(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ReportId.eq(id))
        .order_by_asc(Column::Position)
        .all(db)
        .await?)
}

/// Writes the lines of a report in the place of those that it had.
pub(crate) async fn replace(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
    lines: Vec<Model>,
) -> Result<(), Error> {
    Entity::delete_many()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ReportId.eq(id))
        .exec(txn)
        .await?;
    insert_all::<Entity>(txn, lines).await
}

/// By what two lines of one seller are the same: day, category, amount and currency.
pub(crate) type Likeness = (i32, String, i64, String);

/// What a seller has of some days in his other reports that were not rejected.
pub(crate) async fn elsewhere(
    ctx: &Context,
    db: &impl ConnectionTrait,
    (seller, report): (Uuid, Uuid),
    days: impl IntoIterator<Item = i32>,
) -> Result<Vec<Likeness>, Error> {
    let rejected = Query::select()
        .column(report::Column::ReportId)
        .from(report::Entity)
        .and_where(report::Column::TenantId.eq(ctx.tenant))
        .and_where(report::Column::SellerId.eq(seller))
        .and_where(report::Column::State.eq(ExpenseState::Rejected.code()))
        .to_owned();
    Ok(Entity::find()
        .select_only()
        .columns([Column::ExpenseDate, Column::Category])
        .columns([Column::Amount, Column::Currency])
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::SellerId.eq(seller))
        .filter(Column::ExpenseDate.is_in(days))
        .filter(Column::ReportId.ne(report))
        .filter(Expr::col(Column::ReportId).not_in_subquery(rejected))
        .limit(MOST_LINES)
        .into_tuple()
        .all(db)
        .await?)
}

/// What was spent of one combination; null where a dimension was not asked for.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Spent {
    pub(crate) seller_id: Option<Uuid>,
    pub(crate) category: Option<String>,
    /// Such as 202601.
    pub(crate) month: Option<i32>,
    pub(crate) customer_id: Option<Uuid>,
    pub(crate) opportunity_id: Option<Uuid>,
    pub(crate) campaign: Option<String>,
    pub(crate) currency: String,
    pub(crate) amount: i64,
    pub(crate) reimbursed: i64,
    pub(crate) count: i64,
}

/// Adds up the lines of a period that were approved, or paid back: one statement. At most one row
/// more than a report has.
pub(crate) async fn spent(
    ctx: &Context,
    db: &impl ConnectionTrait,
    period: Period,
    dimensions: &[ExpenseDimension],
) -> Result<Vec<Spent>, Error> {
    let by = |dimension, column: &str, kind: &str| match dimensions.contains(&dimension) {
        true => column.to_owned(),
        false => format!("CAST(NULL AS {kind})"),
    };
    let sql = format!(
        "SELECT {seller} AS seller_id, {category} AS category, {month} AS month, \
         {customer} AS customer_id, {opportunity} AS opportunity_id, {campaign} AS campaign, \
         r.currency AS currency, CAST(SUM(l.home_amount) AS BIGINT) AS amount, \
         CAST(SUM(CASE WHEN r.state = $5 THEN l.home_amount ELSE 0 END) AS BIGINT) AS reimbursed, \
         COUNT(*) AS count FROM expense_line AS l JOIN expense_report AS r \
         ON r.tenant_id = l.tenant_id AND r.report_id = l.report_id \
         WHERE l.tenant_id = $1 AND l.expense_date >= $2 AND l.expense_date < $3 \
         AND r.state IN ($4, $5) GROUP BY 1, 2, 3, 4, 5, 6, 7 ORDER BY 1, 2, 3, 4, 5, 6, 7 LIMIT {limit}",
        seller = by(ExpenseDimension::Seller, "l.seller_id", "UUID"),
        category = by(ExpenseDimension::Category, "l.category", "TEXT"),
        month = by(ExpenseDimension::Month, "l.expense_date / 100", "INTEGER"),
        customer = by(ExpenseDimension::Customer, "l.customer_id", "UUID"),
        opportunity = by(ExpenseDimension::Opportunity, "l.opportunity_id", "UUID"),
        campaign = by(ExpenseDimension::Campaign, "l.campaign", "TEXT"),
        limit = MOST_ROWS + 1,
    );
    let values = [
        ctx.tenant.into(),
        date::number(period.start()).into(),
        date::number(period.end()).into(),
        ExpenseState::Approved.code().into(),
        ExpenseState::Reimbursed.code().into(),
    ];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(Spent::find_by_statement(statement).all(db).await?)
}
