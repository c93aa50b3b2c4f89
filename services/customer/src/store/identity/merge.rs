//! Makes one customer of two.

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::Serialize;
use uuid::Uuid;

use super::group::{self, Member};
use super::{fields, index, write};
use crate::domain::identity::MAX_MEMBERS;
use crate::domain::identity::survivorship::{Chosen, Written, survive};
use crate::domain::names::CustomerKind;
use crate::error::{Error, unreadable};
use crate::resource;
use crate::store::contact::{consent, times};
use crate::store::entity::customer;
use crate::store::entity::customer_merge::{Column, Entity, Model};
use crate::store::{customer as customers, preference};

/// Most organisations that belong to a merged one directly: they are moved in one transaction.
const MAX_CHILDREN: u64 = 1_000;

/// The two customers of a merge, claimed by the transaction.
#[derive(Debug)]
pub(crate) struct Pair {
    /// The one that will stand for both.
    pub(crate) survivor: customer::Model,
    /// The other one.
    pub(crate) merged: customer::Model,
}

/// Claims the customers of a merge. The survivor may go by an old name.
///
/// # Errors
/// `NotFound`, `Deleted`, `Merged` when the customer to merge was merged before.
pub(crate) async fn claim(
    ctx: &Context,
    txn: &DatabaseTransaction,
    survivor: Uuid,
    merged: Uuid,
) -> Result<Pair, Error> {
    let survivor = customers::get(ctx, txn, survivor).await?.customer_id;
    // In the order of their keys, as everybody who claims two.
    let mut rows = customers::claim_rows(ctx, txn, &[survivor, merged]).await?;
    let mut take = |id: Uuid| {
        let at = rows.iter().position(|row| row.customer_id == id);
        let row = at.map(|at| rows.swap_remove(at));
        row.ok_or_else(|| Error::not_found(resource::customer(id)))
    };
    if survivor == merged {
        return Err(Error::invalid(
            "merged",
            "is the same customer: name another one",
        ));
    }
    let pair = Pair {
        survivor: take(survivor)?,
        merged: take(merged)?,
    };
    pair.check()?;
    Ok(pair)
}

impl Pair {
    fn check(&self) -> Result<(), Error> {
        let Self { survivor, merged } = self;
        let name = resource::customer(merged.customer_id);
        if let Some(root) = merged.merged_into {
            if root == survivor.customer_id {
                return Err(Error::invalid("merged", "is the same customer already"));
            }
            let merged_into = resource::customer(root);
            return Err(Error::Merged {
                resource: name,
                merged_into,
            });
        }
        for row in [survivor, merged] {
            if row.delete_time.is_some() {
                return Err(Error::Deleted(resource::customer(row.customer_id)));
            }
        }
        if survivor.kind != merged.kind {
            let why = "is of the other kind: a person and an organisation are never one";
            return Err(Error::invalid("merged", why));
        }
        Ok(())
    }

    /// What both are.
    pub(crate) fn kind(&self) -> Result<CustomerKind, Error> {
        Ok(customers::member(&self.survivor)?.kind)
    }
}

/// What the merge was.
pub(crate) struct Done {
    /// The merge.
    pub(crate) merge: Model,
    /// The survivor as it is now.
    pub(crate) survivor: customer::Model,
}

/// Merges a pair. Afterwards the survivor's search terms lead to both.
///
/// # Errors
/// `InvalidState` when the two can't be one.
pub(crate) async fn join(
    ctx: &Context,
    txn: &DatabaseTransaction,
    pair: Pair,
    chosen: &Chosen,
    reason: Option<String>,
) -> Result<Done, Error> {
    let (root, gone) = (pair.survivor.customer_id, pair.merged.customer_id);
    let members = moved_members(ctx, txn, &pair).await?;
    let children = adopt_children(ctx, txn, &pair).await?;
    let joined = join_time(ctx, txn, [root, gone]).await?;
    let written = survive(
        &fields::read(&pair.survivor)?,
        &fields::read(&pair.merged)?,
        chosen,
    );

    let survivor = survivor_after(ctx, &pair, &written)?;
    let merged = customer::Model {
        merged_into: Some(root),
        join_time: Some(joined),
        merged_count: 0,
        parent_id: None,
        version: pair.merged.version + 1,
        update_time: ctx.now,
        ..pair.merged.clone()
    };
    write(txn, &survivor).await?;
    write(txn, &merged).await?;
    move_members(ctx, txn, gone, root, joined).await?;
    index::rebuild(ctx, txn, &[root]).await?;
    let merge = Model {
        tenant_id: ctx.tenant,
        merge_id: new_id(),
        survivor_id: root,
        merged_id: gone,
        reason,
        written: json(&written)?,
        members: json(&members)?,
        children: json(&children)?,
        merged_parent_id: pair.merged.parent_id,
        actor: ctx.actor.to_string(),
        merge_time: ctx.now,
        join_time: Some(joined),
        undo_actor: None,
        undo_time: None,
        kept: None,
    };
    Entity::insert(merge.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(Done { merge, survivor })
}

/// The survivor with the fields that the merge writes.
fn survivor_after(
    ctx: &Context,
    pair: &Pair,
    written: &[Written],
) -> Result<customer::Model, Error> {
    let mut survivor = customer::Model {
        merged_count: pair.survivor.merged_count + 1 + pair.merged.merged_count,
        version: pair.survivor.version + 1,
        update_time: ctx.now,
        ..pair.survivor.clone()
    };
    for it in written {
        fields::write(&mut survivor, &it.field, Some(it.after.clone()))?;
    }
    Ok(survivor)
}

/// The records that come along with the merged customer.
async fn moved_members(
    ctx: &Context,
    txn: &DatabaseTransaction,
    pair: &Pair,
) -> Result<Vec<Member>, Error> {
    let after = pair.survivor.merged_count + pair.merged.merged_count + 2;
    if usize::try_from(after).is_ok_and(|after| after > MAX_MEMBERS) {
        return Err(Error::InvalidState {
            resource: resource::customer(pair.survivor.customer_id),
            state: "FULL",
            why: "would be made of more than 50 records. Undo merges that are not needed.",
        });
    }
    if pair.merged.merged_count == 0 {
        return Ok(Vec::new());
    }
    let gone = pair.merged.customer_id;
    let mut members = group::members(ctx, txn, &[gone]).await?;
    Ok(members.remove(&gone).unwrap_or_default())
}

/// Every record names its root: one step, however long the history.
async fn move_members(
    ctx: &Context,
    txn: &DatabaseTransaction,
    from: Uuid,
    to: Uuid,
    joined: Timestamp,
) -> Result<(), Error> {
    use customer::{Column, Entity};
    Entity::update_many()
        .col_expr(Column::MergedInto, Expr::value(to))
        .col_expr(Column::JoinTime, Expr::value(joined))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::MergedInto.eq(from))
        .exec(txn)
        .await?;
    Ok(())
}

/// Puts the organisations that belong to the merged one under the survivor. Answers which.
async fn adopt_children(
    ctx: &Context,
    txn: &DatabaseTransaction,
    pair: &Pair,
) -> Result<Vec<Uuid>, Error> {
    use customer::{Column, Entity};
    if pair.kind()? == CustomerKind::Person {
        return Ok(Vec::new());
    }
    let (root, gone) = (pair.survivor.customer_id, pair.merged.customer_id);
    // Whether it could stand under the survivor is whether those below it can.
    let below = customers::member(&pair.merged)?;
    if customers::check_parent(ctx, txn, below, root, false)
        .await?
        .is_err()
    {
        return Err(Error::InvalidState {
            resource: resource::customer(root),
            state: "IN_HIERARCHY",
            why: "belongs to the other organisation, or would have too many levels below it. \
                  Change its parent first.",
        });
    }
    let children: Vec<Uuid> = Entity::find()
        .select_only()
        .column(Column::CustomerId)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ParentId.eq(gone))
        .limit(MAX_CHILDREN + 1)
        .into_tuple()
        .all(txn)
        .await?;
    if children.len() as u64 > MAX_CHILDREN {
        return Err(Error::InvalidState {
            resource: resource::customer(gone),
            state: "IN_USE",
            why: "has more than 1,000 subsidiaries. Let it be the survivor.",
        });
    }
    customers::set_parent(ctx, txn, &children, Some(root)).await?;
    Ok(children)
}

/// An instant later than anything that either customer chose, whatever the clocks of those who
/// recorded it: what was chosen before the merge is never taken for what was chosen since.
async fn join_time(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: [Uuid; 2],
) -> Result<Timestamp, Error> {
    let others = group::members(ctx, txn, &ids).await?;
    let others: Vec<group::Member> = others.into_values().flatten().collect();
    let members = ids.into_iter().chain(others.iter().map(|it| it.customer));
    let members: Vec<Uuid> = members.collect();
    let said = [
        others.iter().map(|it| it.joined).max(),
        preference::last_change(ctx, txn, &members).await?,
        times::last_change(ctx, txn, &members).await?,
        consent::latest_among(ctx, txn, &members).await?,
    ];
    Ok(ctx.now.later_than(said.into_iter().flatten().max()))
}

/// One merge.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    Entity::find_by_id((ctx.tenant, id))
        .one(db)
        .await?
        .ok_or_else(|| Error::not_found(resource::CUSTOMER_MERGE.format(&[id])))
}

/// Merges from behind `after` on, latest first; of one record when it is given.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Option<Uuid>,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let of_customer = customer.map(|id| {
        Condition::any()
            .add(Column::SurvivorId.eq(id))
            .add(Column::MergedId.eq(id))
    });
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Condition::all().add_option(of_customer))
        .filter(Condition::all().add_option(after.map(|after| Column::MergeId.lt(after))))
        .order_by_desc(Column::MergeId)
        .limit(limit)
        .all(db)
        .await?)
}

/// Merges in which any of the records took part, latest first, from behind `after` on.
pub(crate) async fn of_members(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: &[Uuid],
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let took_part = Condition::any()
        .add(Column::SurvivorId.is_in(members.iter().copied()))
        .add(Column::MergedId.is_in(members.iter().copied()));
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(took_part)
        .filter(Condition::all().add_option(after.map(|after| Column::MergeId.lt(after))))
        .order_by_desc(Column::MergeId)
        .limit(limit)
        .all(db)
        .await?)
}

pub(super) fn json(value: impl Serialize) -> Result<sea_orm::prelude::Json, Error> {
    serde_json::to_value(value).map_err(unreadable("writing a merge"))
}
