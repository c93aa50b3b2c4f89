//! Those who sell, and who manages them.

pub(crate) mod history;

use std::collections::HashMap;

use rapport_platform::db::retry_if_taken;
use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::{Actor, Context};
use rapport_platform::invalid::Invalid;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, FromQueryResult, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, Statement, Value,
};
use uuid::Uuid;

use super::entity::seller::{Column, Entity, Model};
use crate::domain::seller::{MAX_LEVELS, Seller, SellerState, check_manager};
use crate::error::{Error, superseded};
use crate::resource;

/// One seller.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    let found = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    found.ok_or_else(|| Error::not_found(resource::seller(id)))
}

/// Sellers that fit the filter from behind `after` on, oldest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(filter)
        .filter(Condition::all().add_option(after.map(|after| Column::SellerId.gt(after))))
        .order_by_asc(Column::SellerId)
        .limit(limit)
        .all(db)
        .await?)
}

/// Records a seller, who is active at once.
///
/// # Errors
/// `AlreadyExists` when the principal sells already; `Invalid` for his manager.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    seller: &Seller,
) -> Result<Model, Error> {
    if let Some(holder) = of_principal(ctx, txn, seller.principal()).await? {
        return Err(PlatformError::AlreadyExists(resource::seller(holder.seller_id)).into());
    }
    let row = Model {
        tenant_id: ctx.tenant,
        seller_id: new_id(),
        display_name: seller.display_name().to_owned(),
        principal: seller.principal().to_string(),
        manager_id: seller.manager(),
        team: seller.team().map(str::to_owned),
        region: seller.region().map(str::to_owned),
        state: SellerState::Active.code(),
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
    };
    check(ctx, txn, &row, true).await?;
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await
        .map_err(retry_if_taken)?;
    history::begin(txn, &row).await?;
    Ok(row)
}

/// The seller who is this principal.
pub(crate) async fn of_principal(
    ctx: &Context,
    db: &impl ConnectionTrait,
    principal: &Actor,
) -> Result<Option<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::Principal.eq(principal.as_str()))
        .one(db)
        .await?)
}

/// Writes `seller` over the row it was read from.
///
/// # Errors
/// `Invalid` for his manager.
pub(crate) async fn update(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    seller: &Seller,
) -> Result<Model, Error> {
    let another = before.manager_id != seller.manager();
    let (team, region) = (before.team.as_deref(), before.region.as_deref());
    let elsewhere = another || (team, region) != (seller.team(), seller.region());
    let row = Model {
        display_name: seller.display_name().to_owned(),
        manager_id: seller.manager(),
        team: seller.team().map(str::to_owned),
        region: seller.region().map(str::to_owned),
        ..before
    };
    if another {
        check(ctx, txn, &row, false).await?;
    }
    let row = write(ctx, txn, row).await?;
    if elsewhere {
        history::follow(ctx, txn, &row).await?;
    }
    Ok(row)
}

/// Puts the seller into another state.
pub(crate) async fn enter(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    state: SellerState,
) -> Result<Model, Error> {
    let row = Model {
        state: state.code(),
        ..before
    };
    write(ctx, txn, row).await
}

/// Writes a changed row over the version that it was read with.
async fn write(ctx: &Context, txn: &DatabaseTransaction, changed: Model) -> Result<Model, Error> {
    let row = Model {
        version: changed.version + 1,
        update_time: ctx.now,
        ..changed
    };
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(changed.version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// A seller and those above him, the nearest first. Bounded, should there ever be a circle.
const CHAIN: &str = "\
WITH RECURSIVE chain (seller_id, manager_id, level) AS (
  SELECT seller_id, manager_id, 1 FROM seller WHERE tenant_id = $1 AND seller_id = $2
  UNION ALL
  SELECT above.seller_id, above.manager_id, chain.level + 1
  FROM chain JOIN seller AS above
    ON above.tenant_id = $1 AND above.seller_id = chain.manager_id
  WHERE chain.level <= $3
)
SELECT seller_id, level FROM chain ORDER BY level";

/// A seller and those below him. Bounded as above.
const BELOW: &str = "\
WITH RECURSIVE below (seller_id, level) AS (
  SELECT seller_id, 0 FROM seller WHERE tenant_id = $1 AND seller_id = $2
  UNION ALL
  SELECT child.seller_id, below.level + 1
  FROM below JOIN seller AS child
    ON child.tenant_id = $1 AND child.manager_id = below.seller_id
  WHERE below.level <= $3
)
SELECT seller_id, level FROM below ORDER BY level";

/// One who is above one of several sellers. Bounded as above.
const ABOVE: &str = "\
WITH RECURSIVE above (seller_id, level) AS (
  SELECT manager_id, 1 FROM seller WHERE tenant_id = $1 AND seller_id IN (SELLERS)
  UNION
  SELECT next.manager_id, above.level + 1
  FROM above JOIN seller AS next
    ON next.tenant_id = $1 AND next.seller_id = above.seller_id
  WHERE above.level <= $3
)
SELECT 1 FROM above WHERE seller_id = $2 LIMIT 1";

#[derive(FromQueryResult)]
struct Link {
    seller_id: Uuid,
    level: i32,
}

/// Checks the seller's manager and claims what the check depends on: no other transaction moves
/// what is above the manager beside this one.
async fn check(
    ctx: &Context,
    txn: &DatabaseTransaction,
    seller: &Model,
    new: bool,
) -> Result<(), Error> {
    let Some(manager) = seller.manager_id else {
        return Ok(());
    };
    let chain: Vec<Uuid> = links(ctx, txn, CHAIN, manager)
        .await?
        .iter()
        .map(|link| link.seller_id)
        .collect();
    let Some((_, above)) = chain.split_first() else {
        let why = "does not exist: name a seller that does";
        return Err(Error::invalid("seller.manager", why));
    };
    let below = match new {
        true => Vec::new(),
        false => links(ctx, txn, BELOW, seller.seller_id).await?,
    };
    let levels = below.last().map_or(0, |link| link.level);
    let levels = usize::try_from(levels).unwrap_or_default();
    claim(ctx, txn, &chain).await?;
    check_manager(seller.seller_id, levels, manager, above)
        .map_err(|refused| Invalid::from(refused).at("seller.manager").into())
}

async fn links(
    ctx: &Context,
    db: &impl ConnectionTrait,
    sql: &str,
    id: Uuid,
) -> Result<Vec<Link>, Error> {
    let most = i32::try_from(MAX_LEVELS).unwrap_or(i32::MAX);
    let values = [ctx.tenant.into(), id.into(), most.into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(Link::find_by_statement(statement).all(db).await?)
}

/// Writes the rows without changing them. Of two transactions that claim or change one seller,
/// PostgreSQL then refuses the second and it is run again; on SQLite they take turns anyway.
pub(crate) async fn claim(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: &[Uuid],
) -> Result<(), Error> {
    Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::SellerId.is_in(ids.iter().copied()))
        .exec(txn)
        .await?;
    Ok(())
}

/// Those of the sellers that exist, and whether they are active.
pub(crate) async fn activity(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, bool>, Error> {
    let states: Vec<(Uuid, i16)> = Entity::find()
        .select_only()
        .column(Column::SellerId)
        .column(Column::State)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::SellerId.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    let active = SellerState::Active.code();
    Ok(states
        .into_iter()
        .map(|(id, state)| (id, state == active))
        .collect())
}

/// The seller and those who manage him, the nearest first.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn chain(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<Uuid>, Error> {
    let chain = links(ctx, db, CHAIN, id).await?;
    if chain.is_empty() {
        return Err(Error::not_found(resource::seller(id)));
    }
    Ok(chain.iter().map(|link| link.seller_id).collect())
}

/// Whether a seller manages one of the others, directly or not.
pub(crate) async fn manages(
    ctx: &Context,
    db: &impl ConnectionTrait,
    manager: Uuid,
    ids: &[Uuid],
) -> Result<bool, Error> {
    let most = i32::try_from(MAX_LEVELS).unwrap_or(i32::MAX);
    let known: [Value; 3] = [ctx.tenant.into(), manager.into(), most.into()];
    let sellers: Vec<String> = (0..ids.len()).map(|it| format!("${}", it + 4)).collect();
    let sql = ABOVE.replace("SELLERS", &sellers.join(", "));
    let values = known.into_iter().chain(ids.iter().map(|id| (*id).into()));
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(!ids.is_empty() && db.query_one_raw(statement).await?.is_some())
}

/// What sellers are called.
pub(crate) async fn names(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, String>, Error> {
    let rows: Vec<(Uuid, String)> = Entity::find()
        .select_only()
        .column(Column::SellerId)
        .column(Column::DisplayName)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::SellerId.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// Who sellers are when they call.
pub(crate) async fn principals(
    ctx: &Context,
    db: &impl ConnectionTrait,
    sellers: Vec<Uuid>,
) -> Result<HashMap<Uuid, String>, Error> {
    let rows: Vec<(Uuid, String)> = Entity::find()
        .select_only()
        .column(Column::SellerId)
        .column(Column::Principal)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::SellerId.is_in(sellers))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// The seller and those whom he manages, directly or not.
pub(crate) async fn below(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<Uuid>, Error> {
    let below = links(ctx, db, BELOW, id).await?;
    Ok(below.into_iter().map(|link| link.seller_id).collect())
}

/// Those who manage the seller, the nearest first.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn above(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<Uuid>, Error> {
    let mut chain = chain(ctx, db, id).await?;
    Ok(chain.split_off(1))
}
