//! What customers own, and how often products are owned together.
//!
//! Whoever changes what a customer owns appends a mark in the same transaction. A worker takes marks
//! that it sees, counts what these customers own now instead of what was counted, and removes exactly
//! these marks: one of a transaction that it does not see yet stays for the next time.

use std::collections::{BTreeMap, BTreeSet};

use rapport_platform::id::new_id;
use rapport_platform::identity::{Context, TenantId};
use sea_orm::sea_query::{Expr, ExprTrait as _, OnConflict};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    FromQueryResult, QueryFilter as _, QueryOrder as _, QuerySelect as _, Statement, Value,
};
use uuid::Uuid;

use super::entity::ownership::{self as counted, Column, Entity};
use super::entity::{co_ownership as together, ownership_change as change};
use super::rows::{insert_all, insert_or};
use crate::domain::order::OrderState;
use crate::domain::ownership::{Changes, MOST_COUNTED};
use crate::domain::pipeline::OpportunityState;
use crate::error::Error;

/// Products by the customers who own them.
pub(crate) type Owned = BTreeMap<Uuid, BTreeSet<Uuid>>;

/// Notes that these customers may own something else since this transaction.
pub(crate) async fn mark(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: impl IntoIterator<Item = Uuid>,
) -> Result<(), Error> {
    let distinct: BTreeSet<Uuid> = customers.into_iter().collect();
    let rows = distinct.into_iter().map(|customer_id| change::Model {
        tenant_id: ctx.tenant,
        change_id: new_id(),
        customer_id,
    });
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return Ok(());
    }
    insert_all::<change::Entity>(txn, rows).await
}

/// Marks of the first tenant behind `after` that has any.
pub(crate) async fn marks(
    db: &impl ConnectionTrait,
    after: Option<TenantId>,
    limit: u64,
) -> Result<Option<(TenantId, Vec<change::Model>)>, Error> {
    let behind = after.map(|after| change::Column::TenantId.gt(after));
    let first = change::Entity::find()
        .filter(Condition::all().add_option(behind))
        .order_by_asc(change::Column::TenantId)
        .order_by_asc(change::Column::ChangeId)
        .one(db)
        .await?;
    let Some(tenant) = first.map(|it| it.tenant_id) else {
        return Ok(None);
    };
    let marks = change::Entity::find()
        .filter(change::Column::TenantId.eq(tenant))
        .order_by_asc(change::Column::ChangeId)
        .limit(limit)
        .all(db)
        .await?;
    Ok(Some((tenant, marks)))
}

/// Counts what the customers of these marks own now, and removes the marks.
pub(crate) async fn count(
    ctx: &Context,
    txn: &DatabaseTransaction,
    marks: &[change::Model],
) -> Result<(), Error> {
    let ids: Vec<Uuid> = marks.iter().map(|it| it.change_id).collect();
    let customers: BTreeSet<Uuid> = marks.iter().map(|it| it.customer_id).collect();
    settle(ctx, txn, customers).await?;
    change::Entity::delete_many()
        .filter(change::Column::TenantId.eq(ctx.tenant))
        .filter(change::Column::ChangeId.is_in(ids))
        .exec(txn)
        .await?;
    Ok(())
}

/// Counts what these customers own now instead of what was counted.
pub(crate) async fn settle(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: BTreeSet<Uuid>,
) -> Result<(), Error> {
    let mut before = Owned::new();
    let theirs = Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::CustomerId.is_in(customers.iter().copied()));
    for row in Entity::find().filter(theirs).all(txn).await? {
        let owned = before.entry(row.customer_id).or_default();
        owned.insert(row.product_id);
    }
    let after = owned(ctx, txn, &customers, MOST_COUNTED).await?;
    let mut changes = Changes::default();
    let nothing = BTreeSet::new();
    for customer in &customers {
        let of = |owned: &Owned| owned.get(customer).unwrap_or(&nothing).clone();
        changes.replace(&of(&before), &of(&after));
    }
    let changes: Vec<_> = changes.changed().collect();
    write_owned(ctx, txn, &before, &after).await?;
    write_counts(ctx, txn, changes).await
}

async fn write_owned(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: &Owned,
    after: &Owned,
) -> Result<(), Error> {
    let changed = before
        .iter()
        .filter(|(who, what)| after.get(*who) != Some(*what));
    let changed: Vec<Uuid> = changed.map(|(who, _)| *who).collect();
    if !changed.is_empty() {
        Entity::delete_many()
            .filter(Column::TenantId.eq(ctx.tenant))
            .filter(Column::CustomerId.is_in(changed))
            .exec(txn)
            .await?;
    }
    let new = after
        .iter()
        .filter(|(who, what)| before.get(*who) != Some(*what));
    let rows = new.flat_map(|(who, what)| {
        what.iter().map(|product_id| counted::Model {
            tenant_id: ctx.tenant,
            customer_id: *who,
            product_id: *product_id,
        })
    });
    insert_all::<Entity>(txn, rows.collect()).await
}

async fn write_counts(
    ctx: &Context,
    txn: &DatabaseTransaction,
    changes: Vec<((Uuid, Uuid), i64)>,
) -> Result<(), Error> {
    use together::{Column, Entity, Model};
    let fewer = changes.iter().filter(|(_, change)| *change < 0);
    let fewer: BTreeSet<Uuid> = fewer.map(|((product, _), _)| *product).collect();
    let rows = changes
        .into_iter()
        .map(|((product_id, other_id), owners)| Model {
            tenant_id: ctx.tenant,
            product_id,
            other_id,
            owners,
        });
    let more = Expr::col((Entity, Column::Owners)).add(Expr::col(("excluded", Column::Owners)));
    let add = OnConflict::columns([Column::TenantId, Column::ProductId, Column::OtherId])
        .value(Column::Owners, more)
        .to_owned();
    insert_or::<Entity>(txn, rows.collect(), &add).await?;
    if !fewer.is_empty() {
        Entity::delete_many()
            .filter(Column::TenantId.eq(ctx.tenant))
            .filter(Column::ProductId.is_in(fewer))
            .filter(Column::Owners.lte(0_i64))
            .exec(txn)
            .await?;
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct Ownership {
    customer_id: Uuid,
    product_id: Uuid,
}

/// What these customers own at this moment: of each the products that were recorded last.
pub(crate) async fn owned(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &BTreeSet<Uuid>,
    most: u64,
) -> Result<Owned, Error> {
    let mut values: Vec<Value> = vec![ctx.tenant.into()];
    let them = placeholders(&mut values, customers.iter().copied());
    let sql = format!(
        "SELECT customer_id, product_id FROM (SELECT customer_id, product_id, \
         ROW_NUMBER() OVER (PARTITION BY customer_id ORDER BY product_id DESC) AS place \
         FROM ({all}) AS owned) AS placed WHERE place <= {most}",
        all = facts(&format!("IN ({them})"), "")
    );
    let mut owned = Owned::new();
    for row in read(db, sql, values).await? {
        let theirs = owned.entry(row.customer_id).or_default();
        theirs.insert(row.product_id);
    }
    Ok(owned)
}

/// Those of the products that one of the customers owns at this moment.
pub(crate) async fn among(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &BTreeSet<Uuid>,
    products: &[Uuid],
) -> Result<BTreeSet<Uuid>, Error> {
    if products.is_empty() {
        return Ok(BTreeSet::new());
    }
    let mut values: Vec<Value> = vec![ctx.tenant.into()];
    let owners = placeholders(&mut values, customers.iter().copied());
    let them = placeholders(&mut values, products.iter().copied());
    let them = format!("AND l.product_id IN ({them})");
    let sql = facts(&format!("IN ({owners})"), &them);
    let rows = read(db, sql, values).await?;
    Ok(rows.into_iter().map(|row| row.product_id).collect())
}

/// Each customer with each product on what he won or ordered, once.
fn facts(customers: &str, products: &str) -> String {
    let (won, cancelled) = (OpportunityState::Won.code(), OrderState::Cancelled.code());
    format!(
        "SELECT o.customer_id, l.product_id FROM opportunity AS o JOIN opportunity_line AS l \
         ON l.tenant_id = o.tenant_id AND l.opportunity_id = o.opportunity_id \
         WHERE o.tenant_id = $1 AND o.customer_id {customers} AND o.state = {won} {products} \
         UNION SELECT o.customer_id, l.product_id FROM sales_order AS o JOIN order_line AS l \
         ON l.tenant_id = o.tenant_id AND l.order_id = o.order_id \
         WHERE o.tenant_id = $1 AND o.customer_id {customers} AND o.state <> {cancelled} \
         AND l.product_id IS NOT NULL {products}"
    )
}

/// Adds values; answers what stands for them in the statement.
fn placeholders(values: &mut Vec<Value>, ids: impl Iterator<Item = Uuid>) -> String {
    let places = ids.map(|id| {
        values.push(id.into());
        format!("${}", values.len())
    });
    places.collect::<Vec<_>>().join(", ")
}

async fn read(
    db: &impl ConnectionTrait,
    sql: String,
    values: Vec<Value>,
) -> Result<Vec<Ownership>, Error> {
    let statement = Statement::from_sql_and_values(db.get_database_backend(), sql, values);
    Ok(Ownership::find_by_statement(statement).all(db).await?)
}
