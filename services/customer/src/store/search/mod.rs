//! The index of search terms.
//!
//! Whoever writes terms has the customer's row written too, by a change or by
//! [`claim_live`](super::customer::claim_live): so the terms of a deleted customer stay away.

mod find;

use std::collections::BTreeMap;

use rapport_platform::identity::Context;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
};
use uuid::Uuid;

pub(crate) use find::{Position, find};

use super::entity::search_term::{ActiveModel, Column, Entity};
use crate::domain::search::{Term, TermKind};
use crate::error::Error;

/// Adds terms; those that the customer has already stay.
pub(crate) async fn add<'a>(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer_id: Uuid,
    terms: impl IntoIterator<Item = &'a Term>,
) -> Result<(), Error> {
    let rows: Vec<_> = terms
        .into_iter()
        .map(|term| ActiveModel {
            tenant_id: Set(ctx.tenant),
            field: Set(term.kind().code()),
            term: Set(term.text().to_owned()),
            customer_id: Set(customer_id),
        })
        .collect();
    if !rows.is_empty() {
        Entity::insert_many(rows).on_conflict_do_nothing().exec_without_returning(txn).await?;
    }
    Ok(())
}

/// Makes `terms` the customer's only ones of `kinds`.
pub(crate) async fn replace<'a>(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer_id: Uuid,
    kinds: &[TermKind],
    terms: impl Iterator<Item = &'a Term> + Clone,
) -> Result<(), Error> {
    let of_kinds = Column::Field.is_in(kinds.iter().map(|kind| kind.code()));
    let mut others = of_customer(ctx, customer_id).add(of_kinds);
    if let Some(kept) = among(terms.clone()) {
        others = others.add(kept.not());
    }
    Entity::delete_many().filter(others).exec(txn).await?;
    add(ctx, txn, customer_id, terms).await
}

/// Removes terms.
pub(crate) async fn remove<'a>(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer_id: Uuid,
    terms: impl Iterator<Item = &'a Term>,
) -> Result<(), Error> {
    if let Some(terms) = among(terms) {
        Entity::delete_many().filter(of_customer(ctx, customer_id).add(terms)).exec(txn).await?;
    }
    Ok(())
}

/// Removes all of the customer's terms.
pub(crate) async fn clear(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer_id: Uuid,
) -> Result<(), Error> {
    Entity::delete_many().filter(of_customer(ctx, customer_id)).exec(txn).await?;
    Ok(())
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
        by_kind.entry(term.kind().code()).or_default().push(term.text());
    }
    if by_kind.is_empty() {
        return None;
    }
    Some(by_kind.into_iter().fold(Condition::any(), |among, (kind, texts)| {
        among.add(Condition::all().add(Column::Field.eq(kind)).add(Column::Term.is_in(texts)))
    }))
}
