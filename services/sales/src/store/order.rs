//! Orders, their lines and what was delivered of them.

pub(crate) mod customer;
pub(crate) mod delivery;

use std::collections::HashMap;

use rapport_platform::identity::Context;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use uuid::Uuid;

use super::entity::order_line as line;
use super::entity::sales_order::{Column, Entity, Model};
use super::ownership;
use super::rows::{insert_all, replace_all};
use crate::domain::order::{
    Billing, DeliveryState, OrderDiscrepancy, OrderState, Shipped, Standing,
};
use crate::error::{Error, unreadable};
use crate::resource::ORDER;

const READING: &str = "reading a stored order";

/// An order with what was ordered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its row.
    pub(crate) row: Model,
    /// Its lines, in their order.
    pub(crate) lines: Vec<line::Model>,
}

/// One order.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Record, Error> {
    with_lines(ctx, db, row(ctx, db, id).await?).await
}

/// One order without its lines.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn row(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    let row = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    row.ok_or_else(|| Error::not_found(ORDER.format(&[id])))
}

/// The order with its lines.
pub(crate) async fn with_lines(
    ctx: &Context,
    db: &impl ConnectionTrait,
    row: Model,
) -> Result<Record, Error> {
    let lines = lines(ctx, db, &[row.order_id]).await?;
    Ok(Record { row, lines })
}

/// Lines of orders, by order and place.
pub(crate) async fn lines(
    ctx: &Context,
    db: &impl ConnectionTrait,
    orders: &[Uuid],
) -> Result<Vec<line::Model>, Error> {
    Ok(line::Entity::find()
        .filter(line::Column::TenantId.eq(ctx.tenant))
        .filter(line::Column::OrderId.is_in(orders.iter().copied()))
        .order_by_asc(line::Column::OrderId)
        .order_by_asc(line::Column::Position)
        .all(db)
        .await?)
}

/// Orders that fit the filter from behind `after` on, latest quote first.
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
        .filter(Condition::all().add_option(after.map(|after| Column::OrderId.lt(after))))
        .order_by_desc(Column::OrderId)
        .limit(limit)
}

/// The order that has a number of the ERP.
pub(crate) async fn by_number(
    ctx: &Context,
    db: &impl ConnectionTrait,
    number: &str,
) -> Result<Option<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ExternalNumber.eq(number))
        .one(db)
        .await?)
}

/// Those of the ERP's numbers that are known, with the orders that have them.
pub(crate) async fn by_numbers<'n>(
    ctx: &Context,
    db: &impl ConnectionTrait,
    numbers: impl Iterator<Item = &'n str>,
) -> Result<HashMap<String, Uuid>, Error> {
    let numbers: Vec<&str> = numbers.collect();
    if numbers.is_empty() {
        return Ok(HashMap::new());
    }
    let found: Vec<(Option<String>, Uuid)> = Entity::find()
        .select_only()
        .column(Column::ExternalNumber)
        .column(Column::OrderId)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ExternalNumber.is_in(numbers))
        .into_tuple()
        .all(db)
        .await?;
    let known = found.into_iter();
    let known = known.filter_map(|(number, id)| Some((number?, id)));
    Ok(known.collect())
}

/// Those of the orders that exist, which nobody else changes until the transaction ends.
pub(crate) async fn claim(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<HashMap<Uuid, Model>, Error> {
    let ids: Vec<Uuid> = ids.into_iter().collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let them = Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::OrderId.is_in(ids));
    Entity::update_many()
        .col_expr(Column::Version, Expr::col(Column::Version))
        .filter(them.clone())
        .exec(txn)
        .await?;
    let rows = Entity::find().filter(them).all(txn).await?;
    Ok(rows.into_iter().map(|row| (row.order_id, row)).collect())
}

/// Records an order.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    record: &Record,
) -> Result<(), Error> {
    insert_all::<Entity>(txn, vec![record.row.clone()]).await?;
    insert_all::<line::Entity>(txn, record.lines.clone()).await?;
    ownership::mark(ctx, txn, record.row.customer_id).await
}

/// Writes orders over the versions that they were read with.
pub(crate) async fn write(
    ctx: &Context,
    txn: &DatabaseTransaction,
    changed: impl IntoIterator<Item = Model>,
) -> Result<Vec<Model>, Error> {
    let rows = changed.into_iter().map(|row| Model {
        version: row.version + 1,
        update_time: ctx.now,
        ..row
    });
    let rows: Vec<Model> = rows.collect();
    replace_all::<Entity>(txn, rows.clone(), Some(Column::Version)).await?;
    let cancelled = OrderState::Cancelled.code();
    let theirs = rows.iter().filter(|row| row.state == cancelled);
    ownership::mark(ctx, txn, theirs.filter_map(|row| row.customer_id)).await?;
    Ok(rows)
}

/// Writes how much was delivered of lines.
pub(crate) async fn write_lines(
    txn: &DatabaseTransaction,
    lines: Vec<line::Model>,
) -> Result<(), Error> {
    replace_all::<line::Entity>(txn, lines, None).await
}

/// What was promised, and what the ERP told of it.
pub(crate) fn standing(row: &Model) -> Result<Standing, Error> {
    let state = OrderState::try_from(i32::from(row.state)).map_err(unreadable(READING))?;
    let delivery = DeliveryState::try_from(i32::from(row.delivery_state));
    let mut discrepancies = OrderDiscrepancy::from_bits(row.discrepancies);
    Ok(Standing {
        cancelled: state == OrderState::Cancelled,
        promised: row.net.saturating_add(row.tax),
        billing: Billing {
            invoiced: row.invoiced,
            paid: row.paid,
            open: row.open,
        },
        shipped: Shipped {
            state: delivery.map_err(unreadable(READING))?,
            too_much: discrepancies.any(|it| it == OrderDiscrepancy::OverDelivered),
        },
    })
}

/// The order as it stands then.
pub(crate) fn standing_as(row: Model, standing: &Standing) -> Model {
    let Billing {
        invoiced,
        paid,
        open,
    } = standing.billing;
    Model {
        state: standing.state().code(),
        delivery_state: standing.shipped.state.code(),
        payment_state: standing.payment().code(),
        discrepancies: OrderDiscrepancy::bits(&standing.discrepancies()),
        invoiced,
        paid,
        open,
        ..row
    }
}
