//! What is derived from all records of a customer and kept at its root.

use std::collections::HashMap;

use rapport_platform::identity::Context;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::group;
use crate::domain::search::{TermKind, Terms};
use crate::error::Error;
use crate::store::{contact_point, customer, search};

/// Every kind of search term.
const ALL_TERMS: &[TermKind] = TermKind::ALL;

/// Makes the search terms of customers, which the transaction has claimed, anew from all their
/// records. Of deleted ones nothing is left.
pub(crate) async fn rebuild(
    ctx: &Context,
    txn: &DatabaseTransaction,
    roots: &[Uuid],
) -> Result<(), Error> {
    if roots.is_empty() {
        return Ok(());
    }
    let mut root_of: HashMap<Uuid, Uuid> = roots.iter().map(|&root| (root, root)).collect();
    for (root, members) in group::members(ctx, txn, roots).await? {
        root_of.extend(members.into_iter().map(|member| (member.customer, root)));
    }
    let ids: Vec<Uuid> = root_of.keys().copied().collect();
    let records = customer::rows_of(ctx, txn, &ids).await?;
    let deleted = |root: &Uuid| {
        let record = records.get(root);
        record.is_none_or(|record| record.row.delete_time.is_some())
    };
    let mut terms: HashMap<Uuid, Terms> = HashMap::new();
    for (id, record) in &records {
        terms.insert(*id, customer::own_terms(record)?);
    }
    for point in contact_point::of_customers(ctx, txn, &ids).await? {
        let address = contact_point::address(&point)?;
        terms.entry(point.customer_id).or_default().address(&address);
    }
    let terms: Vec<(Uuid, Terms)> = terms
        .into_iter()
        .filter_map(|(id, terms)| Some((*root_of.get(&id)?, terms)))
        .filter(|(root, _)| !deleted(root))
        .collect();
    search::clear_kinds(ctx, txn, &ids, ALL_TERMS).await?;
    search::add(ctx, txn, &terms).await
}
