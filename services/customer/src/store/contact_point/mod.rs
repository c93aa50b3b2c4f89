//! Addresses of customers.

mod bulk;
mod key;
mod row;

use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use sea_orm::ActiveModelTrait as _;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub(crate) use bulk::{add, digests, of_customers, remove};
pub(crate) use key::AddressKey;
pub(crate) use row::{address, from_row, rank};

use super::contact::clearance;
use super::entity::contact_point::{Column, Entity, Model};
use super::identity::group::{self, Group};
use crate::domain::contact_point::ContactPoint;
use crate::error::{Error, superseded};
use crate::resource;

/// Where a page of a customer's contact points ends: the best come first.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Position {
    rank: i16,
    contact_point_id: Uuid,
}

impl From<&Model> for Position {
    fn from(row: &Model) -> Self {
        Self {
            rank: row.rank,
            contact_point_id: row.contact_point_id,
        }
    }
}

/// One contact point, under the name of any of its customer's records.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    [customer_id, id]: [Uuid; 2],
) -> Result<Model, Error> {
    find(ctx, db, [customer_id, id])
        .await?
        .ok_or_else(|| Error::not_found(resource::CONTACT_POINT.format(&[customer_id, id])))
}

/// As [`get`], if there is such.
pub(crate) async fn find(
    ctx: &Context,
    db: &impl ConnectionTrait,
    [customer_id, id]: [Uuid; 2],
) -> Result<Option<Model>, Error> {
    let kept_there = Entity::find_by_id((ctx.tenant, customer_id, id))
        .one(db)
        .await?;
    match kept_there {
        Some(row) => Ok(Some(row)),
        None => among(ctx, db, group::others_of(ctx, db, customer_id).await?, id).await,
    }
}

async fn among(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: Vec<Uuid>,
    id: Uuid,
) -> Result<Option<Model>, Error> {
    if members.is_empty() {
        return Ok(None);
    }
    Ok(Entity::find()
        .filter(of_members(ctx, &members))
        .filter(Column::ContactPointId.eq(id))
        .one(db)
        .await?)
}

/// The contact points of a customer's records from behind `after` on: by rank, then oldest.
/// Bounded for each record, so that they are read by their key.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: &[Uuid],
    after: Option<Position>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let behind = |Position {
                      rank,
                      contact_point_id,
                  }| {
        let same_rank = Condition::all()
            .add(Column::Rank.eq(rank))
            .add(Column::ContactPointId.gt(contact_point_id));
        Condition::any().add(Column::Rank.gt(rank)).add(same_rank)
    };
    Ok(Entity::find()
        .filter(of_members(ctx, members))
        .filter(Condition::all().add_option(after.map(behind)))
        .order_by_asc(Column::Rank)
        .order_by_asc(Column::ContactPointId)
        .limit(limit)
        .all(db)
        .await?)
}

/// All contact points of a customer's records, oldest first.
pub(crate) async fn all(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: &[Uuid],
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(of_members(ctx, members))
        .order_by_asc(Column::ContactPointId)
        .all(db)
        .await?)
}

/// How many contact points a customer has.
pub(crate) async fn count(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer_id: Uuid,
) -> Result<u64, Error> {
    Ok(Entity::find()
        .filter(of_customer(ctx, customer_id))
        .count(db)
        .await?)
}

/// Records a contact point of a customer that this transaction has claimed.
///
/// # Errors
/// `AlreadyExists` when one of the customer's records has the address, however it is spelt.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    key: &AddressKey,
    group: &Group,
    point: &ContactPoint,
) -> Result<Model, Error> {
    let row = row::new(ctx, key, group.id(), point)?;
    let holder = Entity::find()
        .filter(of_members(ctx, &group.members()))
        .filter(Column::AddressDigest.eq(row.address_digest.clone()))
        .one(txn)
        .await?;
    if let Some(holder) = holder {
        let name = resource::CONTACT_POINT.format(&[holder.customer_id, holder.contact_point_id]);
        return Err(PlatformError::AlreadyExists(name).into());
    }
    clearance::revoke(ctx, txn, &[group.id()]).await?;
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// Writes `point` over the row it was read from.
pub(crate) async fn update(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    point: &ContactPoint,
) -> Result<Model, Error> {
    let version = before.version;
    let row = row::changed(ctx, before, point);
    revoke_clearances(ctx, txn, row.customer_id).await?;
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// Removes a contact point.
pub(crate) async fn delete(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &Model,
) -> Result<(), Error> {
    revoke_clearances(ctx, txn, row.customer_id).await?;
    Entity::delete_by_id((ctx.tenant, row.customer_id, row.contact_point_id))
        .exec(txn)
        .await?;
    Ok(())
}

fn of_members(ctx: &Context, members: &[Uuid]) -> Condition {
    Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::CustomerId.is_in(members.iter().copied()))
}

fn of_customer(ctx: &Context, customer_id: Uuid) -> Condition {
    Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::CustomerId.eq(customer_id))
}

/// Takes back what may be granted to the customer to whom a record belongs: an address of any of
/// its records serves it.
async fn revoke_clearances(
    ctx: &Context,
    txn: &DatabaseTransaction,
    record: Uuid,
) -> Result<(), Error> {
    let mut records = group::others_of(ctx, txn, record).await?;
    records.push(record);
    Ok(clearance::revoke(ctx, txn, &records).await?)
}
