//! Price books.

use iso_currency::Currency;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::period::Period;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use serde::Deserialize as _;
use uuid::Uuid;

use super::entity::price_book::{Column, Entity, Model};
use crate::domain::price::{PriceBook, TaxTreatment};
use crate::error::{Error, superseded, unreadable};
use crate::resource::PRICE_BOOK;

/// Most price books of a tenant.
pub(crate) const MOST: u64 = 1_000;

const READING: &str = "reading a stored price book";

/// One price book.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    let found = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    found.ok_or_else(|| Error::not_found(PRICE_BOOK.format(&[id])))
}

/// Price books from behind `after` on, oldest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Condition::all().add_option(after.map(|after| Column::PriceBookId.gt(after))))
        .order_by_asc(Column::PriceBookId)
        .limit(limit)
        .all(db)
        .await?)
}

/// Those of the price books that exist.
pub(crate) async fn among(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::PriceBookId.is_in(ids))
        .all(db)
        .await?)
}

/// Records a price book.
///
/// # Errors
/// `InvalidState` when there are too many. Those recorded at the same instant may exceed the
/// bound by as many.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    book: &PriceBook,
) -> Result<Model, Error> {
    let recorded = Entity::find().filter(Column::TenantId.eq(ctx.tenant));
    if recorded.count(txn).await? >= MOST {
        return Err(Error::InvalidState {
            resource: "priceBooks".to_owned(),
            state: "FULL",
            why: "has 1,000 price books. Delete those that are out of use.",
        });
    }
    let empty = Model {
        tenant_id: ctx.tenant,
        price_book_id: new_id(),
        display_name: String::new(),
        currency: book.currency.code().to_owned(),
        tax_treatment: book.tax.code(),
        valid_from_time: None,
        valid_to_time: None,
        segments: serde_json::Value::Null,
        priority: 0,
        version: 0,
        create_time: ctx.now,
        update_time: ctx.now,
    };
    let row = changed(ctx, empty, book);
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// Writes `book` over the row it was read from. Currency and tax treatment stay.
pub(crate) async fn update(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    book: &PriceBook,
) -> Result<Model, Error> {
    write(txn, changed(ctx, before, book)).await
}

/// Notes that prices of the book change: of two transactions that do, or that remove it, the
/// second runs again.
pub(crate) async fn touch(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
) -> Result<Model, Error> {
    let before = get(ctx, txn, id).await?;
    let row = Model {
        version: before.version + 1,
        update_time: ctx.now,
        ..before
    };
    write(txn, row).await
}

async fn write(txn: &DatabaseTransaction, row: Model) -> Result<Model, Error> {
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(row.version - 1))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// Removes a price book.
pub(crate) async fn delete(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
) -> Result<(), Error> {
    Entity::delete_by_id((ctx.tenant, id)).exec(txn).await?;
    Ok(())
}

/// The price book that a row holds.
pub(crate) fn from_row(row: &Model) -> Result<PriceBook, Error> {
    let period = Period::parse(row.valid_from_time, row.valid_to_time);
    Ok(PriceBook {
        display_name: row.display_name.clone(),
        currency: Currency::from_code(&row.currency)
            .ok_or("unknown currency")
            .map_err(unreadable(READING))?,
        tax: TaxTreatment::try_from(i32::from(row.tax_treatment)).map_err(unreadable(READING))?,
        period: period.map_err(unreadable(READING))?,
        segments: Vec::deserialize(&row.segments).map_err(unreadable(READING))?,
        priority: row.priority,
    })
}

fn changed(ctx: &Context, before: Model, book: &PriceBook) -> Model {
    Model {
        display_name: book.display_name.clone(),
        valid_from_time: book.period.from(),
        valid_to_time: book.period.to(),
        segments: book.segments.as_slice().into(),
        priority: book.priority,
        version: before.version + 1,
        update_time: ctx.now,
        ..before
    }
}
