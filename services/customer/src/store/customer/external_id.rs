//! Ids of customers in other systems.

use rapport_platform::db::bulk;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use sea_orm::sea_query::ExprTrait as _;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _,
};
use uuid::Uuid;

use super::external::{Column, Entity, Model};
use crate::domain::external_id::ExternalId;
use crate::error::Error;
use crate::resource;

/// Ids of one statement: SQLite takes conditions to a depth of 1,000.
const IDS_PER_STATEMENT: usize = 500;

/// The external ids of customers, by system.
pub(super) async fn of(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<Vec<Model>, Error> {
    if customers.is_empty() {
        return Ok(Vec::new());
    }
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .order_by_asc(Column::CustomerId)
        .order_by_asc(Column::System)
        .all(db)
        .await?)
}

/// The rows of a customer's ids, by system.
pub(super) fn rows(ctx: &Context, customer_id: Uuid, ids: &[ExternalId]) -> Vec<Model> {
    let mut rows: Vec<Model> = ids
        .iter()
        .map(|id| Model {
            tenant_id: ctx.tenant,
            system: id.system().to_owned(),
            external_id: id.id().to_owned(),
            customer_id,
        })
        .collect();
    rows.sort_by(|one, other| one.system.cmp(&other.system));
    rows
}

/// Records new ids.
///
/// # Errors
/// `AlreadyExists`, naming the customer who has one of them.
pub(super) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    rows: &[Model],
) -> Result<(), Error> {
    // Without an error, which on PostgreSQL would end the transaction before the holder can be
    // asked for.
    let inserted = bulk::insert::<Entity>(txn, rows.to_vec(), bulk::keep()).await?;
    match inserted == rows.len() as u64 {
        true => Ok(()),
        false => Err(taken(ctx, txn, rows).await?),
    }
}

/// Makes `after` the ids of a customer that had `before`.
///
/// # Errors
/// `AlreadyExists`, naming the customer who has one of them.
pub(super) async fn replace(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: &[Model],
    after: &[Model],
) -> Result<(), Error> {
    let gone: Vec<Model> = before
        .iter()
        .filter(|id| !after.contains(id))
        .cloned()
        .collect();
    let new: Vec<Model> = after
        .iter()
        .filter(|id| !before.contains(id))
        .cloned()
        .collect();
    for gone in gone.chunks(IDS_PER_STATEMENT) {
        let gone = Entity::delete_many().filter(among(ctx, gone));
        gone.exec(txn).await?;
    }
    insert(ctx, txn, &new).await
}

async fn taken(ctx: &Context, txn: &DatabaseTransaction, wanted: &[Model]) -> Result<Error, Error> {
    for wanted in wanted.chunks(IDS_PER_STATEMENT) {
        let holders = Entity::find().filter(among(ctx, wanted)).all(txn).await?;
        let other = holders.into_iter().find(|holder| !wanted.contains(holder));
        if let Some(holder) = other {
            let holder = resource::customer(holder.customer_id);
            return Ok(PlatformError::AlreadyExists(holder).into());
        }
    }
    // Given up since: run again and take it.
    Ok(PlatformError::Conflict.into())
}

fn among(ctx: &Context, ids: &[Model]) -> Condition {
    let any = ids.iter().fold(Condition::any(), |any, id| {
        any.add(
            Column::System
                .eq(&id.system)
                .and(Column::ExternalId.eq(&id.external_id)),
        )
    });
    Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(any)
}
