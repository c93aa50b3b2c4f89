//! Whose customers are and were: a row of a model counts as long as the model holds.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, FromQueryResult,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement,
};
use uuid::Uuid;

use super::moves::prepared;
use crate::error::Error;
use crate::store::entity::customer_territory::{Column, Entity, Model as Row};
use crate::store::entity::{territory, territory_model as model};

/// Where a customer belongs or belonged, from when to when.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(crate) struct Stay {
    /// Who.
    pub(crate) customer_id: Uuid,
    /// Under which model.
    pub(crate) model_id: Uuid,
    /// Where; none: nowhere.
    pub(crate) territory_id: Option<Uuid>,
    /// Its code.
    pub(crate) code: Option<String>,
    /// `Cause`.
    pub(crate) cause: Option<i16>,
    /// Since when.
    pub(crate) start_time: Timestamp,
    /// Until when; none while it is so.
    pub(crate) end_time: Option<Timestamp>,
}

/// A customer's stays, latest first. A row counts while both it and its model hold; what that leaves
/// no time is none.
const HISTORY: &str = "\
SELECT * FROM (
  SELECT c.customer_id, c.model_id, c.territory_id, c.code, c.cause,
    CASE WHEN c.start_time > m.activate_time THEN c.start_time
      ELSE m.activate_time END AS start_time,
    CASE WHEN m.archive_time IS NULL OR c.end_time < m.archive_time THEN c.end_time
      ELSE m.archive_time END AS end_time
  FROM customer_territory AS c
  JOIN territory_model AS m ON m.tenant_id = c.tenant_id AND m.model_id = c.model_id
  WHERE c.tenant_id = $1 AND c.customer_id = $2 AND m.activate_time IS NOT NULL
) AS stay
WHERE (end_time IS NULL OR end_time > start_time) AND start_time < $3
ORDER BY start_time DESC LIMIT $4";

/// Where a customer belongs and belonged, latest first, before `before`.
pub(crate) async fn history(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
    before: Option<Timestamp>,
    limit: u64,
) -> Result<Vec<Stay>, Error> {
    let before = before.map_or(i64::MAX, Timestamp::as_micros);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let values = [
        ctx.tenant.into(),
        customer.into(),
        before.into(),
        limit.into(),
    ];
    let backend = db.get_database_backend();
    let statement = Statement::from_sql_and_values(backend, HISTORY, values);
    Ok(Stay::find_by_statement(statement).all(db).await?)
}

/// Where customers belonged at a time under the model that held then.
pub(crate) async fn at(
    ctx: &Context,
    db: &impl ConnectionTrait,
    model: &model::Model,
    customers: &[Uuid],
    time: Timestamp,
) -> Result<Vec<Stay>, Error> {
    let until = Condition::any()
        .add(Column::EndTime.is_null())
        .add(Column::EndTime.gt(time));
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ModelId.eq(model.model_id))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .filter(Column::TerritoryId.is_not_null())
        .filter(Column::StartTime.lte(time))
        .filter(until)
        .order_by_asc(Column::CustomerId)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| stay(model, row)).collect())
}

/// The customers that a territory has, had last or would have, from behind `after` on: none of a
/// model that was given up.
pub(crate) async fn customers(
    ctx: &Context,
    db: &impl ConnectionTrait,
    model: &model::Model,
    territory: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Stay>, Error> {
    // What was prepared and is out of date says nothing.
    if model.activate_time.is_none() && model.preparation == 0 {
        return Ok(Vec::new());
    }
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::TerritoryId.eq(territory))
        .filter(Column::EndTime.is_null())
        .filter(prepared(model))
        .filter(Condition::all().add_option(after.map(|it| Column::CustomerId.gt(it))))
        .order_by_asc(Column::CustomerId)
        .limit(limit)
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| stay(model, row)).collect())
}

fn stay(model: &model::Model, row: Row) -> Stay {
    let end = |time: Timestamp| row.end_time.map_or(time, |it| it.min(time));
    Stay {
        customer_id: row.customer_id,
        model_id: row.model_id,
        territory_id: row.territory_id,
        code: row.code,
        cause: row.cause,
        start_time: model
            .activate_time
            .map_or(row.start_time, |it| it.max(row.start_time)),
        end_time: model.archive_time.map(end).or(row.end_time),
    }
}

/// These territories.
pub(crate) async fn territories(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<territory::Model>, Error> {
    Ok(territory::Entity::find()
        .filter(territory::Column::TenantId.eq(ctx.tenant))
        .filter(territory::Column::TerritoryId.is_in(ids.iter().copied()))
        .order_by_asc(territory::Column::Code)
        .all(db)
        .await?)
}
