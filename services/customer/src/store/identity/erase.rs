//! Erases everything that is kept of a customer.

use rapport_platform::db::table::{dead_letter, idempotency, outbox};
use rapport_platform::identity::Context;
use sea_orm::sea_query::{Expr, SimpleExpr};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, DatabaseTransaction, DbBackend, DbErr,
    EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _,
    QuerySelect as _, QueryTrait as _,
};
use uuid::Uuid;

use super::group::Group;
use super::suppression::suppress_erased;
use crate::error::Error;
use crate::resource;
use crate::store::customer as customers;
use crate::store::entity as table;

/// Deletes the rows of customers from tables, and names those tables.
macro_rules! of_customers {
    ($($table:ident . $($column:ident)|+),+ $(,)?) => {
        async fn delete_rows(
            ctx: &Context,
            txn: &DatabaseTransaction,
            ids: &[Uuid],
        ) -> Result<(), DbErr> {
            $(
                let of_customers = Condition::any()
                    $(.add(table::$table::Column::$column.is_in(ids.iter().copied())))+;
                table::$table::Entity::delete_many()
                    .filter(table::$table::Column::TenantId.eq(ctx.tenant))
                    .filter(of_customers)
                    .exec(txn)
                    .await?;
            )+
            Ok(())
        }

        /// The tables from which a customer is erased.
        #[cfg(test)]
        pub(crate) const TABLES: &[&str] = &[$(stringify!($table)),+];
    };
}

of_customers! {
    search_term.CustomerId,
    blocking_key.CustomerId,
    customer_external_id.CustomerId,
    contact_point.CustomerId,
    interaction_link.CustomerId,
    interaction.CustomerId,
    channel_activity.CustomerId,
    conversation.CustomerId,
    preference.CustomerId,
    preference_set.CustomerId,
    contact_times.CustomerId,
    past_choice.CustomerId,
    contact_clearance.CustomerId,
    contact_permit.CustomerId,
    consent_event.CustomerId,
    delivery.CustomerId,
    delivery_attachment.CustomerId,
    stage_change.CustomerId,
    behaviour_event.CustomerId,
    role.CustomerId,
    import_journal.CustomerId,
    pending_parent.CustomerId | ParentId,
    duplicate_candidate.CustomerId | OtherId,
    customer_merge.SurvivorId | MergedId,
    customer.CustomerId,
}

/// Erases a customer with all its records. Answers their ids, its own first.
///
/// # Errors
/// `InUse` while others depend on it.
pub(crate) async fn erase(
    ctx: &Context,
    txn: &DatabaseTransaction,
    group: &Group,
) -> Result<Vec<Uuid>, Error> {
    let ids = group.members();
    let rows = customers::claim_rows(ctx, txn, &ids).await?;
    refuse_in_use(ctx, txn, group.id(), &ids).await?;
    suppress_erased(ctx, txn, &addresses(ctx, txn, &ids).await?).await?;
    let tombstones = rows
        .into_iter()
        .map(|row| table::customer_tombstone::Model {
            tenant_id: ctx.tenant,
            erased_id: row.customer_id,
            kind: row.kind,
            lifecycle_stage: row.lifecycle_stage,
            actor: ctx.actor.to_string(),
            erase_time: ctx.now,
        });
    let tombstones = tombstones.map(table::customer_tombstone::Model::into_active_model);
    table::customer_tombstone::Entity::insert_many(tombstones)
        .exec_without_returning(txn)
        .await?;
    delete_attempts(ctx, txn, &ids).await?;
    delete_rows(ctx, txn, &ids).await?;
    forget_parents(ctx, txn, &ids).await?;
    delete_messages(ctx, txn, &ids).await?;
    Ok(ids)
}

/// Refuses to erase what subsidiaries that are not deleted, or roles of others, belong to.
async fn refuse_in_use(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
    ids: &[Uuid],
) -> Result<(), Error> {
    use table::{customer, role};
    let subsidiaries = customer::Entity::find()
        .filter(customer::Column::TenantId.eq(ctx.tenant))
        .filter(customer::Column::ParentId.is_in(ids.iter().copied()))
        .filter(customer::Column::DeleteTime.is_null())
        .count(txn)
        .await?;
    let roles = role::Entity::find()
        .filter(role::Column::TenantId.eq(ctx.tenant))
        .filter(role::Column::OrganisationId.is_in(ids.iter().copied()))
        .count(txn)
        .await?;
    match subsidiaries + roles {
        0 => Ok(()),
        dependents => Err(Error::InUse {
            resource: resource::customer(id),
            dependents,
        }),
    }
}

/// The digests of the customer's addresses.
async fn addresses(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: &[Uuid],
) -> Result<Vec<Vec<u8>>, DbErr> {
    use table::contact_point::{Column, Entity};
    Entity::find()
        .select_only()
        .column(Column::AddressDigest)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(ids.iter().copied()))
        .into_tuple()
        .all(txn)
        .await
}

/// Deletes what was tried to deliver messages to the customer: these rows name the delivery alone.
async fn delete_attempts(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: &[Uuid],
) -> Result<(), DbErr> {
    use table::{delivery, delivery_attempt};
    let deliveries = delivery::Entity::find()
        .select_only()
        .column(delivery::Column::DeliveryId)
        .filter(delivery::Column::TenantId.eq(ctx.tenant))
        .filter(delivery::Column::CustomerId.is_in(ids.iter().copied()))
        .into_query();
    delivery_attempt::Entity::delete_many()
        .filter(delivery_attempt::Column::TenantId.eq(ctx.tenant))
        .filter(delivery_attempt::Column::DeliveryId.in_subquery(deliveries))
        .exec(txn)
        .await?;
    Ok(())
}

/// Deleted organisations that belonged to an erased one belong to none.
async fn forget_parents(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: &[Uuid],
) -> Result<(), DbErr> {
    use table::customer::{Column, Entity};
    Entity::update_many()
        .col_expr(Column::ParentId, Expr::value(Option::<Uuid>::None))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ParentId.is_in(ids.iter().copied()))
        .exec(txn)
        .await?;
    Ok(())
}

/// Removes events, answers kept for repeated requests and events that could not be handled, as
/// far as they name the customer. They are kept for days only, so that they are looked through.
async fn delete_messages(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: &[Uuid],
) -> Result<(), DbErr> {
    let backend = txn.get_database_backend();
    outbox::Entity::delete_many()
        .filter(outbox::Column::TenantId.eq(ctx.tenant))
        .filter(naming(backend, "payload", ids))
        .exec(txn)
        .await?;
    dead_letter::Entity::delete_many()
        .filter(dead_letter::Column::TenantId.eq(ctx.tenant))
        .filter(naming(backend, "payload", ids))
        .exec(txn)
        .await?;
    idempotency::Entity::delete_many()
        .filter(idempotency::Column::TenantId.eq(ctx.tenant))
        .filter(naming(backend, "response", ids))
        .exec(txn)
        .await?;
    Ok(())
}

/// Whether the bytes in a column name one of the customers.
fn naming(backend: DbBackend, column: &'static str, ids: &[Uuid]) -> Condition {
    let contains = match backend {
        DbBackend::Postgres => format!("position($1 in {column}) > 0"),
        _ => format!("instr({column}, ?) > 0"),
    };
    let named = |id: &Uuid| -> SimpleExpr {
        let name = resource::customer(*id).into_bytes();
        Expr::cust_with_values(contains.clone(), [name])
    };
    ids.iter().map(named).fold(Condition::any(), Condition::add)
}
