//! The index of search terms.
//!
//! Whoever writes terms has the customer's row written too, by a change or by
//! [`claim_live`](super::customer::claim_live): so the terms of a deleted customer stay away.

mod find;

use std::collections::BTreeMap;

use rapport_platform::db::bulk;
use rapport_platform::identity::Context;
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
};
use uuid::Uuid;

#[cfg(test)]
pub(crate) use find::statement;
pub(crate) use find::{Position, find};

use super::entity::search_term::{Column, Entity, Model};
use crate::domain::search::{Term, TermKind, Terms};
use crate::error::Error;

/// Adds terms of customers; those that a customer has already stay.
pub(crate) async fn add(
    ctx: &Context,
    txn: &DatabaseTransaction,
    terms: &[(Uuid, Terms)],
) -> Result<(), Error> {
    let rows = terms
        .iter()
        .flat_map(|(customer_id, terms)| terms.iter().map(|term| row(ctx, *customer_id, term)));
    bulk::insert::<Entity>(txn, rows.collect(), bulk::keep()).await?;
    Ok(())
}

/// Makes `terms` the customer's only ones of `kinds`.
pub(crate) async fn replace(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer_id: Uuid,
    kinds: &[TermKind],
    terms: Terms,
) -> Result<(), Error> {
    let of_kinds = Column::Field.is_in(kinds.iter().map(|kind| kind.code()));
    let mut others = of_customer(ctx, customer_id).add(of_kinds);
    if let Some(kept) = among(terms.iter()) {
        others = others.add(kept.not());
    }
    Entity::delete_many().filter(others).exec(txn).await?;
    add(ctx, txn, &[(customer_id, terms)]).await
}

/// Removes terms.
pub(crate) async fn remove(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer_id: Uuid,
    terms: &[&Term],
) -> Result<(), Error> {
    if let Some(terms) = among(terms.iter().copied()) {
        Entity::delete_many()
            .filter(of_customer(ctx, customer_id).add(terms))
            .exec(txn)
            .await?;
    }
    Ok(())
}

/// Removes all of the customer's terms.
pub(crate) async fn clear(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer_id: Uuid,
) -> Result<(), Error> {
    Entity::delete_many()
        .filter(of_customer(ctx, customer_id))
        .exec(txn)
        .await?;
    Ok(())
}

/// Removes all terms of these kinds from customers.
pub(crate) async fn clear_kinds(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
    kinds: &[TermKind],
) -> Result<(), Error> {
    if customers.is_empty() {
        return Ok(());
    }
    Entity::delete_many()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .filter(Column::Field.is_in(kinds.iter().map(|kind| kind.code())))
        .exec(txn)
        .await?;
    Ok(())
}

fn row(ctx: &Context, customer_id: Uuid, term: &Term) -> Model {
    Model {
        tenant_id: ctx.tenant,
        field: term.kind().code(),
        term: term.text().to_owned(),
        customer_id,
    }
}

fn of_customer(ctx: &Context, customer_id: Uuid) -> Condition {
    Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::CustomerId.eq(customer_id))
}

/// The rows of these terms, one list per kind: SQLite has no list of pairs. None for no terms.
fn among<'a>(terms: impl Iterator<Item = &'a Term>) -> Option<Condition> {
    let mut by_kind: BTreeMap<i16, Vec<&str>> = BTreeMap::new();
    for term in terms {
        by_kind
            .entry(term.kind().code())
            .or_default()
            .push(term.text());
    }
    if by_kind.is_empty() {
        return None;
    }
    Some(
        by_kind
            .into_iter()
            .fold(Condition::any(), |among, (kind, texts)| {
                among.add(
                    Condition::all()
                        .add(Column::Field.eq(kind))
                        .add(Column::Term.is_in(texts)),
                )
            }),
    )
}
