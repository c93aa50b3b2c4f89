//! The organisations around an organisation.

use rapport_platform::identity::Context;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DbErr, FromQueryResult as _, Statement,
};
use uuid::Uuid;

use super::customer::list;
use super::entity::customer::{Column, Model};
use crate::domain::hierarchy::MAX_LEVELS;
use crate::error::Error;

/// The rows above `$2`, the nearest first. Bounded, should there ever be a circle.
const ANCESTORS: &str = "\
WITH RECURSIVE chain (customer_id, parent_id, level) AS (
  SELECT customer_id, parent_id, 0
  FROM customer WHERE tenant_id = $1 AND customer_id = $2
  UNION ALL
  SELECT above.customer_id, above.parent_id, chain.level + 1
  FROM chain JOIN customer AS above
    ON above.tenant_id = $1 AND above.customer_id = chain.parent_id
  WHERE chain.level < $3
)
SELECT customer.* FROM chain JOIN customer
  ON customer.tenant_id = $1 AND customer.customer_id = chain.customer_id
WHERE chain.level > 0 ORDER BY chain.level";

/// The organisations that one belongs to, its parent first.
pub(crate) async fn ancestors(
    ctx: &Context,
    db: &impl ConnectionTrait,
    organisation: Uuid,
) -> Result<Vec<Model>, DbErr> {
    let most = i32::try_from(MAX_LEVELS).unwrap_or(i32::MAX);
    let values = [ctx.tenant.into(), organisation.into(), most.into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), ANCESTORS, values);
    let rows = db.query_all_raw(statement).await?;
    rows.iter()
        .map(|row| Model::from_query_result(row, ""))
        .collect()
}

/// The organisations that belong to one directly and are not deleted, oldest first.
pub(crate) async fn subsidiaries(
    ctx: &Context,
    db: &impl ConnectionTrait,
    organisation: Uuid,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let directly_below = Condition::all()
        .add(Column::ParentId.eq(organisation))
        .add(Column::DeleteTime.is_null());
    list(ctx, db, directly_below, None, limit).await
}
