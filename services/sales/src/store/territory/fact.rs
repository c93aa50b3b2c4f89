//! What is known about customers, as far as territories depend on it, and of whom it changed.

use std::collections::HashMap;

use rapport_platform::identity::Context;
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::error::Error;
use crate::store::entity::customer_fact::{Column, Entity, Model};
use crate::store::entity::customer_fact_change as change;
use crate::store::rows::replace_all;

/// Keeps what is not older than what is there. Answers about whom it says anything new.
pub(crate) async fn put(
    ctx: &Context,
    txn: &DatabaseTransaction,
    facts: Vec<Model>,
) -> Result<Vec<Uuid>, Error> {
    let ids = facts.iter().map(|it| it.customer_id);
    let known = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(ids))
        .all(txn)
        .await?;
    let known: HashMap<Uuid, Model> = known.into_iter().map(|it| (it.customer_id, it)).collect();
    let is_new = |fact: &Model| {
        let before = known.get(&fact.customer_id);
        before.is_none_or(|it| fact.fact_time >= it.fact_time && fact != it)
    };
    let new: Vec<Model> = facts.into_iter().filter(is_new).collect();
    let says_more = |fact: &&Model| {
        known.get(&fact.customer_id).is_none_or(|before| {
            let same_time = Model {
                fact_time: before.fact_time,
                ..(*fact).clone()
            };
            same_time != *before
        })
    };
    let told = new.iter().filter(says_more);
    let told = told.map(|it| it.customer_id).collect();
    replace_all::<Entity>(txn, new, None).await?;
    Ok(told)
}

/// Notes that it is to be worked out again whose these customers are. Whoever works it out beside
/// this has to begin again.
pub(crate) async fn mark(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
) -> Result<(), Error> {
    use change::Column as C;
    if customers.is_empty() {
        return Ok(());
    }
    let rows = customers.iter().map(|customer| change::ActiveModel {
        tenant_id: sea_orm::Set(ctx.tenant),
        customer_id: sea_orm::Set(*customer),
        changes: sea_orm::Set(1),
    });
    let mut again = OnConflict::columns([C::TenantId, C::CustomerId]);
    again.value(C::Changes, Expr::col((change::Entity, C::Changes)).add(1));
    change::Entity::insert_many(rows)
        .on_conflict(again)
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// Some of the customers whose territory is to be worked out again.
pub(crate) async fn marked(
    ctx: &Context,
    db: &impl ConnectionTrait,
    limit: u64,
) -> Result<Vec<Uuid>, Error> {
    Ok(change::Entity::find()
        .select_only()
        .column(change::Column::CustomerId)
        .filter(change::Column::TenantId.eq(ctx.tenant))
        .order_by_asc(change::Column::CustomerId)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await?)
}

/// It is worked out whose these customers are.
pub(crate) async fn unmark(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
) -> Result<(), Error> {
    change::Entity::delete_many()
        .filter(change::Column::TenantId.eq(ctx.tenant))
        .filter(change::Column::CustomerId.is_in(customers.iter().copied()))
        .exec(txn)
        .await?;
    Ok(())
}

/// The customers that are there, from behind `after` on.
pub(crate) async fn page(
    ctx: &Context,
    db: &impl ConnectionTrait,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Uuid>, Error> {
    Ok(Entity::find()
        .select_only()
        .column(Column::CustomerId)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::Gone.eq(false))
        .filter(Condition::all().add_option(after.map(|it| Column::CustomerId.gt(it))))
        .order_by_asc(Column::CustomerId)
        .limit(limit)
        .into_tuple()
        .all(db)
        .await?)
}

/// Those of the customers that are there.
pub(crate) async fn present(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<Vec<Uuid>, Error> {
    Ok(Entity::find()
        .select_only()
        .column(Column::CustomerId)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::Gone.eq(false))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .into_tuple()
        .all(db)
        .await?)
}

/// Nothing is known about these customers any more, nor ever will be.
pub(crate) async fn bury(txn: &DatabaseTransaction, graves: Vec<Model>) -> Result<(), Error> {
    replace_all::<Entity>(txn, graves, None).await
}
