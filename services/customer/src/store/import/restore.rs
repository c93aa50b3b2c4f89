//! Gives customers their earlier values back.

use std::collections::{HashMap, HashSet};

use rapport_platform::identity::Context;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::entry::Entry;
use crate::domain::external_id::ExternalId;
use crate::domain::import::JournalEntry;
use crate::error::Error;
use crate::store::contact::clearance;
use crate::store::customer::{self, Change, Record};
use crate::store::{contact_point, interaction, preference};

/// A customer as it is and as it was before the run.
pub(super) struct Restored {
    pub(super) now: Record,
    pub(super) before: Record,
    /// What else the run did to it.
    pub(super) entry: Entry,
}

impl Restored {
    fn id(&self) -> Uuid {
        self.now.row.customer_id
    }

    fn moves(&self) -> bool {
        self.now.row.parent_id != self.before.row.parent_id
    }

    /// The earlier values as a change of their own, for versions only grow; none when only
    /// things beside the customer's record changed.
    fn change(&self, ctx: &Context) -> Option<Change> {
        if self.now.row.version == self.before.row.version {
            return None;
        }
        let mut after = self.before.clone();
        after.row.version = self.now.row.version + 1;
        after.row.update_time = ctx.now;
        Some(Change {
            before: self.now.clone(),
            after,
        })
    }
}

/// Restores the customers, which the transaction has claimed. Answers how many it kept as they
/// are, because what they had earlier belongs to others by now, or can't be above them.
pub(super) async fn restore(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: Vec<Restored>,
) -> Result<usize, Error> {
    let all = customers.len();
    let customers = with_free_ids(ctx, txn, customers).await?;
    let customers = under_earlier_parents(ctx, txn, customers).await?;
    let kept = all - customers.len();
    let restored: Vec<Uuid> = customers.iter().map(Restored::id).collect();
    clearance::revoke(ctx, txn, &restored).await?;
    let changes: Vec<Change> = customers.iter().filter_map(|it| it.change(ctx)).collect();
    customer::overwrite(ctx, txn, &changes).await?;
    remove_additions(ctx, txn, &customers).await?;
    restore_preferences(ctx, txn, customers).await?;
    Ok(kept)
}

/// Those of the customers whose earlier external ids nobody else has, once all of them have
/// given up the ids that the run gave them.
async fn with_free_ids(
    ctx: &Context,
    txn: &DatabaseTransaction,
    mut customers: Vec<Restored>,
) -> Result<Vec<Restored>, Error> {
    let wanted: Vec<ExternalId> = customers.iter().flat_map(|it| ids(&it.before)).collect();
    let holders = customer::holders(ctx, txn, &wanted).await?;
    // Whoever is left out keeps its ids, which another may have wanted.
    while let Some(at) = first_without(&customers, &holders) {
        customers.swap_remove(at);
    }
    Ok(customers)
}

/// The place of a customer that can't have its earlier ids back.
fn first_without(customers: &[Restored], holders: &HashMap<ExternalId, Uuid>) -> Option<usize> {
    let restored: HashSet<Uuid> = customers.iter().map(Restored::id).collect();
    let mut promised = HashSet::new();
    customers.iter().position(|customer| {
        ids(&customer.before).into_iter().any(|id| {
            let free = holders
                .get(&id)
                .is_none_or(|holder| restored.contains(holder));
            !free || !promised.insert(id)
        })
    })
}

fn ids(record: &Record) -> Vec<ExternalId> {
    let ids = record.external_ids.iter();
    ids.filter_map(|it| ExternalId::parse(&it.system, &it.external_id).ok())
        .collect()
}

/// Those of the customers that can belong where they belonged before, which they then do. All
/// leave their places first, so that the order in which they return matters little; checked
/// one after the other, because each may stand above the next.
async fn under_earlier_parents(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: Vec<Restored>,
) -> Result<Vec<Restored>, Error> {
    let moving: Vec<Uuid> = customers
        .iter()
        .filter(|it| it.moves())
        .map(Restored::id)
        .collect();
    if moving.is_empty() {
        return Ok(customers);
    }
    customer::set_parent(ctx, txn, &moving, None).await?;
    let mut returned = Vec::with_capacity(customers.len());
    for customer in customers {
        if !customer.moves() || put(ctx, txn, &customer.now, customer.before.row.parent_id).await? {
            returned.push(customer);
        } else {
            // Back to where it was, unless one who returned stands in between.
            put(ctx, txn, &customer.now, customer.now.row.parent_id).await?;
        }
    }
    Ok(returned)
}

/// Puts a customer under a parent, or none, if it may be there.
async fn put(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer: &Record,
    parent: Option<Uuid>,
) -> Result<bool, Error> {
    let Some(parent) = parent else {
        return Ok(true);
    };
    let member = customer::member(&customer.row)?;
    if customer::check_parent(ctx, txn, member, parent, false)
        .await?
        .is_err()
    {
        return Ok(false);
    }
    customer::set_parent(ctx, txn, &[customer.row.customer_id], Some(parent)).await?;
    Ok(true)
}

/// Removes what the run added beside the customers' records.
async fn remove_additions(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Restored],
) -> Result<(), Error> {
    let entries = || customers.iter().map(|it| &it.entry);
    let with_points = entries().filter(|it| !it.contact_points.is_empty());
    let points: Vec<Uuid> = entries().flat_map(|it| it.contact_points.clone()).collect();
    let with_points: Vec<Uuid> = with_points.map(|it| it.customer).collect();
    contact_point::remove(ctx, txn, &with_points, &points).await?;

    let contacted = entries().filter(|it| !it.interactions.is_empty());
    let interactions: Vec<Uuid> = entries().flat_map(|it| it.interactions.clone()).collect();
    let contacted: Vec<Uuid> = contacted.map(|it| it.customer).collect();
    Ok(interaction::remove(ctx, txn, &contacted, &interactions).await?)
}

/// Lets customers choose again what they chose before. One after the other, because each
/// customer's preferences are locked by themselves.
async fn restore_preferences(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: Vec<Restored>,
) -> Result<(), Error> {
    for Restored { entry, .. } in customers {
        let before = entry.preferences.as_ref().and_then(JournalEntry::before);
        if let Some(before) = before {
            let locked = preference::lock(ctx, txn, entry.customer).await?;
            preference::replace(ctx, txn, locked, before).await?;
        }
    }
    Ok(())
}
