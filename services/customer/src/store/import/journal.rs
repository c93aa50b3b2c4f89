//! What a run did to each customer, kept until it is taken back.

use std::collections::HashMap;

use rapport_platform::db::bulk;
use rapport_platform::identity::Context;
use sea_orm::sea_query::{Alias, Expr, ExprTrait as _, IntoIden, OnConflict, Query, SimpleExpr};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _, JoinType,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::entry::{Done, Entry, merged, read, write};
use crate::error::Error;
use crate::store::entity::customer;
use crate::store::entity::import_journal::{Column, Entity, Model};

/// Adds what a batch did to the run's journal: one entry per customer, whichever number of
/// batches touched it.
pub(crate) async fn note(
    ctx: &Context,
    txn: &DatabaseTransaction,
    run: Uuid,
    done: Vec<Done>,
) -> Result<(), Error> {
    let earlier = of_customers(ctx, txn, run, done.iter().map(|it| it.customer)).await?;
    let rows = done
        .into_iter()
        .map(|done| {
            let earlier = earlier.get(&done.customer).cloned().map(read).transpose()?;
            write(ctx, run, merged(earlier, done))
        })
        .collect::<Result<Vec<_>, Error>>()?;
    let key = [Column::TenantId, Column::ImportRunId, Column::CustomerId];
    let replace = OnConflict::columns(key)
        .update_columns([
            Column::Before,
            Column::LeftVersion,
            Column::ContactPoints,
            Column::Interactions,
            Column::InteractionCount,
            Column::Preferences,
        ])
        .to_owned();
    bulk::insert::<Entity>(txn, rows, Some(replace)).await?;
    Ok(())
}

/// The next entries to take back. Those of organisations wait for those of their subsidiaries,
/// so that a parent that the run created can go when nobody belongs to it any more.
pub(super) async fn next(
    ctx: &Context,
    db: &impl ConnectionTrait,
    run: Uuid,
    limit: u64,
) -> Result<Vec<Entry>, Error> {
    let some = |among: Condition| {
        Entity::find()
            .filter(among)
            .order_by_asc(Column::CustomerId)
            .limit(limit)
            .all(db)
    };
    let mut rows = some(of_run(ctx, run).add(has_noted_child().not())).await?;
    if rows.is_empty() {
        // Nothing is left, or a circle of organisations, should there ever be one.
        rows = some(of_run(ctx, run)).await?;
    }
    rows.into_iter().map(read).collect()
}

/// Whether a customer that belongs to that of the entry has an entry of its own in the run.
fn has_noted_child() -> SimpleExpr {
    let (child, noted) = (Alias::new("child"), Alias::new("noted"));
    let of_child = Condition::all()
        .add(same(
            &noted,
            Column::TenantId,
            &child,
            customer::Column::TenantId,
        ))
        .add(same(
            &noted,
            Column::CustomerId,
            &child,
            customer::Column::CustomerId,
        ));
    let children = Query::select()
        .expr(Expr::val(1))
        .from_as(customer::Entity, child.clone())
        .join_as(JoinType::InnerJoin, Entity, noted.clone(), of_child)
        .and_where(same(
            &child,
            customer::Column::TenantId,
            &Entity,
            Column::TenantId,
        ))
        .and_where(same(
            &child,
            customer::Column::ParentId,
            &Entity,
            Column::CustomerId,
        ))
        .and_where(same(
            &noted,
            Column::ImportRunId,
            &Entity,
            Column::ImportRunId,
        ))
        .take();
    Expr::exists(children)
}

fn same(
    one: &(impl IntoIden + Clone),
    column: impl IntoIden,
    other: &(impl IntoIden + Clone),
    other_column: impl IntoIden,
) -> SimpleExpr {
    Expr::col((one.clone(), column)).equals((other.clone(), other_column))
}

/// Removes entries that were dealt with.
pub(super) async fn forget(
    ctx: &Context,
    txn: &DatabaseTransaction,
    run: Uuid,
    customers: &[Uuid],
) -> Result<(), Error> {
    let customers = Column::CustomerId.is_in(customers.iter().copied());
    Entity::delete_many()
        .filter(of_run(ctx, run))
        .filter(customers)
        .exec(txn)
        .await?;
    Ok(())
}

async fn of_customers(
    ctx: &Context,
    db: &impl ConnectionTrait,
    run: Uuid,
    customers: impl Iterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Model>, Error> {
    let rows = Entity::find()
        .filter(of_run(ctx, run))
        .filter(Column::CustomerId.is_in(customers))
        .all(db)
        .await?;
    Ok(rows.into_iter().map(|row| (row.customer_id, row)).collect())
}

fn of_run(ctx: &Context, run: Uuid) -> Condition {
    Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::ImportRunId.eq(run))
}
