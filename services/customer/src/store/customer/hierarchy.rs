//! Which organisations belong to which.

use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _, FromQueryResult,
    PaginatorTrait as _, QueryFilter as _, Statement,
};
use uuid::Uuid;

use super::{Column, Entity, claim};
use crate::domain::hierarchy::{self, MAX_LEVELS, Member};
use crate::domain::invalid::Invalid;
use crate::domain::names::CustomerKind;
use crate::error::Error;

/// An organisation and those above it, the nearest first. Bounded, should there ever be a circle.
const CHAIN: &str = "\
WITH RECURSIVE chain (customer_id, parent_id, kind, delete_time, level) AS (
  SELECT customer_id, parent_id, kind, delete_time, 1
  FROM customer WHERE tenant_id = $1 AND customer_id = COALESCE(
    (SELECT merged_into FROM customer WHERE tenant_id = $1 AND customer_id = $2), $2)
  UNION ALL
  SELECT above.customer_id, above.parent_id, above.kind, above.delete_time, chain.level + 1
  FROM chain JOIN customer AS above
    ON above.tenant_id = $1 AND above.customer_id = chain.parent_id
  WHERE chain.level <= $3
)
SELECT customer_id, kind, delete_time FROM chain ORDER BY level";

/// How many levels there are under an organisation.
const LEVELS_BELOW: &str = "\
WITH RECURSIVE below (customer_id, level) AS (
  SELECT customer_id, 0 FROM customer WHERE tenant_id = $1 AND customer_id = $2
  UNION ALL
  SELECT child.customer_id, below.level + 1
  FROM below JOIN customer AS child
    ON child.tenant_id = $1 AND child.parent_id = below.customer_id
  WHERE below.level <= $3
)
SELECT MAX(level) AS levels FROM below";

#[derive(FromQueryResult)]
struct Link {
    customer_id: Uuid,
    kind: i16,
    delete_time: Option<Timestamp>,
}

#[derive(FromQueryResult)]
struct Depth {
    levels: Option<i32>,
}

/// Checks that a customer may belong to `parent`, answers the id that goes by that name now, and claims what the check depends on: no other
/// transaction deletes the parent or moves what is above it beside this one. A `new` customer
/// has nobody below it yet, so that only its parent matters.
pub(crate) async fn check_parent(
    ctx: &Context,
    txn: &DatabaseTransaction,
    child: Member,
    parent: Uuid,
    new: bool,
) -> Result<Result<Uuid, Invalid>, Error> {
    let chain = Link::find_by_statement(statement(ctx, txn, CHAIN, parent))
        .all(txn)
        .await?;
    let Some((nearest, above)) = chain.split_first() else {
        return Ok(Err(Invalid::new(
            "does not exist: name an organisation that does",
        )));
    };
    if nearest.delete_time.is_some() {
        return Ok(Err(Invalid::new(
            "is deleted: undelete it first, or choose another",
        )));
    }
    let kind = CustomerKind::try_from(i32::from(nearest.kind))
        .map_err(|fault| PlatformError::internal("reading a stored customer", fault))?;
    let parent = nearest.customer_id;
    let above: Vec<Uuid> = above.iter().map(|link| link.customer_id).collect();
    let below = if new {
        0
    } else {
        levels_below(ctx, txn, child.id).await?
    };
    let checked = hierarchy::check_parent(child, below, Member { id: parent, kind }, &above);
    let depends_on = if new {
        vec![parent]
    } else {
        [vec![parent], above].concat()
    };
    claim(ctx, txn, &depends_on).await?;
    Ok(checked.map(|()| parent).map_err(Invalid::from))
}

/// How many organisations that are not deleted belong to `parent` directly.
pub(super) async fn count_subsidiaries(
    ctx: &Context,
    txn: &DatabaseTransaction,
    parent: Uuid,
) -> Result<u64, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ParentId.eq(parent))
        .filter(Column::DeleteTime.is_null())
        .count(txn)
        .await?)
}

async fn levels_below(ctx: &Context, txn: &DatabaseTransaction, id: Uuid) -> Result<usize, Error> {
    let depth = Depth::find_by_statement(statement(ctx, txn, LEVELS_BELOW, id))
        .one(txn)
        .await?;
    let levels = depth.and_then(|depth| depth.levels).unwrap_or_default();
    Ok(usize::try_from(levels).unwrap_or_default())
}

fn statement(ctx: &Context, txn: &DatabaseTransaction, sql: &str, id: Uuid) -> Statement {
    let most = i32::try_from(MAX_LEVELS).unwrap_or(i32::MAX);
    let values = [ctx.tenant.into(), id.into(), most.into()];
    Statement::from_sql_and_values(txn.get_database_backend(), sql, values)
}
