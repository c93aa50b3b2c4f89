//! Who is to be reminded of what he owes, and when he was.

use jiff::civil::Date;
use rapport_platform::identity::Context;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait as _, Query};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    FromQueryResult, IntoActiveModel as _, QueryFilter as _, QuerySelect as _, Statement, Value,
};
use serde::Deserialize as _;
use uuid::Uuid;

use super::entity::invoice;
use super::entity::{dunning_notice as notice, dunning_policy as policy, dunning_step as step};
use super::rows::latest_first;
use super::versions::latest;
use crate::domain::date;
use crate::domain::dunning::DunningPolicy;
use crate::error::{Error, unreadable};

const READING: &str = "reading a stored dunning policy";

/// What the policy that holds now says.
pub(crate) async fn in_force(
    ctx: &Context,
    db: &impl ConnectionTrait,
) -> Result<DunningPolicy, Error> {
    let row = latest::<policy::Entity>(ctx, db).await?;
    row.as_ref()
        .map_or_else(|| Ok(DunningPolicy::default()), from_row)
}

/// What a row says.
pub(crate) fn from_row(row: &policy::Model) -> Result<DunningPolicy, Error> {
    let days: Vec<i32> = Vec::deserialize(&row.level_days).map_err(unreadable(READING))?;
    DunningPolicy::parse(&days, row.payment_term_days).map_err(unreadable(READING))
}

/// What a customer owes in one currency that is overdue.
#[derive(Clone, Debug, FromQueryResult)]
pub(crate) struct Overdue {
    pub(crate) customer_id: Uuid,
    pub(crate) currency: String,
    pub(crate) overdue: i64,
    pub(crate) invoices: i64,
    pub(crate) oldest: i32,
    pub(crate) level: i16,
    pub(crate) next: Option<i32>,
    pub(crate) due: i64,
}

/// Who owes what was due before the day, from behind a customer and currency on: one statement,
/// in the order of its index.
pub(crate) async fn overdue(
    ctx: &Context,
    db: &impl ConnectionTrait,
    when: (Date, bool),
    after: Option<(Uuid, String)>,
    limit: u64,
) -> Result<Vec<Overdue>, Error> {
    let (sql, values) = overdue_sql(ctx, when, after, limit);
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(Overdue::find_by_statement(statement).all(db).await?)
}

/// The statement of [`overdue`], and its values.
pub(crate) fn overdue_sql(
    ctx: &Context,
    (day, due_only): (Date, bool),
    after: Option<(Uuid, String)>,
    limit: u64,
) -> (String, Vec<Value>) {
    const DUE: &str = "SUM(CASE WHEN next_dunning_date <= $2 THEN open ELSE 0 END)";
    let mut values = vec![ctx.tenant.into(), date::number(day).into()];
    let behind = after.map_or("", |(customer, currency)| {
        values.extend([customer.into(), currency.into()]);
        " AND (customer_id, currency) > ($3, $4)"
    });
    let having = match due_only {
        true => format!("HAVING {DUE} > 0"),
        false => String::new(),
    };
    let sql = format!(
        "SELECT customer_id, currency, CAST(SUM(open) AS BIGINT) AS overdue, \
         COUNT(*) AS invoices, MIN(due_date) AS oldest, MAX(dunning_level) AS level, \
         MIN(next_dunning_date) AS next, CAST({DUE} AS BIGINT) AS due \
         FROM invoice WHERE tenant_id = $1 AND open > 0 AND dispute_time IS NULL \
         AND customer_id IS NOT NULL AND due_date < $2{behind} \
         GROUP BY customer_id, currency {having} ORDER BY customer_id, currency LIMIT {limit}"
    );
    (sql, values)
}

/// Raises everything in a currency of which a customer may be reminded today by a level. Of two
/// who do so at once, the second finds nothing. Answers the reminder; none when there is nothing.
pub(crate) async fn dun(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (customer, currency): (Uuid, &str),
    id: Uuid,
) -> Result<Option<notice::Model>, Error> {
    let today = date::of(ctx.now);
    raise(ctx, txn, (customer, currency), (id, today)).await?;
    let raised = Condition::all()
        .add(invoice::Column::TenantId.eq(ctx.tenant))
        .add(invoice::Column::NoticeId.eq(id));
    let Some(sum) = sum(txn, raised.clone()).await? else {
        return Ok(None);
    };
    note_steps(txn, raised).await?;
    let row = notice::Model {
        tenant_id: ctx.tenant,
        notice_id: id,
        customer_id: Some(customer),
        currency: currency.to_owned(),
        amount: sum.amount,
        invoice_count: sum.invoices,
        level: sum.level,
        dunning_date: date::number(today),
        author: ctx.actor.to_string(),
    };
    notice::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(Some(row))
}

async fn raise(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (customer, currency): (Uuid, &str),
    (id, today): (Uuid, Date),
) -> Result<(), Error> {
    use invoice::Column;
    let mut next = CaseStatement::new();
    let days = in_force(ctx, txn).await?.following(today);
    for (level, day) in (0_i16..).zip(days) {
        let day = day.map(date::number);
        next = next.case(Expr::col(Column::DunningLevel).eq(level), Expr::val(day));
    }
    let next = next.finally(Expr::val(None::<i32>));
    let today = date::number(today);
    invoice::Entity::update_many()
        .col_expr(Column::NextDunningDate, next.into())
        .col_expr(Column::LastDunningDate, Expr::value(today))
        .col_expr(Column::NoticeId, Expr::value(id))
        .col_expr(Column::DunningLevel, Expr::col(Column::DunningLevel).add(1))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::UpdateTime, Expr::value(ctx.now))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.eq(customer))
        .filter(Column::Currency.eq(currency))
        .filter(Column::Open.gt(0))
        .filter(Column::DisputeTime.is_null())
        .filter(Column::NextDunningDate.lte(today))
        .exec(txn)
        .await?;
    Ok(())
}

#[derive(FromQueryResult)]
struct Sum {
    amount: i64,
    invoices: i64,
    level: i16,
}

async fn sum(txn: &DatabaseTransaction, which: Condition) -> Result<Option<Sum>, Error> {
    let open = Expr::col(invoice::Column::Open).sum();
    Ok(invoice::Entity::find()
        .select_only()
        .column_as(open.cast_as("BIGINT"), "amount")
        .column_as(invoice::Column::InvoiceId.count(), "invoices")
        .column_as(invoice::Column::DunningLevel.max(), "level")
        .filter(which)
        .group_by(invoice::Column::NoticeId)
        .into_model::<Sum>()
        .one(txn)
        .await?)
}

async fn note_steps(txn: &DatabaseTransaction, which: Condition) -> Result<(), Error> {
    use invoice::Column;
    let raised = Query::select()
        .columns([
            Column::TenantId,
            Column::InvoiceId,
            Column::NoticeId,
            Column::DunningLevel,
            Column::Open,
            Column::Currency,
            Column::LastDunningDate,
        ])
        .from(invoice::Entity)
        .cond_where(which)
        .to_owned();
    let note = Query::insert()
        .into_table(step::Entity)
        .columns([
            step::Column::TenantId,
            step::Column::InvoiceId,
            step::Column::NoticeId,
            step::Column::Level,
            step::Column::Open,
            step::Column::Currency,
            step::Column::DunningDate,
        ])
        .select_from(raised)
        .map_err(|error| sea_orm::DbErr::Custom(error.to_string()))?
        .to_owned();
    txn.execute(&note).await?;
    Ok(())
}

/// Reminders of a customer from behind `after` on, latest first.
pub(crate) async fn notices(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<notice::Model>, Error> {
    use notice::Column;
    let his = Column::CustomerId.eq(customer).into();
    let key = [Column::TenantId, Column::NoticeId];
    let rows = latest_first::<notice::Entity>(ctx, key, his, after, limit);
    Ok(rows.all(db).await?)
}

/// Steps of an invoice from behind the reminder `after` on, latest first.
pub(crate) async fn steps_of_invoice(
    ctx: &Context,
    db: &impl ConnectionTrait,
    invoice: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<step::Model>, Error> {
    use step::Column;
    let its = Column::InvoiceId.eq(invoice).into();
    let key = [Column::TenantId, Column::NoticeId];
    let rows = latest_first::<step::Entity>(ctx, key, its, after, limit);
    Ok(rows.all(db).await?)
}

/// Steps of a reminder from behind the invoice `after` on, latest first.
pub(crate) async fn steps_of_notice(
    ctx: &Context,
    db: &impl ConnectionTrait,
    notice: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<step::Model>, Error> {
    use step::Column;
    let its = Column::NoticeId.eq(notice).into();
    let key = [Column::TenantId, Column::InvoiceId];
    let rows = latest_first::<step::Entity>(ctx, key, its, after, limit);
    Ok(rows.all(db).await?)
}
