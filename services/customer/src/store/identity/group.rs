//! The records that are one customer.

use std::collections::HashMap;

use rapport_platform::db::bulk;
use rapport_platform::identity::{Context, TenantId};
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, Func, Query};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DbErr, EntityTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::Error;
use crate::store::customer;
use crate::store::entity::customer::{Column, Entity, Model};

/// A record that was merged into a customer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    /// Its id: the one under which its rows are kept.
    pub(crate) customer: Uuid,
    /// Since when it belongs to the customer: later than everything that customer had chosen
    /// before.
    pub(crate) joined: Timestamp,
}

/// A customer with the records that were merged into it.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// The row that stands for all.
    pub(crate) root: Model,
    /// The other records, oldest first.
    pub(crate) others: Vec<Member>,
}

impl Group {
    /// The customer's id.
    pub(crate) fn id(&self) -> Uuid {
        self.root.customer_id
    }

    /// The ids under which the customer's rows are kept, its own first.
    pub(crate) fn members(&self) -> Vec<Uuid> {
        let others = self.others.iter().map(|member| member.customer);
        std::iter::once(self.id()).chain(others).collect()
    }

    /// The latest instant at which a record joined.
    pub(crate) fn last_joined(&self) -> Option<Timestamp> {
        self.others.iter().map(|member| member.joined).max()
    }
}

/// The customer that goes by this id now, with its records. One read where it was never merged.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn of(ctx: &Context, db: &impl ConnectionTrait, id: Uuid) -> Result<Group, Error> {
    with_members(ctx, db, customer::get(ctx, db, id).await?).await
}

/// As [`of`], of a customer that is not deleted.
///
/// # Errors
/// `NotFound`, `Deleted`.
pub(crate) async fn of_live(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Group, Error> {
    with_members(ctx, db, customer::require_live(ctx, db, id).await?).await
}

/// The other records of the customer to whom a record belongs; none for one that was never
/// merged, or that there is not.
pub(crate) async fn others_of(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Vec<Uuid>, Error> {
    let Some(row) = Entity::find_by_id((ctx.tenant, id)).one(db).await? else {
        return Ok(Vec::new());
    };
    if row.merged_into.is_none() && row.merged_count == 0 {
        return Ok(Vec::new());
    }
    let root = row.merged_into.unwrap_or(row.customer_id);
    let members = members(ctx, db, &[root]).await?.remove(&root);
    let members = members.unwrap_or_default().into_iter();
    let members = members.map(|member| member.customer);
    Ok(std::iter::once(root)
        .chain(members)
        .filter(|other| *other != id)
        .collect())
}

/// A customer's row with its records.
pub(crate) async fn with_members(
    ctx: &Context,
    db: &impl ConnectionTrait,
    root: Model,
) -> Result<Group, Error> {
    let others = if root.merged_count == 0 {
        Vec::new()
    } else {
        let mut others = members(ctx, db, &[root.customer_id]).await?;
        others.remove(&root.customer_id).unwrap_or_default()
    };
    Ok(Group { root, others })
}

/// The records that were merged into each of these customers, oldest first; those without any
/// are left out.
pub(crate) async fn members(
    ctx: &Context,
    db: &impl ConnectionTrait,
    roots: &[Uuid],
) -> Result<HashMap<Uuid, Vec<Member>>, DbErr> {
    let mut members: HashMap<Uuid, Vec<Member>> = HashMap::new();
    if roots.is_empty() {
        return Ok(members);
    }
    let rows: Vec<(Uuid, Option<Uuid>, Option<Timestamp>)> = Entity::find()
        .select_only()
        .columns([Column::CustomerId, Column::MergedInto, Column::JoinTime])
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::MergedInto.is_in(roots.iter().copied()))
        .order_by_asc(Column::CustomerId)
        .into_tuple()
        .all(db)
        .await?;
    for (customer, root, joined) in rows {
        if let Some(root) = root {
            members.entry(root).or_default().push(Member {
                customer,
                // Written with the root.
                joined: joined.unwrap_or(Timestamp::MAX),
            });
        }
    }
    Ok(members)
}

/// The id of the customer that goes by this id now, for a statement to work out.
pub(crate) fn heir(tenant: TenantId, id: Uuid) -> Expr {
    let record = Query::select()
        .column(Column::MergedInto)
        .from(Entity)
        .and_where(Expr::col(Column::TenantId).eq(tenant))
        .and_where(Expr::col(Column::CustomerId).eq(id))
        .to_owned();
    let root = Expr::SubQuery(None, Box::new(record.into()));
    Func::coalesce([root, Expr::val(id)]).into()
}

/// The customers to whom those of the ids belong now that are records which were merged into
/// another.
pub(crate) async fn roots_among(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: &[Uuid],
) -> Result<HashMap<Uuid, Uuid>, DbErr> {
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let merged: Vec<(Uuid, Uuid)> = Entity::find()
        .select_only()
        .columns([Column::CustomerId, Column::MergedInto])
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(bulk::among(db, Column::CustomerId, ids.iter().copied()))
        .filter(Column::MergedInto.is_not_null())
        .into_tuple()
        .all(db)
        .await?;
    Ok(merged.into_iter().collect())
}
