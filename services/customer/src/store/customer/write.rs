//! What changes customers, with everything that follows from it: external ids, search terms,
//! the first stage.

use rapport_platform::db::bulk;
use rapport_platform::identity::Context;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _,
};
use uuid::Uuid;

use super::{
    Column, Content, Entity, Merged, Model, Record, external, external_id, hierarchy, live, row,
};
use crate::domain::external_id::ExternalId;
use crate::domain::names::CustomerName;
use crate::domain::search::{TermKind, Terms};
use crate::error::{Error, superseded, unreadable};
use crate::resource;
use crate::store::contact::clearance;
use crate::store::identity::index;
use crate::store::{lifecycle, search};

/// What the customer itself is found by; contact points add their own terms.
pub(super) const OWN_TERMS: [TermKind; 2] = [TermKind::Name, TermKind::ExternalId];

/// Records new customers, in the order given. The parents are checked.
///
/// # Errors
/// `AlreadyExists`, naming the customer who has one of the external ids.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    contents: &[Content],
) -> Result<Vec<Record>, Error> {
    let records = contents
        .iter()
        .map(|content| new_record(ctx, content))
        .collect::<Result<Vec<_>, _>>()?;
    let rows = records.iter().map(|record| record.row.clone());
    bulk::insert::<Entity>(txn, rows.collect(), None).await?;
    let external_ids: Vec<_> = records
        .iter()
        .flat_map(|it| it.external_ids.clone())
        .collect();
    external_id::insert(ctx, txn, &external_ids).await?;
    let ids: Vec<Uuid> = records
        .iter()
        .map(|record| record.row.customer_id)
        .collect();
    let terms: Vec<_> = ids
        .iter()
        .copied()
        .zip(contents.iter().map(terms_of))
        .collect();
    search::add(ctx, txn, &terms).await?;
    index::add_new_keys(ctx, txn, &records).await?;
    lifecycle::begin(ctx, txn, &ids).await?;
    Ok(records)
}

/// Writes `content` over the customer it was read from. Its parent is checked.
///
/// # Errors
/// `AlreadyExists`, naming the customer who has one of the external ids.
pub(crate) async fn update(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: &Record,
    content: &Content,
) -> Result<Record, Error> {
    let id = before.row.customer_id;
    let row = row::changed(ctx, &before.row, content)?;
    clearance::revoke(ctx, txn, &[id]).await?;
    overwrite(txn, &before.row, &row).await?;
    let external_ids = external_id::rows(ctx, id, content.details.external_ids());
    external_id::replace(ctx, txn, &before.external_ids, &external_ids).await?;
    let terms = terms_of(content);
    if row.merged_count > 0 {
        index::rebuild(ctx, txn, &[id]).await?;
    } else {
        if terms != own_terms(before)? {
            search::replace(ctx, txn, id, &OWN_TERMS, terms).await?;
        }
        if differs(&before.row, &row) {
            index::rebuild_keys(ctx, txn, &[id]).await?;
        }
    }
    Ok(Record {
        row,
        external_ids,
        merged: before.merged.clone(),
    })
}

/// Deletes a customer softly.
///
/// # Errors
/// `Deleted` when it is already, `InUse` while organisations belong to it.
pub(crate) async fn delete(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Record,
) -> Result<Record, Error> {
    let before = Record {
        row: live(before.row)?,
        ..before
    };
    let id = before.row.customer_id;
    let dependents = hierarchy::count_subsidiaries(ctx, txn, id).await?;
    if dependents > 0 {
        return Err(Error::InUse {
            resource: resource::customer(id),
            dependents,
        });
    }
    let row = Model {
        delete_time: Some(ctx.now),
        ..next(ctx, &before.row)
    };
    clearance::revoke(ctx, txn, &[id]).await?;
    overwrite(txn, &before.row, &row).await?;
    search::clear(ctx, txn, id).await?;
    index::clear_keys(ctx, txn, &[id]).await?;
    Ok(Record { row, ..before })
}

/// Brings a deleted customer back as it was.
///
/// # Errors
/// `InvalidState` when it is not deleted, `Deleted` when the organisation is that it belongs to.
pub(crate) async fn undelete(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Record,
) -> Result<Record, Error> {
    let id = before.row.customer_id;
    if before.row.delete_time.is_none() {
        return Err(Error::InvalidState {
            resource: resource::customer(id),
            state: "NOT_DELETED",
            why: "is not deleted. There is nothing to do.",
        });
    }
    if let Some(parent) = before.row.parent_id {
        super::claim_live(ctx, txn, parent).await?;
    }
    let row = Model {
        delete_time: None,
        ..next(ctx, &before.row)
    };
    overwrite(txn, &before.row, &row).await?;
    index::rebuild(ctx, txn, &[id]).await?;
    Ok(Record { row, ..before })
}

/// Whether what tells duplicates differs between two versions of a customer.
pub(super) fn differs(before: &Model, after: &Model) -> bool {
    (&before.name, &before.trading_name, before.birth_date)
        != (&after.name, &after.trading_name, after.birth_date)
}

fn new_record(ctx: &Context, content: &Content) -> Result<Record, Error> {
    let row = row::new(ctx, content)?;
    let external_ids = external_id::rows(ctx, row.customer_id, content.details.external_ids());
    Ok(Record {
        row,
        external_ids,
        merged: Merged::default(),
    })
}

fn next(ctx: &Context, before: &Model) -> Model {
    Model {
        version: before.version + 1,
        update_time: ctx.now,
        ..before.clone()
    }
}

async fn overwrite(txn: &DatabaseTransaction, before: &Model, row: &Model) -> Result<(), Error> {
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(before.version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(())
}

fn terms_of(content: &Content) -> Terms {
    terms(
        &content.details.profile().name(),
        content.details.external_ids(),
    )
}

/// What the customer itself is found by.
pub(crate) fn own_terms(record: &Record) -> Result<Terms, Error> {
    let external_ids = record
        .external_ids
        .iter()
        .map(
            |external::Model {
                 system,
                 external_id,
                 ..
             }| ExternalId::parse(system, external_id),
        )
        .collect::<Result<Vec<_>, _>>()
        .map_err(unreadable("reading a stored external id"))?;
    Ok(terms(&super::name(&record.row)?, &external_ids))
}

fn terms(name: &CustomerName, external_ids: &[ExternalId]) -> Terms {
    let mut terms = Terms::default();
    terms.name(name);
    for id in external_ids {
        terms.external_id(id);
    }
    terms
}
