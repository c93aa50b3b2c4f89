//! Payments, refunds, credit notes and what was written off.

use std::collections::HashMap;

use rapport_platform::identity::Context;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::domain::order::Billing;
use crate::domain::receivable::InvoiceEntryKind;
use crate::error::{Error, unreadable};
use crate::store::entity::invoice_entry::{Column, Entity, Model};
use crate::store::rows::replace_all;

/// Those of the documents that are known.
pub(crate) async fn among(
    ctx: &Context,
    db: &impl ConnectionTrait,
    documents: impl IntoIterator<Item = &str>,
) -> Result<HashMap<String, Model>, Error> {
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::Document.is_in(documents))
        .all(db)
        .await?;
    let rows = rows.into_iter().map(|row| (row.document.clone(), row));
    Ok(rows.collect())
}

/// Entries of an invoice from behind the document `after` on, by document.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    invoice: Uuid,
    after: Option<String>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::InvoiceId.eq(invoice))
        .filter(Condition::all().add_option(after.map(|after| Column::Document.gt(after))))
        .order_by_asc(Column::Document)
        .limit(limit)
        .all(db)
        .await?)
}

/// The last day on which something was booked, of each invoice of which something was.
pub(crate) async fn last_bookings(
    ctx: &Context,
    db: &impl ConnectionTrait,
    invoices: Vec<Uuid>,
) -> Result<HashMap<Uuid, i32>, Error> {
    if invoices.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(Uuid, i32)> = Entity::find()
        .select_only()
        .column(Column::InvoiceId)
        .column_as(Column::BookingDate.max(), "last")
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::InvoiceId.is_in(invoices))
        .group_by(Column::InvoiceId)
        .into_tuple()
        .all(db)
        .await?;
    Ok(found.into_iter().collect())
}

/// Writes reports over older ones.
pub(crate) async fn write(txn: &DatabaseTransaction, rows: Vec<Model>) -> Result<(), Error> {
    replace_all::<Entity>(txn, rows, Some(Column::Sequence)).await
}

/// By how much an entry changes its invoice.
pub(crate) fn effect(row: &Model) -> Result<Billing, Error> {
    let kind = InvoiceEntryKind::try_from(i32::from(row.kind));
    let kind = kind.map_err(unreadable("reading a stored entry"))?;
    Ok(kind.effect(row.amount))
}
