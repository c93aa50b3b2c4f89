//! Customers and their external ids.

use rapport_platform::identity::Context;
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _};
use uuid::Uuid;

use super::entity::customer::{Column, Entity, Model};
use crate::error::Error;
use crate::resource;

/// The customer, deleted or not.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(ctx: &Context, db: &impl ConnectionTrait, id: Uuid) -> Result<Model, Error> {
    Entity::find_by_id((ctx.tenant, id))
        .one(db)
        .await?
        .ok_or_else(|| Error::not_found(resource::customer(id)))
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
/// commits beside this one: it writes the row without changing it, so that on PostgreSQL the
/// second of two is refused and run again.
///
/// # Errors
/// `NotFound`, `Deleted`.
pub(crate) async fn claim_live(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
) -> Result<Model, Error> {
    let claimed = Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.eq(id))
        .exec_with_returning(txn)
        .await?;
    let claimed = claimed.into_iter().next();
    live(claimed.ok_or_else(|| Error::not_found(resource::customer(id)))?)
}

fn live(customer: Model) -> Result<Model, Error> {
    match customer.delete_time {
        None => Ok(customer),
        Some(_) => Err(Error::Deleted(resource::customer(customer.customer_id))),
    }
}
