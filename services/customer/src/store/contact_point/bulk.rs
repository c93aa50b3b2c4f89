//! Contact points of many customers at once.

use std::collections::{HashMap, HashSet};

use rapport_platform::identity::Context;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::{AddressKey, Column, Entity, Model, address, row};
use crate::domain::contact_point::ContactPoint;
use crate::domain::search::{TermKind, Terms};
use crate::error::Error;
use crate::store::search;

/// Rows of one INSERT: SQLite binds at most 32,766 values, and a row has 21.
const ROWS_PER_INSERT: usize = 1_500;
/// Ids of one statement, for the same reason.
const IDS_PER_STATEMENT: usize = 10_000;
/// What contact points are found by.
const ADDRESS_TERMS: [TermKind; 2] = [TermKind::Email, TermKind::Phone];

/// Records contact points of customers that this transaction has claimed or created. One that
/// its customer has already is left out. Answers those that are new.
pub(crate) async fn add(
    ctx: &Context,
    txn: &DatabaseTransaction,
    key: &AddressKey,
    points: &[(Uuid, ContactPoint)],
) -> Result<Vec<Model>, Error> {
    let known = OnConflict::columns([Column::TenantId, Column::CustomerId, Column::AddressDigest])
        .do_nothing()
        .to_owned();
    let rows = points
        .iter()
        .map(|(customer, point)| row::new(ctx, key, *customer, point))
        .collect::<Result<Vec<_>, _>>()?;
    let mut added = HashSet::with_capacity(rows.len());
    for chunk in rows.chunks(ROWS_PER_INSERT) {
        let keys = Entity::insert_many(chunk.iter().cloned().map(Model::into_active_model))
            .on_conflict(known.clone())
            .exec_with_returning_keys(txn)
            .await?;
        added.extend(keys.into_iter().map(|(_, _, id)| id));
    }
    let rows: Vec<Model> = rows
        .into_iter()
        .filter(|row| added.contains(&row.contact_point_id))
        .collect();
    add_terms(ctx, txn, &rows).await?;
    Ok(rows)
}

/// The contact points of customers, oldest first.
pub(crate) async fn of_customers(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .order_by_asc(Column::CustomerId)
        .order_by_asc(Column::ContactPointId)
        .all(db)
        .await?)
}

/// The digests of the addresses that customers have.
pub(crate) async fn digests(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, HashSet<Vec<u8>>>, Error> {
    let rows: Vec<(Uuid, Vec<u8>)> = Entity::find()
        .select_only()
        .columns([Column::CustomerId, Column::AddressDigest])
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    let mut digests: HashMap<Uuid, HashSet<Vec<u8>>> = HashMap::new();
    for (customer, digest) in rows {
        digests.entry(customer).or_default().insert(digest);
    }
    Ok(digests)
}

/// Removes contact points of these customers, and the terms that led to them.
pub(crate) async fn remove(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
    ids: &[Uuid],
) -> Result<(), Error> {
    if ids.is_empty() {
        return Ok(());
    }
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        Entity::delete_many()
            .filter(Column::TenantId.eq(ctx.tenant))
            .filter(Column::CustomerId.is_in(customers.iter().copied()))
            .filter(Column::ContactPointId.is_in(ids.iter().copied()))
            .exec(txn)
            .await?;
    }
    search::clear_kinds(ctx, txn, customers, &ADDRESS_TERMS).await?;
    add_terms(ctx, txn, &of_customers(ctx, txn, customers).await?).await
}

async fn add_terms(ctx: &Context, txn: &DatabaseTransaction, rows: &[Model]) -> Result<(), Error> {
    let mut terms = Vec::with_capacity(rows.len());
    for row in rows {
        let mut of_address = Terms::default();
        of_address.address(&address(row)?);
        terms.push((row.customer_id, of_address));
    }
    search::add(ctx, txn, &terms).await
}
