//! Takes interactions out of the repository: only what an undone import put there.

use rapport_platform::identity::Context;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DatabaseTransaction, DbErr, EntityTrait as _,
    QueryFilter as _, Statement, Value,
};
use uuid::Uuid;

use crate::domain::interaction::Direction;
use crate::store::entity::{channel_activity, interaction, interaction_link};

/// Ids of one statement: SQLite binds at most 32,766 values.
const IDS_PER_STATEMENT: usize = 10_000;

/// Removes interactions of these customers and counts their contacts anew.
pub(crate) async fn remove(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
    ids: &[Uuid],
) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    let customers = || customers.iter().copied();
    for ids in ids.chunks(IDS_PER_STATEMENT) {
        interaction_link::Entity::delete_many()
            .filter(interaction_link::Column::TenantId.eq(ctx.tenant))
            .filter(interaction_link::Column::CustomerId.is_in(customers()))
            .filter(interaction_link::Column::InteractionId.is_in(ids.iter().copied()))
            .exec(txn)
            .await?;
        interaction::Entity::delete_many()
            .filter(interaction::Column::TenantId.eq(ctx.tenant))
            .filter(interaction::Column::CustomerId.is_in(customers()))
            .filter(interaction::Column::InteractionId.is_in(ids.iter().copied()))
            .exec(txn)
            .await?;
    }
    channel_activity::Entity::delete_many()
        .filter(channel_activity::Column::TenantId.eq(ctx.tenant))
        .filter(channel_activity::Column::CustomerId.is_in(customers()))
        .exec(txn)
        .await?;
    count_anew(ctx, txn, customers().map(Value::from).collect()).await
}

async fn count_anew(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: Vec<Value>,
) -> Result<(), DbErr> {
    let places: Vec<String> = (2..customers.len() + 2).map(|n| format!("${n}")).collect();
    let (inbound, outbound) = (Direction::Inbound.code(), Direction::Outbound.code());
    let sql = format!(
        "INSERT INTO channel_activity \
         (tenant_id, customer_id, channel, inbound_count, outbound_count, last_time) \
         SELECT tenant_id, customer_id, channel, \
         SUM(CASE direction WHEN {inbound} THEN 1 ELSE 0 END), \
         SUM(CASE direction WHEN {outbound} THEN 1 ELSE 0 END), MAX(occur_time) \
         FROM interaction WHERE tenant_id = $1 AND customer_id IN ({}) \
         GROUP BY tenant_id, customer_id, channel",
        places.join(", ")
    );
    let values = std::iter::once(ctx.tenant.into()).chain(customers);
    let statement = Statement::from_sql_and_values(txn.get_database_backend(), sql, values);
    txn.execute_raw(statement).await?;
    Ok(())
}
