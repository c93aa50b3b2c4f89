//! Makes two customers of one again.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _,
};
use serde::de::DeserializeOwned;
use std::collections::BTreeMap;
use uuid::Uuid;

use super::group::Member;
use super::merge::{get, json};
use super::{fields, index, write};
use crate::domain::identity::survivorship::{TakenBack, Written, take_back};
use crate::error::{Error, superseded, unreadable};
use crate::resource;
use crate::store::customer as customers;
use crate::store::entity::customer;
use crate::store::entity::customer_merge::{Column, Entity, Model};

/// Told among the kept fields when the restored customer can't belong where it did.
const PARENT: &str = "merged.parent";

/// What the undo was.
pub(crate) struct Undone {
    /// The merge as it is now.
    pub(crate) merge: Model,
    /// The survivor as it is now.
    pub(crate) survivor: customer::Model,
    /// The other customer as it is now.
    pub(crate) restored: customer::Model,
}

/// Takes a merge back.
///
/// # Errors
/// `NotFound`, `Deleted`, `InvalidState` when it can't be taken back now.
pub(crate) async fn undo(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
) -> Result<Undone, Error> {
    let merge = get(ctx, txn, id).await?;
    let [survivor, merged] = claim(ctx, txn, &merge).await?;
    let members: Vec<Member> = read(&merge.members)?;
    let written: Vec<Written> = read(&merge.written)?;
    let TakenBack { restored, mut kept } = take_back(&fields::read(&survivor)?, written);

    let count = |len: usize| i32::try_from(len).unwrap_or(i32::MAX);
    let mut survivor = customer::Model {
        merged_count: survivor.merged_count - 1 - count(members.len()),
        version: survivor.version + 1,
        update_time: ctx.now,
        ..survivor
    };
    for (field, value) in restored {
        fields::write(&mut survivor, &field, value)?;
    }
    let mut merged = customer::Model {
        merged_into: None,
        join_time: None,
        merged_count: count(members.len()),
        version: merged.version + 1,
        update_time: ctx.now,
        ..merged
    };
    write(txn, &survivor).await?;
    write(txn, &merged).await?;
    return_members(ctx, txn, merged.customer_id, &members).await?;
    return_children(ctx, txn, &merge).await?;
    match parent_again(ctx, txn, &merge, &merged).await? {
        Some(parent) => {
            merged.parent_id = parent;
            write(txn, &merged).await?;
        }
        None => kept.push(PARENT.to_owned()),
    }
    let ids = [survivor.customer_id, merged.customer_id];
    index::rebuild(ctx, txn, &ids).await?;
    Ok(Undone {
        merge: note(ctx, txn, merge, &kept).await?,
        survivor,
        restored: merged,
    })
}

/// The survivor and the merged customer, claimed and still merged.
async fn claim(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: &Model,
) -> Result<[customer::Model; 2], Error> {
    let refused = |state, why| Error::InvalidState {
        resource: resource::CUSTOMER_MERGE.format(&[merge.merge_id]),
        state,
        why,
    };
    if merge.undo_time.is_some() {
        return Err(refused(
            "UNDONE",
            "is undone already. There is nothing to do.",
        ));
    }
    let ids = [merge.survivor_id, merge.merged_id];
    let rows = customers::claim_rows(ctx, txn, &ids).await?;
    let row = |id: Uuid| {
        let found = rows.iter().find(|row| row.customer_id == id);
        found
            .cloned()
            .ok_or_else(|| Error::not_found(resource::customer(id)))
    };
    let (survivor, merged) = (row(merge.survivor_id)?, row(merge.merged_id)?);
    if survivor.merged_into.is_some() || merged.merged_into != Some(merge.survivor_id) {
        return Err(refused(
            "SURVIVOR_MERGED",
            "can't be undone while its survivor is merged into another customer. Undo that \
             merge first.",
        ));
    }
    if survivor.delete_time.is_some() {
        return Err(Error::Deleted(resource::customer(survivor.customer_id)));
    }
    Ok([survivor, merged])
}

/// The records that came along with the merged customer belong to it again: one statement for
/// all that had joined it at one time.
async fn return_members(
    ctx: &Context,
    txn: &DatabaseTransaction,
    to: Uuid,
    members: &[Member],
) -> Result<(), Error> {
    use customer::{Column, Entity};
    let mut by_time: BTreeMap<Timestamp, Vec<Uuid>> = BTreeMap::new();
    for member in members {
        by_time
            .entry(member.joined)
            .or_default()
            .push(member.customer);
    }
    for (joined, ids) in by_time {
        Entity::update_many()
            .col_expr(Column::MergedInto, Expr::value(to))
            .col_expr(Column::JoinTime, Expr::value(joined))
            .filter(Column::TenantId.eq(ctx.tenant))
            .filter(Column::CustomerId.is_in(ids))
            .exec(txn)
            .await?;
    }
    Ok(())
}

/// Organisations that belonged to the merged customer and were not moved since belong to it
/// again.
async fn return_children(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: &Model,
) -> Result<(), Error> {
    use customer::{Column, Entity};
    let children: Vec<Uuid> = read(&merge.children)?;
    if children.is_empty() {
        return Ok(());
    }
    Entity::update_many()
        .col_expr(Column::ParentId, Expr::value(merge.merged_id))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(children))
        .filter(Column::ParentId.eq(merge.survivor_id))
        .exec(txn)
        .await?;
    Ok(())
}

/// The organisation that the customer belongs to again; none when it can't.
async fn parent_again(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: &Model,
    merged: &customer::Model,
) -> Result<Option<Option<Uuid>>, Error> {
    let Some(parent) = merge.merged_parent_id else {
        return Ok(Some(None));
    };
    let child = customers::member(merged)?;
    let checked = customers::check_parent(ctx, txn, child, parent, false).await?;
    Ok(checked.ok().map(Some))
}

/// Notes who took the merge back. Of two who do, the second meets the note.
async fn note(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: Model,
    kept: &[String],
) -> Result<Model, Error> {
    let merge = Model {
        undo_actor: Some(ctx.actor.to_string()),
        undo_time: Some(ctx.now),
        kept: Some(json(kept)?),
        ..merge
    };
    Entity::update(merge.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::UndoTime.is_null())
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(merge)
}

/// What a merge keeps as JSON.
pub(crate) fn read<T: DeserializeOwned>(json: &sea_orm::prelude::Json) -> Result<T, Error> {
    T::deserialize(json).map_err(unreadable("reading a merge"))
}
