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

use rapport_platform::db::retry_if_taken;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{
    ColumnTrait as _, DatabaseTransaction, DbErr, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::domain::contact::clearance::Clearance;
use crate::store::entity::contact_clearance::{Column, Entity, Model};

/// Rows of one INSERT: SQLite binds at most 32,766 values, and a row has 7.
const ROWS_PER_INSERT: usize = 4_000;

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
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .order_by_asc(Column::CustomerId)
        .lock(LockType::NoKeyUpdate)
        .all(txn)
        .await?;
    let missing = customers.iter().filter(|&customer| {
        rows.binary_search_by_key(customer, |row| row.customer_id)
            .is_err()
    });
    let missing: Vec<Model> = missing.map(|&customer| revoked(ctx, customer)).collect();
    for chunk in missing.chunks(ROWS_PER_INSERT) {
        Entity::insert_many(chunk.iter().map(|row| row.clone().into_active_model()))
            .exec_without_returning(txn)
            .await
            .map_err(retry_if_taken)?;
    }
    Ok(())
}

/// Makes these the customers' clearances. The transaction holds their [`lock`].
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
    for chunk in rows.chunks(ROWS_PER_INSERT) {
        Entity::insert_many(chunk.iter().map(|row| row.clone().into_active_model()))
            .on_conflict(replace.clone())
            .exec_without_returning(txn)
            .await?;
    }
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
