//! Customers and their external ids.

mod attributes;
mod bulk;
mod external_id;
mod hierarchy;
mod row;
mod write;

use std::collections::{HashMap, HashSet};

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
pub(crate) use write::{delete, insert, own_terms, undelete, update};

use super::entity::customer::{Column, Entity, Model};
use super::entity::customer_external_id as external;
use super::identity::group;
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
    /// The records that were merged into it.
    pub(crate) merged: Merged,
}

/// What callers read of the records that were merged into a customer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Merged {
    /// Their ids, oldest first.
    pub(crate) customers: Vec<Uuid>,
    /// Their ids in other systems.
    pub(crate) external_ids: Vec<external::Model>,
}

/// The customer that goes by this id, deleted or not: of one that was merged, the survivor.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    let row = get_as_recorded(ctx, db, id).await?;
    match row.merged_into {
        None => Ok(row),
        Some(root) => get_as_recorded(ctx, db, root).await,
    }
}

async fn get_as_recorded(
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
    let mut records = with_external_ids(ctx, db, vec![row]).await?;
    let record = records.pop();
    record.ok_or_else(|| Error::not_found(resource::customer(id)))
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

/// The customers that go by these ids, deleted or not, by the ids asked for: of those that were
/// merged, the survivors.
pub(crate) async fn get_records(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Record>, Error> {
    let mut rows = rows_among(ctx, db, ids).await?;
    let merged: Vec<(Uuid, Uuid)> = rows
        .extract_if(.., |row| row.merged_into.is_some())
        .filter_map(|row| Some((row.customer_id, row.merged_into?)))
        .collect();
    if !merged.is_empty() {
        let known: HashSet<Uuid> = rows.iter().map(|row| row.customer_id).collect();
        let roots = merged.iter().map(|(_, root)| *root);
        let roots: HashSet<Uuid> = roots.filter(|root| !known.contains(root)).collect();
        let roots: Vec<Uuid> = roots.into_iter().collect();
        rows.extend(rows_among(ctx, db, &roots).await?);
    }
    let mut records = by_id(with_external_ids(ctx, db, rows).await?);
    for (old, root) in merged {
        if let Some(record) = records.get(&root).cloned() {
            records.insert(old, record);
        }
    }
    Ok(records)
}

/// The records with these ids as they are, merged or not, by id.
pub(crate) async fn rows_of(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Record>, Error> {
    let rows = rows_among(ctx, db, ids).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.customer_id).collect();
    let mut external_ids = external_ids_of(ctx, db, &ids).await?;
    let records = rows.into_iter().map(|row| Record {
        external_ids: external_ids.remove(&row.customer_id).unwrap_or_default(),
        row,
        merged: Merged::default(),
    });
    Ok(by_id(records))
}

async fn rows_among(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(ids.iter().copied()))
        .all(db)
        .await?)
}

fn by_id(records: impl IntoIterator<Item = Record>) -> HashMap<Uuid, Record> {
    let records = records.into_iter();
    records
        .map(|record| (record.row.customer_id, record))
        .collect()
}

/// Customers that fit the filter from behind `after` on, oldest first. Those that were merged
/// into another are part of that one.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::MergedInto.is_null())
        .filter(filter)
        .filter(Condition::all().add_option(after.map(|after| Column::CustomerId.gt(after))))
        .order_by_asc(Column::CustomerId)
        .limit(limit)
        .all(db)
        .await?)
}

/// Rows with the external ids of their customers and what was merged into them, in the same
/// order.
pub(crate) async fn with_external_ids(
    ctx: &Context,
    db: &impl ConnectionTrait,
    rows: Vec<Model>,
) -> Result<Vec<Record>, Error> {
    let made_of_more = rows.iter().filter(|row| row.merged_count > 0);
    let roots: Vec<Uuid> = made_of_more.map(|row| row.customer_id).collect();
    let mut members = group::members(ctx, db, &roots).await?;
    let mut ids: Vec<Uuid> = rows.iter().map(|row| row.customer_id).collect();
    ids.extend(members.values().flatten().map(|member| member.customer));
    let mut external_ids = external_ids_of(ctx, db, &ids).await?;
    let mut of = |id: &Uuid| external_ids.remove(id).unwrap_or_default();
    let with = |row: Model| {
        let members = members.remove(&row.customer_id).unwrap_or_default();
        let merged: Vec<Uuid> = members.iter().map(|member| member.customer).collect();
        Record {
            external_ids: of(&row.customer_id),
            row,
            merged: Merged {
                external_ids: merged.iter().flat_map(&mut of).collect(),
                customers: merged,
            },
        }
    };
    Ok(rows.into_iter().map(with).collect())
}

async fn external_ids_of(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Vec<external::Model>>, Error> {
    let mut by_customer: HashMap<Uuid, Vec<external::Model>> = HashMap::new();
    for id in external_id::of(ctx, db, ids).await? {
        by_customer.entry(id.customer_id).or_default().push(id);
    }
    Ok(by_customer)
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
    let claim_one = async |id: Uuid| {
        let claimed = claim(ctx, txn, &[id]).await?.pop();
        claimed.ok_or_else(|| Error::not_found(resource::customer(id)))
    };
    let claimed = claim_one(id).await?;
    match claimed.merged_into {
        None => live(claimed),
        Some(root) => live(claim_one(root).await?),
    }
}

/// Those of the records that exist, merged or not, claimed in the order of their keys.
pub(crate) async fn claim_rows(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: &[Uuid],
) -> Result<Vec<Model>, Error> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    claim(ctx, txn, &ids).await
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
