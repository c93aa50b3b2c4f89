//! Takes a run back, some customers at a time.

use std::collections::{HashMap, HashSet};

use rapport_platform::identity::Context;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, PaginatorTrait as _,
    QueryFilter as _, QuerySelect as _,
};
use uuid::Uuid;

use super::journal::{self, Entry};
use crate::domain::import::{ImportRun, Undo};
use crate::error::Error;
use crate::store::customer::{self, Change, Record};
use crate::store::entity::{behaviour_event, channel_activity, contact_point, conversation, role};
use crate::store::{contact_point as contact_points, interaction};

/// Customers of one step: one transaction, short enough not to hold others up.
const CUSTOMERS_PER_STEP: u64 = 500;

/// Takes back what the run did to some customers and notes it in `run`; when nothing is left,
/// the run is undone.
pub(crate) async fn undo_step(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
    run: &mut ImportRun,
) -> Result<(), Error> {
    let entries = journal::some(ctx, txn, id, CUSTOMERS_PER_STEP).await?;
    if entries.is_empty() {
        run.finish_undo();
        return Ok(());
    }
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.customer).collect();
    let mut records = customer::claim_records(ctx, txn, &ids).await?;
    let in_use = in_use(ctx, txn, id, &entries).await?;

    let (mut gone, mut restored, mut additions) = (Vec::new(), Vec::new(), Vec::new());
    for entry in entries {
        let now = records.remove(&entry.customer);
        let version = now.as_ref().map(|record| record.row.version);
        let undo = match entry.change.clone().undo(version) {
            Undo::Delete if in_use.contains(&entry.customer) => Undo::Keep,
            undo => undo,
        };
        run.note_undo(&undo);
        match (undo, now) {
            (Undo::Delete, Some(_)) => gone.push(entry.customer),
            (Undo::Restore(before), Some(now)) => {
                restored.push(restoring(ctx, now, before));
                additions.push(entry);
            }
            _ => {}
        }
    }
    customer::remove(ctx, txn, &gone).await?;
    customer::overwrite(ctx, txn, &restored).await?;
    remove_additions(ctx, txn, &additions).await?;
    journal::forget(ctx, txn, id, &ids).await
}

/// The earlier values as a change of their own: versions only grow.
fn restoring(ctx: &Context, now: Record, before: Record) -> Change {
    let mut row = before.row;
    row.version = now.row.version + 1;
    row.update_time = ctx.now;
    Change { before: now, after: Record { row, external_ids: before.external_ids } }
}

/// What the run added to customers that were there before.
async fn remove_additions(
    ctx: &Context,
    txn: &DatabaseTransaction,
    entries: &[Entry],
) -> Result<(), Error> {
    let points: Vec<Uuid> = entries.iter().flat_map(|it| it.contact_points.clone()).collect();
    let customers: Vec<Uuid> = entries.iter().map(|entry| entry.customer).collect();
    contact_points::remove(ctx, txn, &customers, &points).await?;
    let interactions: Vec<Uuid> = entries.iter().flat_map(|it| it.interactions.clone()).collect();
    Ok(interaction::remove(ctx, txn, &customers, &interactions).await?)
}

/// Those of the customers to which somebody else attached something since.
async fn in_use(
    ctx: &Context,
    txn: &DatabaseTransaction,
    run: Uuid,
    entries: &[Entry],
) -> Result<HashSet<Uuid>, Error> {
    let ids: Vec<Uuid> = entries.iter().map(|entry| entry.customer).collect();
    let mut in_use = HashSet::new();
    macro_rules! having {
        ($($table:ident . $customer:ident),+) => {
            $(
                let having: Vec<Uuid> = $table::Entity::find()
                    .select_only()
                    .column($table::Column::$customer)
                    .filter($table::Column::TenantId.eq(ctx.tenant))
                    .filter($table::Column::$customer.is_in(ids.iter().copied()))
                    .distinct()
                    .into_tuple()
                    .all(txn)
                    .await?;
                in_use.extend(having);
            )+
        };
    }
    having!(conversation.CustomerId, behaviour_event.CustomerId, role.CustomerId, role.OrganisationId);

    let points = contact_point_counts(ctx, txn, &ids).await?;
    let contacts = interaction_counts(ctx, txn, &ids).await?;
    for entry in entries {
        let own = (entry.contact_points.len() as i64, entry.interaction_count);
        let count = |counts: &HashMap<Uuid, i64>| counts.get(&entry.customer).copied().unwrap_or(0);
        if (count(&points), count(&contacts)) != own {
            in_use.insert(entry.customer);
        }
    }
    in_use.extend(parents_of_others(ctx, txn, run, &ids).await?);
    Ok(in_use)
}

async fn contact_point_counts(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, i64>, Error> {
    use contact_point::{Column, Entity};
    let counts: Vec<(Uuid, i64)> = Entity::find()
        .select_only()
        .column(Column::CustomerId)
        .column_as(Column::ContactPointId.count(), "points")
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .group_by(Column::CustomerId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(counts.into_iter().collect())
}

async fn interaction_counts(
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

/// Those of the customers to which an organisation belongs that the run did not create.
async fn parents_of_others(
    ctx: &Context,
    txn: &DatabaseTransaction,
    run: Uuid,
    customers: &[Uuid],
) -> Result<Vec<Uuid>, Error> {
    use crate::store::entity::customer::{Column, Entity};
    let children = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ParentId.is_in(customers.iter().copied()));
    if children.clone().count(txn).await? == 0 {
        return Ok(Vec::new());
    }
    let children = children.all(txn).await?;
    let ids: Vec<Uuid> = children.iter().map(|child| child.customer_id).collect();
    let own = journal::created_among(ctx, txn, run, &ids).await?;
    let others = children.into_iter().filter(|child| !own.contains(&child.customer_id));
    Ok(others.filter_map(|child| child.parent_id).collect())
}
