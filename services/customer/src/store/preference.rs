//! What customers chose for each channel.
//!
//! Whoever changes a customer's preferences also revokes its clearance; see
//! [`crate::store::contact::clearance`].

use std::collections::HashMap;

use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, DbErr,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QuerySelect as _,
};
use uuid::Uuid;

use super::contact::clearance;
use super::entity::{preference, preference_set};
use crate::domain::invalid::InvalidFields;
use crate::domain::preferences::{ChannelChoice, Preference, Preferences, Scope};
use crate::domain::rank::Rank;

/// The version of a customer's preferences; version 0 while it never stated any.
pub(crate) async fn version(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
) -> Result<preference_set::Model, DbErr> {
    let set = preference_set::Entity::find_by_id((ctx.tenant, customer))
        .one(db)
        .await?;
    Ok(set.unwrap_or_else(|| unstated(ctx, customer)))
}

/// Everything a customer chose.
pub(crate) async fn all(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
) -> Result<Preferences, PlatformError> {
    use preference::{Column, Entity};
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.eq(customer))
        .all(db)
        .await?;
    from_rows(rows)
}

/// Everything that each of the customers chose; those that chose nothing are left out.
pub(crate) async fn of_customers(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, Preferences>, PlatformError> {
    use preference::{Column, Entity};
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .all(db)
        .await?;
    let mut by_customer: HashMap<Uuid, Vec<preference::Model>> = HashMap::new();
    for row in rows {
        by_customer.entry(row.customer_id).or_default().push(row);
    }
    let read = |(customer, rows)| Ok((customer, from_rows(rows)?));
    by_customer.into_iter().map(read).collect()
}

/// The preferences that rows of one customer say.
pub(super) fn from_rows(
    rows: impl IntoIterator<Item = preference::Model>,
) -> Result<Preferences, PlatformError> {
    let entries: Result<Vec<_>, InvalidFields> = rows.into_iter().map(entry).collect();
    entries
        .map(Preferences::stored)
        .map_err(|error| PlatformError::internal("reading a preference", error))
}

fn entry(row: preference::Model) -> Result<(Scope, Preference), InvalidFields> {
    let scope = Scope::parse(row.purpose.into(), row.channel.into())?;
    let choice = ChannelChoice::try_from(i32::from(row.choice))?;
    let rank = Rank::parse(row.rank.into(), u16::MAX)?;
    Ok((
        scope,
        Preference::stored(choice, rank, row.recorder, row.record_time),
    ))
}

/// The version of the customer's preferences, for a transaction that changes them: it is
/// alone with them until it ends.
///
/// Where a customer has no row to lock yet, the first to come inserts it: the
/// unique key makes a second wait, and the engine then has it run again.
pub(crate) async fn lock(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer: Uuid,
) -> Result<preference_set::Model, PlatformError> {
    use preference_set::{Column, Entity};
    let row = Entity::find_by_id((ctx.tenant, customer)).lock(LockType::NoKeyUpdate);
    if let Some(set) = row.one(txn).await? {
        return Ok(set);
    }
    let unstated = unstated(ctx, customer);
    let key = OnConflict::columns([Column::TenantId, Column::CustomerId])
        .do_nothing()
        .to_owned();
    let inserted = Entity::insert(unstated.clone().into_active_model())
        .on_conflict(key)
        .exec_without_returning(txn)
        .await?;
    if inserted == 1 {
        Ok(unstated)
    } else {
        Err(PlatformError::Conflict)
    }
}

fn unstated(ctx: &Context, customer: Uuid) -> preference_set::Model {
    preference_set::Model {
        tenant_id: ctx.tenant,
        customer_id: customer,
        version: 0,
        update_time: None,
    }
}

/// Makes `preferences` all that the customer chose, and answers their new version. The
/// transaction holds the [`lock`].
pub(crate) async fn replace(
    ctx: &Context,
    txn: &DatabaseTransaction,
    locked: preference_set::Model,
    preferences: &Preferences,
) -> Result<preference_set::Model, DbErr> {
    use preference::{Column, Entity};
    let customer = locked.customer_id;
    Entity::delete_many()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.eq(customer))
        .exec(txn)
        .await?;
    let rows = preferences.entries().into_iter();
    let rows = rows.map(|(scope, it)| row(ctx, customer, scope, it).into_active_model());
    Entity::insert_many(rows)
        .exec_without_returning(txn)
        .await?;

    touch(ctx, txn, locked).await
}

/// Gives a customer's preferences their next version, for what is kept beside them, and revokes
/// the clearance that rested on them. The transaction holds the [`lock`].
pub(crate) async fn touch(
    ctx: &Context,
    txn: &DatabaseTransaction,
    locked: preference_set::Model,
) -> Result<preference_set::Model, DbErr> {
    clearance::revoke(ctx, txn, &[locked.customer_id]).await?;
    let changed = preference_set::Model {
        version: locked.version + 1,
        update_time: Some(ctx.now),
        ..locked
    };
    let update = preference_set::ActiveModel::from(changed.clone()).reset_all();
    preference_set::Entity::update(update)
        .validate()?
        .exec(txn)
        .await?;
    Ok(changed)
}

pub(super) fn row(
    ctx: &Context,
    customer: Uuid,
    scope: Scope,
    it: &Preference,
) -> preference::Model {
    preference::Model {
        tenant_id: ctx.tenant,
        customer_id: customer,
        channel: scope.channel().code(),
        purpose: scope.purpose().map_or(0, |purpose| purpose.code()),
        choice: it.choice().code(),
        // At most 100.
        rank: i16::try_from(it.rank().number()).unwrap_or(i16::MAX),
        recorder: it.recorder().to_owned(),
        record_time: it.record_time(),
    }
}
