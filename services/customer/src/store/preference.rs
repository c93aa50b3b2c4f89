//! What customers chose for each channel.
//!
//! Whoever changes a customer's preferences also revokes its clearance; see
//! [`crate::store::contact::clearance`].

use std::collections::HashMap;

use rapport_platform::db::bulk;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{LockType, OnConflict};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    DbErr, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QuerySelect as _,
};
use uuid::Uuid;

use super::contact::clearance;
use super::entity::{preference, preference_set};
use super::identity::group::Group;
use super::{latest, past_choice};
use crate::domain::invalid::InvalidFields;
use crate::domain::preferences::{
    ChannelChoice, Joined, Preference, PreferenceChange, Preferences, Scope, Withdrawal,
};
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
        .filter(bulk::among(db, Column::CustomerId, customers.to_vec()))
        .all(db)
        .await?;
    by_customer(rows)
}

/// The preferences that rows say, by their customer.
pub(super) fn by_customer(
    rows: impl IntoIterator<Item = preference::Model>,
) -> Result<HashMap<Uuid, Preferences>, PlatformError> {
    let mut by_customer: HashMap<Uuid, Vec<preference::Model>> = HashMap::new();
    for row in rows {
        by_customer.entry(row.customer_id).or_default().push(row);
    }
    let read = |(customer, rows)| Ok((customer, from_rows(rows)?));
    by_customer.into_iter().map(read).collect()
}

/// What a customer wants, of all its records together.
pub(crate) async fn of_group(
    ctx: &Context,
    db: &impl ConnectionTrait,
    group: &Group,
) -> Result<Preferences, PlatformError> {
    if group.others.is_empty() {
        return all(ctx, db, group.id()).await;
    }
    Ok(merged(
        group,
        &of_customers(ctx, db, &group.members()).await?,
    ))
}

/// What a customer wants, by what was chosen on each of its records.
pub(crate) fn merged(group: &Group, by_record: &HashMap<Uuid, Preferences>) -> Preferences {
    let own = by_record.get(&group.id()).cloned().unwrap_or_default();
    let others = group.others.iter().filter_map(|member| {
        let preferences = by_record.get(&member.customer)?;
        Some(Joined {
            preferences,
            since: member.joined,
        })
    });
    own.merged_with(&others.collect::<Vec<_>>())
}

/// Sets and withdraws choices on a customer's own record, others of which joined it at `joined`
/// the last time, if ever.
pub(crate) fn revise(
    ctx: &Context,
    own: &Preferences,
    joined: Option<Timestamp>,
    changes: &[PreferenceChange],
) -> Result<Preferences, InvalidFields> {
    let mut after = own.clone();
    match joined {
        None => after.apply(changes, ctx.actor.as_str(), ctx.now)?,
        Some(joined) => after.apply_after(joined, changes, ctx.actor.as_str(), ctx.now)?,
    }
    Ok(after)
}

/// When any of the customers last chose something.
pub(crate) async fn last_change(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<Option<Timestamp>, DbErr> {
    use preference::{Column, Entity};
    let theirs = Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::CustomerId.is_in(customers.iter().copied()));
    latest::<Entity>(db, Column::RecordTime, theirs).await
}

/// Gives a customer's preferences another version, because they count together with others now
/// or no longer do. Whoever acts on them meets this change and runs again.
pub(crate) async fn touch(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer: Uuid,
) -> Result<preference_set::Model, PlatformError> {
    let locked = lock(ctx, txn, customer).await?;
    Ok(write_version(ctx, txn, locked).await?)
}

/// The preferences that rows of one customer say.
pub(super) fn from_rows(
    rows: impl IntoIterator<Item = preference::Model>,
) -> Result<Preferences, PlatformError> {
    let (withdrawn, stated): (Vec<_>, Vec<_>) =
        rows.into_iter().partition(|row| row.choice == WITHDRAWN);
    let stated: Result<Vec<_>, InvalidFields> = stated.into_iter().map(entry).collect();
    let withdrawn: Result<Vec<_>, InvalidFields> = withdrawn.into_iter().map(withdrawal).collect();
    let preferences = stated.and_then(|stated| {
        let withdrawn = withdrawn?;
        Ok(Preferences::stored(stated).without(withdrawn))
    });
    preferences.map_err(|error| PlatformError::internal("reading a preference", error))
}

/// In place of a choice, that there is none any more.
const WITHDRAWN: i16 = 0;

fn withdrawal(row: preference::Model) -> Result<(Scope, Withdrawal), InvalidFields> {
    let scope = Scope::parse(row.purpose.into(), row.channel.into())?;
    let withdrawal = Withdrawal {
        recorder: row.recorder,
        record_time: row.record_time,
    };
    Ok((scope, withdrawal))
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
    let stated = preferences.entries().into_iter();
    let stated = stated.map(|(scope, it)| row(ctx, customer, scope, it));
    let withdrawn = preferences.withdrawn();
    let withdrawn = withdrawn.map(|(scope, it)| withdrawn_row(ctx, customer, scope, it));
    let after: Vec<preference::Model> = stated.chain(withdrawn).collect();
    let theirs = Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::CustomerId.eq(customer));
    let before = Entity::find().filter(theirs.clone()).all(txn).await?;
    let ended = before.into_iter().filter(|it| !after.contains(it));
    let ended = ended.map(|row| {
        // What follows may have been recorded by a clock that is ahead.
        let same = |it: &&preference::Model| (it.channel, it.purpose) == (row.channel, row.purpose);
        let next = after.iter().find(same).map(|it| it.record_time);
        let end = ctx.now.max(next.unwrap_or(ctx.now));
        (row, end)
    });
    past_choice::keep_preferences(ctx, txn, ended).await?;
    Entity::delete_many().filter(theirs).exec(txn).await?;
    let after = after.into_iter().map(preference::Model::into_active_model);
    Entity::insert_many(after)
        .exec_without_returning(txn)
        .await?;
    write_version(ctx, txn, locked).await
}

/// Gives a customer's preferences their next version, also for what is kept beside them, and revokes
/// the clearance that rested on them. The transaction holds the [`lock`].
pub(crate) async fn write_version(
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

fn withdrawn_row(
    ctx: &Context,
    customer: Uuid,
    scope: Scope,
    it: &Withdrawal,
) -> preference::Model {
    preference::Model {
        tenant_id: ctx.tenant,
        customer_id: customer,
        channel: scope.channel().code(),
        purpose: scope.purpose().map_or(0, |purpose| purpose.code()),
        choice: WITHDRAWN,
        rank: 0,
        recorder: it.recorder.clone(),
        record_time: it.record_time,
    }
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
