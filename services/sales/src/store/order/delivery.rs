//! The ERP's delivery documents.

use std::collections::HashMap;

use rapport_platform::identity::Context;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::Deserialize as _;
use uuid::Uuid;

use crate::error::{Error, unreadable};
use crate::store::entity::order_delivery::{Column, Entity, Model};
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

/// What was delivered of an order from behind the document `after` on, by document.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    order: Uuid,
    after: Option<String>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::OrderId.eq(order))
        .filter(Condition::all().add_option(after.map(|after| Column::Document.gt(after))))
        .order_by_asc(Column::Document)
        .limit(limit)
        .all(db)
        .await?)
}

/// Writes reports over older ones.
pub(crate) async fn write(txn: &DatabaseTransaction, rows: Vec<Model>) -> Result<(), Error> {
    replace_all::<Entity>(txn, rows, Some(Column::Sequence)).await
}

/// Position and thousandths of each line.
pub(crate) fn lines(row: &Model) -> Result<Vec<(i32, i64)>, Error> {
    Vec::deserialize(&row.lines).map_err(unreadable("reading a stored delivery"))
}
