//! What may be granted to customers without looking at everything again.
//!
//! Every customer's row is also where those who change what the customer chose and those who act
//! on it meet, so that each contact is decided either before a change or after it: whoever changes
//! anything that has a say [`revoke`]s the clearance in the same transaction, and whoever decides
//! about a contact [`lock`]s it first. On PostgreSQL the second of two waits for the first, and,
//! its snapshot being older than the row, runs again. SQLite has one writing transaction at a time.
//!
//! Two things have a say and are not told here, because they concern many customers at once: the
//! policy and the suppressed addresses. The granting statement looks at both itself; see
//! [`super::spend`].

use rapport_platform::db::{bulk, retry_if_taken};
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, DbErr, EntityTrait as _, QueryFilter as _,
    QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::domain::contact::clearance::Clearance;
use crate::store::entity::contact_clearance::{Column, Entity, Model};

/// Takes back what may be granted to these customers, and keeps others from granting anything
/// until the transaction ends.
///
/// Writes a row for a customer that has none: one who looked before and writes the first clearance
/// afterwards meets it. Customers that the same transaction creates need no row.
pub(crate) async fn revoke(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
) -> Result<(), DbErr> {
    let rows = customers.iter().map(|&customer| revoked(ctx, customer));
    write(txn, rows.collect()).await
}

/// Keeps others from granting anything to these customers, and from changing what they chose,
/// until the transaction ends. In the order of their ids, so that nobody waits in a circle.
pub(crate) async fn lock(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
) -> Result<(), PlatformError> {
    let there = lock_known(ctx, txn, customers).await?;
    let missing = customers
        .iter()
        .filter(|it| there.binary_search(it).is_err());
    let mut missing: Vec<Model> = missing.map(|&customer| revoked(ctx, customer)).collect();
    missing.sort_unstable_by_key(|row| row.customer_id);
    let inserted = bulk::insert::<Entity>(txn, missing, None).await;
    inserted.map_err(retry_if_taken)?;
    Ok(())
}

/// As [`lock`], for a transaction that ends by giving every one of these customers a clearance with
/// [`replace`]: those who have none yet are left to that. Answers who has one, in order.
pub(crate) async fn lock_known(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
) -> Result<Vec<Uuid>, DbErr> {
    Entity::find()
        .select_only()
        .column(Column::CustomerId)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(bulk::among(txn, Column::CustomerId, customers.to_vec()))
        .order_by_asc(Column::CustomerId)
        .lock(LockType::NoKeyUpdate)
        .into_tuple()
        .all(txn)
        .await
}

/// Makes these the customers' clearances. The transaction holds their [`lock`], or [`lock_known`]: then
/// who changed something of a customer that had none meets this, or this meets him, and runs again.
pub(crate) async fn replace(
    ctx: &Context,
    txn: &DatabaseTransaction,
    policy_version: i64,
    clearances: impl IntoIterator<Item = (Uuid, Clearance)>,
) -> Result<(), DbErr> {
    let rows = clearances.into_iter().map(|(customer_id, it)| Model {
        tenant_id: ctx.tenant,
        customer_id,
        open: it.open,
        from_time: it.from,
        until_time: it.until,
        spare: it.spare,
        policy_version,
    });
    write(txn, rows.collect()).await
}

async fn write(txn: &DatabaseTransaction, mut rows: Vec<Model>) -> Result<(), DbErr> {
    rows.sort_unstable_by_key(|row| row.customer_id);
    let replace = OnConflict::columns([Column::TenantId, Column::CustomerId])
        .update_columns([Column::Open, Column::FromTime, Column::UntilTime])
        .update_columns([Column::Spare, Column::PolicyVersion])
        .to_owned();
    bulk::insert::<Entity>(txn, rows, Some(replace)).await?;
    Ok(())
}

fn revoked(ctx: &Context, customer_id: Uuid) -> Model {
    Model {
        tenant_id: ctx.tenant,
        customer_id,
        open: 0,
        from_time: Timestamp::MIN,
        until_time: Timestamp::MIN,
        spare: 0,
        policy_version: 0,
    }
}
