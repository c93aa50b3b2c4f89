//! Invoices, what changes what is open of them, and how old that is.

pub(crate) mod ageing;
pub(crate) mod entry;

use std::collections::HashMap;

use rapport_platform::identity::Context;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use uuid::Uuid;

use super::entity::invoice::{Column, Entity, Model};
use super::rows::replace_all;
use crate::domain::date;
use crate::domain::dunning::{DunningPolicy, Reminded};
use crate::domain::order::Billing;
use crate::domain::receivable::NEVER;
use crate::error::{Error, unreadable};
use crate::resource::INVOICE;

const READING: &str = "reading a stored invoice";

/// One invoice.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    let found = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    found.ok_or_else(|| Error::not_found(INVOICE.format(&[id])))
}

/// Invoices that fit the filter from behind `after` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(page(ctx, filter, after, limit).all(db).await?)
}

/// The statement of [`list`].
pub(crate) fn page(
    ctx: &Context,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Select<Entity> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(filter)
        .filter(Condition::all().add_option(after.map(|after| Column::InvoiceId.lt(after))))
        .order_by_desc(Column::InvoiceId)
        .limit(limit)
}

/// Those of the ERP's invoices that are known, which nobody else changes until the transaction
/// ends.
pub(crate) async fn claim(
    ctx: &Context,
    txn: &DatabaseTransaction,
    documents: impl IntoIterator<Item = &str>,
) -> Result<HashMap<String, Model>, Error> {
    let them = Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::Document.is_in(documents));
    Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version))
        .filter(them.clone())
        .exec(txn)
        .await?;
    let rows = Entity::find().filter(them).all(txn).await?;
    let rows = rows.into_iter().map(|row| (row.document.clone(), row));
    Ok(rows.collect())
}

/// Writes invoices over the versions that they were read with, new ones with version 0. When they
/// were settled, and when customers are reminded of them, follows from what they say.
pub(crate) async fn write(
    ctx: &Context,
    txn: &DatabaseTransaction,
    policy: &DunningPolicy,
    changed: impl IntoIterator<Item = Model>,
) -> Result<Vec<Model>, Error> {
    let mut rows: Vec<Model> = changed.into_iter().collect();
    let settled = rows.iter().filter(|row| row.open == 0);
    let settled: Vec<Uuid> = settled.map(|row| row.invoice_id).collect();
    let booked = entry::last_bookings(ctx, txn, settled).await?;
    for row in &mut rows {
        let last = booked.get(&row.invoice_id).copied();
        row.settled_date = match row.open {
            0 => last.unwrap_or_default().max(row.issue_date),
            _ => NEVER,
        };
        row.next_dunning_date = policy.next(&reminded(row)?).map(date::number);
        row.version += 1;
        row.update_time = ctx.now;
    }
    replace_all::<Entity>(txn, rows.clone(), Some(Column::Version)).await?;
    Ok(rows)
}

/// What was invoiced, and what became of it.
pub(crate) const fn billing(row: &Model) -> Billing {
    Billing {
        invoiced: row.invoiced,
        paid: row.paid,
        open: row.open,
    }
}

/// The invoice with what became of it.
pub(crate) fn billed(row: Model, billing: Billing) -> Model {
    let Billing {
        invoiced,
        paid,
        open,
    } = billing;
    Model {
        invoiced,
        paid,
        open,
        ..row
    }
}

fn reminded(row: &Model) -> Result<Reminded, Error> {
    let day = |number| date::from_number(number).map_err(unreadable(READING));
    Ok(Reminded {
        open: row.open > 0,
        disputed: row.dispute_time.is_some(),
        due: day(row.due_date)?,
        level: row.dunning_level,
        last: row.last_dunning_date.map(day).transpose()?,
        promise: row.promise_date.map(day).transpose()?,
    })
}
