//! What a run did to each customer, kept until it is taken back.

use std::collections::HashMap;

use rapport_platform::identity::Context;
use sea_orm::prelude::Json;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::unreadable_journal;
use crate::domain::import::JournalEntry;
use crate::error::Error;
use crate::store::customer::Record;
use crate::store::entity::import_journal::{Column, Entity, Model};
use crate::store::entity::{customer, customer_external_id as external};

/// Rows of one INSERT: SQLite binds at most 32,766 values.
const ROWS_PER_INSERT: usize = 3_000;

/// What a batch did to one customer.
#[derive(Clone, Debug)]
pub(crate) struct Done {
    pub(crate) customer: Uuid,
    /// The customer before the batch; none when the batch created it.
    pub(crate) before: Option<Record>,
    /// Its version after the batch.
    pub(crate) version: i64,
    /// Contact points added.
    pub(crate) contact_points: Vec<Uuid>,
    /// Interactions appended.
    pub(crate) interactions: Vec<Uuid>,
}

/// A customer as the journal keeps it.
#[derive(Serialize, Deserialize)]
struct Snapshot {
    row: customer::Model,
    external_ids: Vec<external::Model>,
}

/// One entry of a run's journal.
pub(super) struct Entry {
    pub(super) customer: Uuid,
    pub(super) change: JournalEntry<Record>,
    pub(super) contact_points: Vec<Uuid>,
    pub(super) interactions: Vec<Uuid>,
    pub(super) interaction_count: i64,
}

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
        ])
        .to_owned();
    for chunk in rows.chunks(ROWS_PER_INSERT) {
        Entity::insert_many(chunk.iter().cloned().map(Model::into_active_model))
            .on_conflict(replace.clone())
            .exec_without_returning(txn)
            .await?;
    }
    Ok(())
}

fn merged(earlier: Option<Entry>, done: Done) -> Entry {
    let Done { customer, before, version, contact_points, interactions } = done;
    let interaction_count = interactions.len() as i64;
    let Some(earlier) = earlier else {
        let change = match before {
            Some(before) => JournalEntry::updated(before, version),
            None => JournalEntry::created(version),
        };
        // A customer that goes takes its interactions along; only of others are they listed.
        let interactions = if change.before().is_some() { interactions } else { Vec::new() };
        return Entry { customer, change, contact_points, interactions, interaction_count };
    };
    let found = before.map_or(version, |before| before.row.version);
    let listed = if earlier.change.before().is_some() { interactions } else { Vec::new() };
    Entry {
        customer,
        change: earlier.change.again(found, version),
        contact_points: [earlier.contact_points, contact_points].concat(),
        interactions: [earlier.interactions, listed].concat(),
        interaction_count: earlier.interaction_count + interaction_count,
    }
}

/// Some entries of a run, in the order of their customers.
pub(super) async fn some(
    ctx: &Context,
    db: &impl ConnectionTrait,
    run: Uuid,
    limit: u64,
) -> Result<Vec<Entry>, Error> {
    let rows = Entity::find()
        .filter(of_run(ctx, run))
        .order_by_asc(Column::CustomerId)
        .limit(limit)
        .all(db)
        .await?;
    rows.into_iter().map(read).collect()
}

/// Removes entries that were dealt with.
pub(super) async fn forget(
    ctx: &Context,
    txn: &DatabaseTransaction,
    run: Uuid,
    customers: &[Uuid],
) -> Result<(), Error> {
    let customers = Column::CustomerId.is_in(customers.iter().copied());
    Entity::delete_many().filter(of_run(ctx, run)).filter(customers).exec(txn).await?;
    Ok(())
}

/// Those of the customers that the run created.
pub(super) async fn created_among(
    ctx: &Context,
    db: &impl ConnectionTrait,
    run: Uuid,
    customers: &[Uuid],
) -> Result<Vec<Uuid>, Error> {
    Ok(Entity::find()
        .select_only()
        .column(Column::CustomerId)
        .filter(of_run(ctx, run))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .filter(Column::Before.is_null())
        .into_tuple()
        .all(db)
        .await?)
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
    Condition::all().add(Column::TenantId.eq(ctx.tenant)).add(Column::ImportRunId.eq(run))
}

fn write(ctx: &Context, run: Uuid, entry: Entry) -> Result<Model, Error> {
    let before = entry.change.before().map(|record| Snapshot {
        row: record.row.clone(),
        external_ids: record.external_ids.clone(),
    });
    Ok(Model {
        tenant_id: ctx.tenant,
        import_run_id: run,
        customer_id: entry.customer,
        before: before.map(json).transpose()?,
        left_version: entry.change.left(),
        contact_points: json(entry.contact_points)?,
        interactions: json(entry.interactions)?,
        interaction_count: entry.interaction_count,
    })
}

fn read(row: Model) -> Result<Entry, Error> {
    let before = row.before.map(Snapshot::deserialize).transpose().map_err(unreadable_journal)?;
    let before = before.map(|it| Record { row: it.row, external_ids: it.external_ids });
    Ok(Entry {
        customer: row.customer_id,
        change: JournalEntry::stored(before, row.left_version),
        contact_points: Vec::deserialize(row.contact_points).map_err(unreadable_journal)?,
        interactions: Vec::deserialize(row.interactions).map_err(unreadable_journal)?,
        interaction_count: row.interaction_count,
    })
}

fn json(value: impl Serialize) -> Result<Json, Error> {
    serde_json::to_value(value).map_err(unreadable_journal)
}
