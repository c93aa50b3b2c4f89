//! Searches all customers for duplicates, some at a time.

use std::collections::{BTreeSet, HashMap};

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    DbErr, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::find::MOST_COMPARED;
use super::{alike, candidate, index};
use crate::domain::identity::ScanState;
use crate::domain::identity::duplicates::{DuplicatePolicy, Key, compare};
use crate::error::{Error, superseded};
use crate::resource;
use crate::store::customer as customers;
use crate::store::entity::customer;
use crate::store::entity::duplicate_scan::{Column, Entity, Model};

/// Customers of one step: one transaction, short enough not to hold others up.
const CUSTOMERS_PER_STEP: u64 = 50;

/// One search.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    Entity::find_by_id((ctx.tenant, id))
        .one(db)
        .await?
        .ok_or_else(|| Error::not_found(resource::DUPLICATE_SCAN.format(&[id])))
}

/// The tenant's search that runs, or a new one.
pub(crate) async fn start(ctx: &Context, txn: &DatabaseTransaction) -> Result<Model, Error> {
    let running = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CompleteTime.is_null())
        .one(txn)
        .await?;
    if let Some(running) = running {
        return Ok(running);
    }
    let row = Model {
        tenant_id: ctx.tenant,
        scan_id: new_id(),
        state: ScanState::Running.code(),
        position: None,
        examined_count: 0,
        candidate_count: 0,
        merged_count: 0,
        actor: ctx.actor.to_string(),
        create_time: ctx.now,
        update_time: ctx.now,
        complete_time: None,
    };
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// Some search that runs, of whichever tenant: the one that was worked on longest ago, so that
/// all come forward.
pub(crate) async fn next_running(db: &impl ConnectionTrait) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::CompleteTime.is_null())
        .order_by_asc(Column::UpdateTime)
        .limit(1)
        .one(db)
        .await
}

/// Examines some customers. Each is compared with those recorded before it, so that every pair
/// is met once, at the later of the two. Answers the search, and whether all were examined.
pub(crate) async fn step(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
    policy: DuplicatePolicy,
) -> Result<(Model, bool), Error> {
    let before = get(ctx, txn, id).await?;
    let live = Condition::all().add(customer::Column::DeleteTime.is_null());
    let rows = customers::list(ctx, txn, live, before.position, CUSTOMERS_PER_STEP).await?;
    let ids: Vec<Uuid> = rows.iter().map(|row| row.customer_id).collect();
    let without = index::without_keys(ctx, txn, &ids).await?;
    index::rebuild_keys(ctx, txn, &without).await?;
    let found = pairs(ctx, txn, &ids, policy).await?;
    let new = candidate::keep(txn, found).await?;
    let count = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
    let after = Model {
        position: ids.last().copied().or(before.position),
        examined_count: before.examined_count + count(ids.len() as u64),
        candidate_count: before.candidate_count + count(new),
        update_time: ctx.now,
        ..before.clone()
    };
    let all = (ids.len() as u64) < CUSTOMERS_PER_STEP;
    Ok((save(txn, &before, after).await?, all))
}

async fn pairs(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: &[Uuid],
    policy: DuplicatePolicy,
) -> Result<Vec<crate::store::entity::duplicate_candidate::Model>, Error> {
    let own = index::traits(ctx, txn, ids).await?;
    let keys: HashMap<Uuid, BTreeSet<Key>> = own
        .iter()
        .map(|(id, traits)| (*id, traits.keys()))
        .collect();
    let all_keys: BTreeSet<Key> = keys.values().flatten().copied().collect();
    let blocks = alike::blocks(ctx, txn, &all_keys).await?;
    let mut compared: Vec<(Uuid, Vec<Uuid>)> = Vec::new();
    for (id, keys) in &keys {
        let earlier = alike::sharing(keys, &blocks, |other| other < *id, MOST_COMPARED);
        compared.push((*id, earlier));
    }
    let others: BTreeSet<Uuid> = compared.iter().flat_map(|(_, ids)| ids).copied().collect();
    let others: Vec<Uuid> = others.into_iter().collect();
    let others = index::traits(ctx, txn, &others).await?;
    let mut found = Vec::new();
    for (id, earlier) in compared {
        for other in earlier {
            let Some((one, two)) = own.get(&id).zip(others.get(&other)) else {
                continue;
            };
            if let Some(matched) = compare(one, two).filter(|it| it.score >= policy.review()) {
                found.push(candidate::row(ctx, [id, other], &matched)?);
            }
        }
    }
    Ok(found)
}

/// Ends a search in which `merged` pairs were merged.
pub(crate) async fn complete(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: &Model,
    merged: i64,
) -> Result<Model, Error> {
    let after = Model {
        state: ScanState::Completed.code(),
        merged_count: before.merged_count + merged,
        update_time: ctx.now,
        complete_time: Some(ctx.now),
        ..before.clone()
    };
    save(txn, before, after).await
}

/// Writes how far a search is. Of two workers the second meets another position.
async fn save(txn: &DatabaseTransaction, before: &Model, after: Model) -> Result<Model, Error> {
    let same_place = match before.position {
        Some(position) => Column::Position.eq(position),
        None => Column::Position.is_null(),
    };
    Entity::update(after.clone().into_active_model().reset_all())
        .validate()?
        .filter(same_place)
        .filter(Column::CompleteTime.is_null())
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(after)
}
