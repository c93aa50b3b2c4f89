//! What is derived from all records of a customer and kept at its root: the terms by which it is
//! found, and the keys under which records that may be the same are looked up.

use std::collections::{BTreeSet, HashMap};

use rapport_platform::db::bulk;
use rapport_platform::identity::Context;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::group;
use crate::domain::identity::duplicates::{Key, Traits};
use crate::domain::search::{TermKind, Terms};
use crate::error::Error;
use crate::store::customer::Record;
use crate::store::entity::blocking_key::{Column, Entity, Model};
use crate::store::entity::{contact_point as point_row, customer as customer_row};
use crate::store::{contact_point, customer, search};

/// All records of some customers.
struct Records {
    root_of: HashMap<Uuid, Uuid>,
    records: HashMap<Uuid, Record>,
    points: Vec<point_row::Model>,
}

impl Records {
    async fn of(ctx: &Context, db: &impl ConnectionTrait, roots: &[Uuid]) -> Result<Self, Error> {
        let mut root_of: HashMap<Uuid, Uuid> = roots.iter().map(|&root| (root, root)).collect();
        for (root, members) in group::members(ctx, db, roots).await? {
            root_of.extend(members.into_iter().map(|member| (member.customer, root)));
        }
        let ids: Vec<Uuid> = root_of.keys().copied().collect();
        Ok(Self {
            records: customer::rows_of(ctx, db, &ids).await?,
            points: contact_point::of_customers(ctx, db, &ids).await?,
            root_of,
        })
    }

    fn ids(&self) -> Vec<Uuid> {
        self.root_of.keys().copied().collect()
    }

    /// The customer to whom a record belongs, if it is not deleted.
    fn live_root(&self, record: Uuid) -> Option<Uuid> {
        let root = self.root_of.get(&record)?;
        let row = &self.records.get(root)?.row;
        row.delete_time.is_none().then_some(*root)
    }

    fn terms(&self) -> Result<Vec<(Uuid, Terms)>, Error> {
        let mut terms: HashMap<Uuid, Terms> = HashMap::new();
        for (id, record) in &self.records {
            terms.insert(*id, customer::own_terms(record)?);
        }
        for point in &self.points {
            let terms = terms.entry(point.customer_id).or_default();
            terms.address(&contact_point::address(point)?);
        }
        let at_root = |(id, terms)| Some((self.live_root(id)?, terms));
        Ok(terms.into_iter().filter_map(at_root).collect())
    }

    fn traits(&self) -> Result<HashMap<Uuid, Traits>, Error> {
        let mut by_record: HashMap<Uuid, Traits> = HashMap::new();
        for (id, record) in &self.records {
            by_record.insert(*id, traits_of(&record.row)?);
        }
        for point in &self.points {
            if let Some(traits) = by_record.get_mut(&point.customer_id) {
                traits.add(&contact_point::address(point)?);
            }
        }
        let mut by_root: HashMap<Uuid, Traits> = HashMap::new();
        for (id, root) in &self.root_of {
            if id == root && self.live_root(*id).is_some() {
                by_root.extend(by_record.remove(id).map(|own| (*root, own)));
            }
        }
        for (id, traits) in by_record {
            if let Some(all) = self.live_root(id).and_then(|root| by_root.get_mut(&root)) {
                all.join(traits);
            }
        }
        Ok(by_root)
    }
}

/// What a record's own row says of its customer.
fn traits_of(row: &customer_row::Model) -> Result<Traits, Error> {
    let birth = row.birth_date.and_then(|number| {
        let year = i16::try_from(number / 10_000).ok()?;
        let month = i8::try_from(number / 100 % 100).ok()?;
        let day = i8::try_from(number % 100).ok()?;
        Some((year, month, day))
    });
    Ok(Traits::new(&customer::name(row)?, birth))
}

/// What all records of customers say of them, without the deleted.
pub(crate) async fn traits(
    ctx: &Context,
    db: &impl ConnectionTrait,
    roots: &[Uuid],
) -> Result<HashMap<Uuid, Traits>, Error> {
    if roots.is_empty() {
        return Ok(HashMap::new());
    }
    Records::of(ctx, db, roots).await?.traits()
}

/// Makes the terms and keys of customers, which the transaction has claimed, anew from all their
/// records. Of deleted ones nothing is left.
pub(crate) async fn rebuild(
    ctx: &Context,
    txn: &DatabaseTransaction,
    roots: &[Uuid],
) -> Result<(), Error> {
    if roots.is_empty() {
        return Ok(());
    }
    let records = Records::of(ctx, txn, roots).await?;
    search::clear_kinds(ctx, txn, &records.ids(), TermKind::ALL).await?;
    search::add(ctx, txn, &records.terms()?).await?;
    write_keys(ctx, txn, &records).await
}

/// Makes the keys of customers anew.
pub(crate) async fn rebuild_keys(
    ctx: &Context,
    txn: &DatabaseTransaction,
    roots: &[Uuid],
) -> Result<(), Error> {
    if roots.is_empty() {
        return Ok(());
    }
    let records = Records::of(ctx, txn, roots).await?;
    write_keys(ctx, txn, &records).await
}

async fn write_keys(
    ctx: &Context,
    txn: &DatabaseTransaction,
    records: &Records,
) -> Result<(), Error> {
    clear_keys(ctx, txn, &records.ids()).await?;
    let traits = records.traits()?;
    add_keys(
        ctx,
        txn,
        traits.iter().map(|(id, traits)| (*id, traits.keys())),
    )
    .await
}

/// Adds the keys of customers that are new and have no addresses yet.
pub(crate) async fn add_new_keys(
    ctx: &Context,
    txn: &DatabaseTransaction,
    records: &[Record],
) -> Result<(), Error> {
    let mut keys = Vec::with_capacity(records.len());
    for Record { row, .. } in records {
        keys.push((row.customer_id, traits_of(row)?.keys()));
    }
    add_keys(ctx, txn, keys.into_iter()).await
}

async fn add_keys(
    ctx: &Context,
    txn: &DatabaseTransaction,
    keys: impl Iterator<Item = (Uuid, BTreeSet<Key>)>,
) -> Result<(), Error> {
    let rows = keys.flat_map(|(customer_id, keys)| {
        keys.into_iter().map(move |key| Model {
            tenant_id: ctx.tenant,
            key: key.code(),
            customer_id,
        })
    });
    bulk::insert::<Entity>(txn, rows.collect(), bulk::keep()).await?;
    Ok(())
}

/// Removes the keys of records.
pub(crate) async fn clear_keys(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: &[Uuid],
) -> Result<(), Error> {
    Entity::delete_many()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(ids.iter().copied()))
        .exec(txn)
        .await?;
    Ok(())
}

/// Those of the customers that have no keys: they were recorded before there were any.
pub(super) async fn without_keys(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<Vec<Uuid>, Error> {
    let with: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::CustomerId)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(ids.iter().copied()))
        .distinct()
        .into_tuple()
        .all(db)
        .await?;
    let without = ids.iter().copied().filter(|id| !with.contains(id));
    Ok(without.collect())
}
