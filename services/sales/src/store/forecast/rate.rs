//! What currencies are worth in others, and were thought to be.

use std::collections::HashMap;

use iso_currency::Currency;
use jiff::civil::Date;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use rust_decimal::Decimal;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    FromQueryResult, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::{Deserialize, Serialize};

use super::{READING, statement};
use crate::domain::{date, forecast};
use crate::error::{Error, unreadable};
use crate::store::entity::exchange_rate::{Column, Entity, Model};
use crate::store::rows::insert_all;

/// The rates into a currency that were in force on a day, as recorded by $4. Only where none was
/// recorded by then, those that were recorded since: who imports history tells them afterwards.
const RATES: &str = "\
SELECT from_currency, rate FROM (
  SELECT from_currency, rate,
    ROW_NUMBER() OVER (
      PARTITION BY from_currency
      ORDER BY CASE WHEN record_time <= $4 THEN 0 ELSE 1 END,
        effective_date DESC, record_time DESC, rate_id DESC
    ) AS place
  FROM exchange_rate WHERE tenant_id = $1 AND to_currency = $2 AND effective_date <= $3
) AS latest WHERE place = 1";

/// What was recorded of the same day later does not exist.
const LATEST: &str = "NOT EXISTS (SELECT 1 FROM exchange_rate AS later \
WHERE later.tenant_id = exchange_rate.tenant_id \
AND later.to_currency = exchange_rate.to_currency \
AND later.from_currency = exchange_rate.from_currency \
AND later.effective_date = exchange_rate.effective_date \
AND (later.record_time, later.rate_id) > (exchange_rate.record_time, exchange_rate.rate_id))";

/// What one unit of each currency was worth in `target` at a time.
pub(crate) async fn at(
    ctx: &Context,
    db: &impl ConnectionTrait,
    target: Currency,
    time: Timestamp,
) -> Result<HashMap<Currency, Decimal>, Error> {
    #[derive(FromQueryResult)]
    struct Row {
        from_currency: String,
        rate: String,
    }
    let values = vec![
        ctx.tenant.into(),
        target.code().into(),
        date::number(date::of(time)).into(),
        time.into(),
    ];
    let rows = Row::find_by_statement(statement(db, RATES, values))
        .all(db)
        .await?;
    let rates = rows.into_iter().map(|row| {
        let from = forecast::currency(&row.from_currency).map_err(unreadable(READING))?;
        Ok((from, row.rate.parse().map_err(unreadable(READING))?))
    });
    rates.collect()
}

/// Notes a rate; from now on it holds instead of others of the same day.
pub(crate) async fn set(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (from, to): (Currency, Currency),
    day: Date,
    rate: Decimal,
) -> Result<Model, Error> {
    let row = Model {
        tenant_id: ctx.tenant,
        to_currency: to.code().to_owned(),
        from_currency: from.code().to_owned(),
        effective_date: date::number(day),
        record_time: ctx.now,
        rate_id: new_id(),
        rate: rate.to_string(),
    };
    insert_all::<Entity>(txn, vec![row.clone()]).await?;
    Ok(row)
}

/// Where a rate stands among the others.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Place {
    to: String,
    from: String,
    day: i32,
}

impl From<&Model> for Place {
    fn from(row: &Model) -> Self {
        Self {
            to: row.to_currency.clone(),
            from: row.from_currency.clone(),
            day: row.effective_date,
        }
    }
}

/// Rates that fit the filter, by currencies and day, each as it holds now, from behind `after` on.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    filter: Condition,
    after: Option<Place>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let behind = after.map(|Place { to, from, day }| {
        let same = || Condition::all().add(Column::ToCurrency.eq(to.clone()));
        let pair = || same().add(Column::FromCurrency.eq(from.clone()));
        Condition::any()
            .add(Column::ToCurrency.gt(to.clone()))
            .add(same().add(Column::FromCurrency.gt(from.clone())))
            .add(pair().add(Column::EffectiveDate.gt(day)))
    });
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(filter)
        .filter(Condition::all().add_option(behind))
        .filter(Expr::cust(LATEST))
        .order_by_asc(Column::ToCurrency)
        .order_by_asc(Column::FromCurrency)
        .order_by_asc(Column::EffectiveDate)
        .limit(limit)
        .all(db)
        .await?)
}
