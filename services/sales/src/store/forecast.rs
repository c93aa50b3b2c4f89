//! What forecasts are made of: facts as they were at any time, quotas and adjustments.

pub(crate) mod rate;

use std::collections::HashMap;

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::money::Money;
use rapport_platform::time::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    FromQueryResult, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
    Statement, Value,
};
use uuid::Uuid;

use super::amount;
use super::entity::{forecast_adjustment, quota};
use crate::domain::date;
use crate::domain::forecast::Fact;
use crate::domain::pipeline::{ForecastCategory, OpportunityState};
use crate::domain::report::Period;
use crate::error::{Error, unreadable};

const READING: &str = "reading a forecast";

/// Opportunities that weigh alike, as the history has them at one instant: the aggregate of one
/// statement.
const FACTS: &str = "\
SELECT owner_id, currency, state, category, probability, COUNT(*) AS count,
  CAST(SUM(amount) AS BIGINT) AS amount
FROM stage_change
WHERE tenant_id = $1 AND close_date >= $2 AND close_date < $3
  AND change_time <= $4 AND (end_time IS NULL OR end_time > $4)
  AND amount IS NOT NULL AND state <> $5 AND category <> $6
GROUP BY owner_id, currency, state, category, probability";

/// As [`FACTS`], by the territory that the customer belonged to under the model $7; $8 where it
/// belonged to none.
const FACTS_BY_TERRITORY: &str = "\
SELECT COALESCE(t.territory_id, $8) AS owner_id, s.currency, s.state, s.category, s.probability,
  COUNT(*) AS count, CAST(SUM(s.amount) AS BIGINT) AS amount
FROM stage_change AS s
LEFT JOIN opportunity_customer AS c
  ON c.tenant_id = s.tenant_id AND c.opportunity_id = s.opportunity_id
  AND c.start_time <= $4 AND (c.end_time IS NULL OR c.end_time > $4)
LEFT JOIN customer_territory AS t
  ON t.tenant_id = s.tenant_id AND t.model_id = $7 AND t.customer_id = c.customer_id
  AND t.start_time <= $4 AND (t.end_time IS NULL OR t.end_time > $4)
WHERE s.tenant_id = $1 AND s.close_date >= $2 AND s.close_date < $3
  AND s.change_time <= $4 AND (s.end_time IS NULL OR s.end_time > $4)
  AND s.amount IS NOT NULL AND s.state <> $5 AND s.category <> $6
GROUP BY 1, 2, 3, 4, 5";

/// What was known at `time` of the opportunities that were to close in the period.
pub(crate) async fn facts(
    ctx: &Context,
    db: &impl ConnectionTrait,
    period: Period,
    time: Timestamp,
) -> Result<Vec<Fact>, Error> {
    read_facts(db, FACTS, counted(ctx, period, time)).await
}

/// The same by territory under a model; nil: by none.
pub(crate) async fn facts_by_territory(
    ctx: &Context,
    db: &impl ConnectionTrait,
    period: Period,
    time: Timestamp,
    model: Uuid,
) -> Result<Vec<Fact>, Error> {
    let under = vec![model.into(), Uuid::nil().into()];
    let values = [counted(ctx, period, time), under].concat();
    read_facts(db, FACTS_BY_TERRITORY, values).await
}

fn counted(ctx: &Context, period: Period, time: Timestamp) -> Vec<Value> {
    let out = vec![
        OpportunityState::Lost.code().into(),
        ForecastCategory::Omitted.code().into(),
    ];
    [at(ctx, period, time), out].concat()
}

async fn read_facts(
    db: &impl ConnectionTrait,
    sql: &str,
    values: Vec<Value>,
) -> Result<Vec<Fact>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        owner_id: Uuid,
        currency: String,
        state: i16,
        category: i16,
        probability: i16,
        count: i64,
        amount: i64,
    }
    let rows = Row::find_by_statement(statement(db, sql, values))
        .all(db)
        .await?;
    let facts = rows.into_iter().map(|row| {
        let state = OpportunityState::try_from(i32::from(row.state));
        let category = ForecastCategory::try_from(i32::from(row.category));
        Ok(Fact {
            owner: row.owner_id,
            amount: money(row.amount, &row.currency)?,
            state: state.map_err(unreadable(READING))?,
            category: category.map_err(unreadable(READING))?,
            probability: u8::try_from(row.probability).map_err(unreadable(READING))?,
            count: row.count,
        })
    });
    facts.collect()
}

/// The latest of each seller.
const QUOTAS: &str = "\
SELECT seller_id, currency, amount FROM (
  SELECT seller_id, currency, amount,
    ROW_NUMBER() OVER (PARTITION BY seller_id ORDER BY create_time DESC, quota_id DESC) AS place
  FROM quota
  WHERE tenant_id = $1 AND start_date = $2 AND end_date = $3 AND create_time <= $4
) AS latest WHERE place = 1";

const ADJUSTMENTS: &str = "\
SELECT seller_id, currency, CAST(SUM(amount) AS BIGINT) AS amount FROM forecast_adjustment
WHERE tenant_id = $1 AND start_date = $2 AND end_date = $3 AND create_time <= $4
GROUP BY seller_id, currency";

/// What sellers were to bring in exactly this period, as set by `time`.
pub(crate) async fn quotas(
    ctx: &Context,
    db: &impl ConnectionTrait,
    period: Period,
    time: Timestamp,
) -> Result<HashMap<Uuid, Money>, Error> {
    let rows = committed(ctx, db, QUOTAS, (period, time)).await?;
    Ok(rows.into_iter().collect())
}

/// By how much forecasts of exactly this period were adjusted by `time`.
pub(crate) async fn adjustments(
    ctx: &Context,
    db: &impl ConnectionTrait,
    period: Period,
    time: Timestamp,
) -> Result<Vec<(Uuid, Money)>, Error> {
    committed(ctx, db, ADJUSTMENTS, (period, time)).await
}

async fn committed(
    ctx: &Context,
    db: &impl ConnectionTrait,
    sql: &str,
    (period, time): (Period, Timestamp),
) -> Result<Vec<(Uuid, Money)>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        seller_id: Uuid,
        currency: String,
        amount: i64,
    }
    let found = Row::find_by_statement(statement(db, sql, at(ctx, period, time)));
    let rows = found.all(db).await?.into_iter();
    rows.map(|row| Ok((row.seller_id, money(row.amount, &row.currency)?)))
        .collect()
}

fn at(ctx: &Context, period: Period, time: Timestamp) -> Vec<Value> {
    vec![
        ctx.tenant.into(),
        date::number(period.start()).into(),
        date::number(period.end()).into(),
        time.into(),
    ]
}

fn statement(db: &impl ConnectionTrait, sql: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(db.get_database_backend(), sql, values)
}

fn money(minor: i64, currency: &str) -> Result<Money, Error> {
    let amount = amount::read(Some(minor), Some(currency))?;
    amount.ok_or_else(|| unreadable(READING)("an amount without a currency"))
}

/// Notes what a seller is to bring.
pub(crate) async fn insert_quota(
    ctx: &Context,
    txn: &DatabaseTransaction,
    seller: Uuid,
    period: Period,
    amount: Money,
) -> Result<quota::Model, Error> {
    let row = quota::Model {
        tenant_id: ctx.tenant,
        quota_id: new_id(),
        seller_id: seller,
        start_date: date::number(period.start()),
        end_date: date::number(period.end()),
        amount: amount.minor(),
        currency: amount.currency().code().to_owned(),
        actor: ctx.actor.to_string(),
        create_time: ctx.now,
    };
    quota::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// Notes an adjustment of a seller's forecast.
pub(crate) async fn insert_adjustment(
    ctx: &Context,
    txn: &DatabaseTransaction,
    seller: Uuid,
    period: Period,
    (amount, note): (Money, &str),
) -> Result<forecast_adjustment::Model, Error> {
    let row = forecast_adjustment::Model {
        tenant_id: ctx.tenant,
        adjustment_id: new_id(),
        seller_id: seller,
        start_date: date::number(period.start()),
        end_date: date::number(period.end()),
        amount: amount.minor(),
        currency: amount.currency().code().to_owned(),
        note: note.to_owned(),
        actor: ctx.actor.to_string(),
        create_time: ctx.now,
    };
    forecast_adjustment::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// A seller's quotas, latest first, from behind `after` on.
pub(crate) async fn list_quotas(
    ctx: &Context,
    db: &impl ConnectionTrait,
    seller: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<quota::Model>, Error> {
    use quota::{Column, Entity};
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::SellerId.eq(seller))
        .filter(Condition::all().add_option(after.map(|it| Column::QuotaId.lt(it))))
        .order_by_desc(Column::QuotaId)
        .limit(limit)
        .all(db)
        .await?)
}

/// The adjustments of a seller's forecasts, latest first, from behind `after` on.
pub(crate) async fn list_adjustments(
    ctx: &Context,
    db: &impl ConnectionTrait,
    seller: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<forecast_adjustment::Model>, Error> {
    use forecast_adjustment::{Column, Entity};
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::SellerId.eq(seller))
        .filter(Condition::all().add_option(after.map(|it| Column::AdjustmentId.lt(it))))
        .order_by_desc(Column::AdjustmentId)
        .limit(limit)
        .all(db)
        .await?)
}
