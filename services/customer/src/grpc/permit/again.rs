//! Contacts that were granted before, asked for once more: what the customer said since counts.

use std::collections::{BTreeSet, HashMap};

use rapport_platform::identity::Context;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::{Policies, convert};
use crate::domain::contact::decision::{Contact, Decision};
use crate::domain::contact::permit::PermitState;
use crate::error::Error;
use crate::store::contact::{clearance, permit, standing};
use crate::store::entity::contact_permit::Model;
use crate::store::identity::group;

/// What became of a permit.
pub(super) enum Again {
    /// It can be used as before, or was.
    Holds(Box<Model>),
    /// The customer has forbidden the contact since: the permit is released. No decision: the
    /// customer is gone.
    Withdrawn(Option<Box<Decision>>),
}

/// Judges contacts that are reserved again, in the order of `granted`. Caps are not asked: the
/// contacts count toward them themselves. Those that were made, or are on their way, stay.
pub(super) async fn judge(
    policies: &Policies,
    ctx: &Context,
    txn: &DatabaseTransaction,
    contact: &Contact,
    granted: Vec<Model>,
) -> Result<Vec<Again>, Error> {
    let chosen = chosen(policies, ctx, txn, contact, &granted).await?;
    let mut withdrawn = Vec::new();
    let mut judged = Vec::with_capacity(granted.len());
    for row in granted {
        let reserved = convert::state(&row, ctx.now)? == PermitState::Reserved;
        let decision = chosen.get(&row.contact_permit_id).cloned();
        if !reserved || decision.as_ref().is_some_and(Decision::is_allowed) {
            judged.push(Again::Holds(Box::new(row)));
        } else {
            withdrawn.push(row.contact_permit_id);
            judged.push(Again::Withdrawn(decision.map(Box::new)));
        }
    }
    permit::withdraw(ctx, txn, &withdrawn).await?;
    Ok(judged)
}

/// What the customers' choice says of each permit's contact; nothing of those that are gone.
async fn chosen(
    policies: &Policies,
    ctx: &Context,
    txn: &DatabaseTransaction,
    contact: &Contact,
    granted: &[Model],
) -> Result<HashMap<Uuid, Decision>, Error> {
    let records: Vec<Uuid> = granted.iter().map(|row| row.customer_id).collect();
    let roots = group::roots_among(ctx, txn, &records).await?;
    let root = |id: Uuid| roots.get(&id).copied().unwrap_or(id);
    let customers: BTreeSet<Uuid> = records.into_iter().map(root).collect();
    let customers: Vec<Uuid> = customers.into_iter().collect();
    clearance::lock(ctx, txn, &customers).await?;
    let policy = policies.current(ctx, txn).await?;
    let found = standing::of_customers(ctx, txn, &customers).await?;
    let judged = granted.iter().filter_map(|row| {
        let found = found.get(&root(row.customer_id))?;
        let mut standing = found.standing.clone();
        let at = standing.time(ctx.now);
        standing.contacts.clear();
        let decision = standing.decide(&policy.rules, contact, at);
        (!found.deleted).then_some((row.contact_permit_id, decision))
    });
    Ok(judged.collect())
}
