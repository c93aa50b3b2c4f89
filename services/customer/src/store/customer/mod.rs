//! Customers and their external ids.

mod attributes;
mod bulk;
mod external_id;
mod hierarchy;
mod row;
mod write;

use std::collections::HashMap;

use rapport_platform::identity::Context;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

pub(crate) use attributes::from_json as attributes;
pub(crate) use bulk::{Change, claim_records, holders, overwrite, remove, set_parent};
pub(crate) use hierarchy::check_parent;
pub(crate) use row::{member, name};
pub(crate) use write::{delete, insert, undelete, update};

use super::entity::customer::{Column, Entity, Model};
use super::entity::customer_external_id as external;
use crate::domain::attributes::Attributes;
use crate::domain::customer::CustomerDetails;
use crate::error::Error;
use crate::resource;

/// What is recorded of a customer, parsed and checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// What callers say about it.
    pub(crate) details: CustomerDetails,
    /// The organisation it belongs to.
    pub(crate) parent: Option<Uuid>,
    /// Its custom attributes.
    pub(crate) attributes: Attributes,
}

/// A customer as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Its row.
    pub(crate) row: Model,
    /// Its ids in other systems, by system.
    pub(crate) external_ids: Vec<external::Model>,
}

/// The customer, deleted or not.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    find(ctx, db, id)
        .await?
        .ok_or_else(|| Error::not_found(resource::customer(id)))
}

/// The customer, deleted or not, if anything is left of it.
pub(crate) async fn find(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id((ctx.tenant, id)).one(db).await?)
}

/// The customer with its external ids, deleted or not.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get_record(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Record, Error> {
    let row = get(ctx, db, id).await?;
    let external_ids = external_id::of(ctx, db, &[id]).await?;
    Ok(Record { row, external_ids })
}

/// As [`get_record`], of a customer that is not deleted.
///
/// # Errors
/// `NotFound`, `Deleted`.
pub(crate) async fn get_live_record(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Record, Error> {
    let record = get_record(ctx, db, id).await?;
    Ok(Record {
        row: live(record.row)?,
        ..record
    })
}

/// Those of the customers that exist, deleted or not, by id.
pub(crate) async fn get_records(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Record>, Error> {
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(ids.iter().copied()))
        .all(db)
        .await?;
    let records = with_external_ids(ctx, db, rows).await?;
    Ok(records
        .into_iter()
        .map(|record| (record.row.customer_id, record))
        .collect())
}

/// Customers that fit the filter from behind `after` on, oldest first.
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
        .filter(Condition::all().add_option(after.map(|after| Column::CustomerId.gt(after))))
        .order_by_asc(Column::CustomerId)
        .limit(limit)
        .all(db)
        .await?)
}

/// Rows with the external ids of their customers, in the same order.
pub(crate) async fn with_external_ids(
    ctx: &Context,
    db: &impl ConnectionTrait,
    rows: Vec<Model>,
) -> Result<Vec<Record>, Error> {
    let ids: Vec<Uuid> = rows.iter().map(|row| row.customer_id).collect();
    let mut by_customer: HashMap<Uuid, Vec<external::Model>> = HashMap::new();
    for id in external_id::of(ctx, db, &ids).await? {
        by_customer.entry(id.customer_id).or_default().push(id);
    }
    let with = |row: Model| {
        let external_ids = by_customer.remove(&row.customer_id).unwrap_or_default();
        Record { row, external_ids }
    };
    Ok(rows.into_iter().map(with).collect())
}

/// The customer, for work that adds to it: records, not changes of its own rows.
///
/// A deletion may commit beside the work; both then hold in the order work, deletion. Where
/// that order would break a rule, use [`claim_live`].
///
/// # Errors
/// `NotFound`, `Deleted`.
pub(crate) async fn require_live(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    live(get(ctx, db, id).await?)
}

/// As [`require_live`], and no other transaction that claims, changes or deletes the customer
/// commits beside this one.
///
/// # Errors
/// `NotFound`, `Deleted`.
pub(crate) async fn claim_live(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
) -> Result<Model, Error> {
    let claimed = claim(ctx, txn, &[id]).await?.pop();
    live(claimed.ok_or_else(|| Error::not_found(resource::customer(id)))?)
}

/// Writes the customers' rows without changing them. Of two transactions that claim, change or
/// delete one customer, PostgreSQL then refuses the second and it is run again; on SQLite they
/// take turns anyway. Answers those that exist, in any order.
async fn claim(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: &[Uuid],
) -> Result<Vec<Model>, Error> {
    Ok(Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(ids.iter().copied()))
        .exec_with_returning(txn)
        .await?)
}

fn live(customer: Model) -> Result<Model, Error> {
    match customer.delete_time {
        None => Ok(customer),
        Some(_) => Err(Error::Deleted(resource::customer(customer.customer_id))),
    }
}
