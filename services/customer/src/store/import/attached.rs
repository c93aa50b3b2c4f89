//! What others attached to the customers of a run, or made of what the run attached.

use std::collections::{HashMap, HashSet};

use rapport_platform::identity::Context;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::entry::Entry;
use crate::domain::import::Undo;
use crate::error::Error;
use crate::store::entity::{
    behaviour_event, channel_activity, consent_event, contact_permit, contact_point, conversation,
    customer, preference_set, role,
};

/// The version of a contact point that nobody has changed.
const UNTOUCHED: i64 = 1;

/// Those of the customers that undo has to keep for what others did beside the customers' own
/// records: a customer that the run created, when anything belongs to it that the run did not
/// add; any customer, when others changed what the run added.
pub(super) async fn by_others(
    ctx: &Context,
    txn: &DatabaseTransaction,
    entries: &[Entry],
) -> Result<HashSet<Uuid>, Error> {
    let new = entries.iter().filter(|entry| entry.is_of_new());
    let new: Vec<Uuid> = new.map(|entry| entry.customer).collect();
    let all: Vec<Uuid> = entries.iter().map(|entry| entry.customer).collect();
    let mut in_use = having(ctx, txn, &new).await?;
    let points = contact_points(ctx, txn, &all).await?;
    let contacts = contact_counts(ctx, txn, &new).await?;
    let chosen = preference_versions(ctx, txn, &all).await?;
    for entry in entries {
        let points = points.get(&entry.customer).map_or(&[][..], Vec::as_slice);
        let contacts = contacts.get(&entry.customer).copied().unwrap_or_default();
        let chosen = chosen.get(&entry.customer).copied().unwrap_or_default();
        let contacted = entry.is_of_new() && contacts != entry.interaction_count;
        if contacted || changed_points(entry, points) || chose_since(entry, chosen) {
            in_use.insert(entry.customer);
        }
    }
    Ok(in_use)
}

/// Whether others changed the run's contact points, or added to or took from those of a
/// customer that had only the run's.
fn changed_points(entry: &Entry, points: &[(Uuid, i64)]) -> bool {
    let own: HashSet<&Uuid> = entry.contact_points.iter().collect();
    let changed = points
        .iter()
        .any(|(id, version)| own.contains(id) && *version != UNTOUCHED);
    let others = points.iter().filter(|(id, _)| !own.contains(id)).count();
    changed || entry.is_of_new() && (others > 0 || points.len() != own.len())
}

/// Whether the customer chose something since the run did so for it.
fn chose_since(entry: &Entry, version: i64) -> bool {
    match &entry.preferences {
        Some(chosen) => matches!(chosen.clone().undo(Some(version)), Undo::Keep),
        None => entry.is_of_new() && version != 0,
    }
}

/// Those of the customers who have what no import gives: conversations, behaviour, consents, leave
/// to contact them, roles, and organisations that belong to them. What belonged to them by the run was taken back before.
async fn having(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: &[Uuid],
) -> Result<HashSet<Uuid>, Error> {
    let mut having = HashSet::new();
    macro_rules! add {
        ($($table:ident . $customer:ident),+) => {
            $(
                let found: Vec<Uuid> = $table::Entity::find()
                    .select_only()
                    .column($table::Column::$customer)
                    .filter($table::Column::TenantId.eq(ctx.tenant))
                    .filter($table::Column::$customer.is_in(ids.iter().copied()))
                    .distinct()
                    .into_tuple()
                    .all(txn)
                    .await?;
                having.extend(found);
            )+
        };
    }
    add!(
        conversation.CustomerId,
        behaviour_event.CustomerId,
        consent_event.CustomerId,
        contact_permit.CustomerId,
        role.CustomerId,
        role.OrganisationId,
        customer.ParentId
    );
    Ok(having)
}

/// The contact points of customers with their versions.
async fn contact_points(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, Vec<(Uuid, i64)>>, Error> {
    use contact_point::{Column, Entity};
    let rows: Vec<(Uuid, Uuid, i64)> = Entity::find()
        .select_only()
        .columns([Column::CustomerId, Column::ContactPointId, Column::Version])
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    let mut points: HashMap<Uuid, Vec<(Uuid, i64)>> = HashMap::new();
    for (customer, id, version) in rows {
        points.entry(customer).or_default().push((id, version));
    }
    Ok(points)
}

/// How many contacts there were with each customer.
async fn contact_counts(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, i64>, Error> {
    use channel_activity::{Column, Entity};
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .all(db)
        .await?;
    let mut counts = HashMap::new();
    for row in rows {
        *counts.entry(row.customer_id).or_default() += row.inbound_count + row.outbound_count;
    }
    Ok(counts)
}

/// The versions of the preferences of those that ever chose.
async fn preference_versions(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, i64>, Error> {
    use preference_set::{Column, Entity};
    let rows: Vec<(Uuid, i64)> = Entity::find()
        .select_only()
        .columns([Column::CustomerId, Column::Version])
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}
