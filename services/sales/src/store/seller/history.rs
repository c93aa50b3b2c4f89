//! Where sellers belonged, from when to when: by this, what teams bring is exact for any past
//! moment.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{Expr, OnConflict};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    FromQueryResult, QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement,
};
use uuid::Uuid;

use crate::domain::forecast::Member;
use crate::error::Error;
use crate::resource;
use crate::store::entity::seller;
use crate::store::entity::seller_history::{Column, Entity, Model};
use crate::store::rows::{insert_all, insert_or};

const KEY: [Column; 3] = [Column::TenantId, Column::SellerId, Column::StartTime];

/// A seller and those below him at $3. Rows that are there already are not looked at again, so that
/// it ends whatever history holds.
const BELOW: &str = "\
WITH RECURSIVE below (seller_id) AS (
  SELECT seller_id FROM seller_history
  WHERE tenant_id = $1 AND seller_id = $2 AND start_time <= $3 AND (end_time IS NULL OR end_time > $3)
  UNION
  SELECT child.seller_id
  FROM below JOIN seller_history AS child
    ON child.tenant_id = $1 AND child.manager_id = below.seller_id
    AND child.start_time <= $3 AND (child.end_time IS NULL OR child.end_time > $3)
)
SELECT seller_id FROM below";

/// Notes where a new seller belongs, since ever.
pub(super) async fn begin(txn: &DatabaseTransaction, row: &seller::Model) -> Result<(), Error> {
    let since_ever = Timestamp::from_micros(0);
    insert_all::<Entity>(txn, vec![of(row, since_ever)]).await
}

/// Notes that a seller belongs elsewhere from now on.
pub(super) async fn follow(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &seller::Model,
) -> Result<(), Error> {
    let his = || {
        Condition::all()
            .add(Column::TenantId.eq(ctx.tenant))
            .add(Column::SellerId.eq(row.seller_id))
            .add(Column::EndTime.is_null())
    };
    let open = Entity::find().filter(his()).one(txn).await?;
    // Never before what it replaces, whatever clocks say.
    let since = open.map_or(ctx.now, |open| open.start_time.max(ctx.now));
    Entity::update_many()
        .col_expr(Column::EndTime, Expr::value(since))
        .filter(his().add(Column::StartTime.lt(since)))
        .exec(txn)
        .await?;
    let mut same_instant = OnConflict::columns(KEY);
    same_instant.update_columns([Column::ManagerId, Column::Team, Column::Region]);
    insert_or::<Entity>(txn, vec![of(row, since)], &same_instant).await
}

fn of(row: &seller::Model, since: Timestamp) -> Model {
    Model {
        tenant_id: row.tenant_id,
        seller_id: row.seller_id,
        start_time: since,
        end_time: None,
        manager_id: row.manager_id,
        team: row.team.clone(),
        region: row.region.clone(),
    }
}

/// The seller and those whom he managed at a time; everybody without one. At most one more than
/// `limit`.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn team(
    ctx: &Context,
    db: &impl ConnectionTrait,
    root: Option<Uuid>,
    time: Timestamp,
    limit: u64,
) -> Result<Vec<Member>, Error> {
    let held = Condition::any()
        .add(Column::EndTime.is_null())
        .add(Column::EndTime.gt(time));
    let mut select = Entity::find()
        .select_only()
        .column(Column::SellerId)
        .column(Column::ManagerId)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::StartTime.lte(time))
        .filter(held)
        .order_by_asc(Column::SellerId)
        .limit(limit + 1);
    if let Some(root) = root {
        select = select.filter(Column::SellerId.is_in(below(ctx, db, root, time).await?));
    }
    let rows: Vec<(Uuid, Option<Uuid>)> = select.into_tuple().all(db).await?;
    let members = rows.into_iter();
    Ok(members
        .map(|(seller, manager)| Member { seller, manager })
        .collect())
}

async fn below(
    ctx: &Context,
    db: &impl ConnectionTrait,
    root: Uuid,
    time: Timestamp,
) -> Result<Vec<Uuid>, Error> {
    #[derive(FromQueryResult)]
    struct Below {
        seller_id: Uuid,
    }
    let values = [ctx.tenant.into(), root.into(), time.into()];
    let statement = Statement::from_sql_and_values(db.get_database_backend(), BELOW, values);
    let found = Below::find_by_statement(statement).all(db).await?;
    // Everybody has belonged somewhere since ever.
    if found.is_empty() {
        return Err(Error::not_found(resource::seller(root)));
    }
    Ok(found.into_iter().map(|it| it.seller_id).collect())
}
