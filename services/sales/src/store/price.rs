//! What products cost by price books.

use rapport_platform::identity::Context;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::Deserialize as _;
use uuid::Uuid;

use super::entity::price_book_entry::{Column, Entity, Model};
use crate::domain::price::{Entry, Tier};
use crate::domain::quantity::Quantity;
use crate::domain::share::Share;
use crate::error::{Error, unreadable};
use crate::resource::PRICE;

const READING: &str = "reading a stored price";

/// One price.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    [book, product]: [Uuid; 2],
) -> Result<Model, Error> {
    let found = Entity::find_by_id((ctx.tenant, book, product)).one(db);
    found
        .await?
        .ok_or_else(|| Error::not_found(PRICE.format(&[book, product])))
}

/// Prices of a book from behind the product `after` on, by product.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    book: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::PriceBookId.eq(book))
        .filter(Condition::all().add_option(after.map(|after| Column::ProductId.gt(after))))
        .order_by_asc(Column::ProductId)
        .limit(limit)
        .all(db)
        .await?)
}

/// The prices that the books have for the products.
pub(crate) async fn among(
    ctx: &Context,
    db: &impl ConnectionTrait,
    books: impl IntoIterator<Item = Uuid>,
    products: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::PriceBookId.is_in(books))
        .filter(Column::ProductId.is_in(products))
        .all(db)
        .await?)
}

/// How many prices a book has.
pub(crate) async fn count(
    ctx: &Context,
    db: &impl ConnectionTrait,
    book: Uuid,
) -> Result<u64, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::PriceBookId.eq(book))
        .count(db)
        .await?)
}

/// Sets prices of a book, each of another product.
pub(crate) async fn set(
    ctx: &Context,
    txn: &DatabaseTransaction,
    book: Uuid,
    prices: &[(Uuid, Entry)],
) -> Result<Vec<Model>, Error> {
    let rows: Vec<Model> = prices
        .iter()
        .map(|(product, entry)| to_row(ctx, book, *product, entry))
        .collect();
    let replace = OnConflict::columns([Column::TenantId, Column::PriceBookId, Column::ProductId])
        .update_columns([Column::Tiers, Column::UnitCost])
        .update_columns([Column::FloorMargin, Column::UpdateTime])
        .to_owned();
    Entity::insert_many(rows.iter().cloned().map(|row| row.into_active_model()))
        .on_conflict(replace)
        .exec_without_returning(txn)
        .await?;
    Ok(rows)
}

/// Removes prices of a book; answers how many there were.
pub(crate) async fn remove(
    ctx: &Context,
    txn: &DatabaseTransaction,
    book: Uuid,
    products: &[Uuid],
) -> Result<u64, Error> {
    let removed = Entity::delete_many()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::PriceBookId.eq(book))
        .filter(Column::ProductId.is_in(products.iter().copied()))
        .exec(txn)
        .await?;
    Ok(removed.rows_affected)
}

/// The price that a row holds.
pub(crate) fn from_row(row: &Model) -> Result<Entry, Error> {
    let tiers: Vec<(i64, i64)> = Vec::deserialize(&row.tiers).map_err(unreadable(READING))?;
    let tiers = tiers.into_iter().map(|(quantity, unit_price)| {
        let min_quantity = Quantity::from_thousandths(quantity).ok_or("no quantity")?;
        Ok::<_, &str>(Tier {
            min_quantity,
            unit_price,
        })
    });
    let tiers = tiers
        .collect::<Result<_, _>>()
        .map_err(unreadable(READING))?;
    let floor = Share::parse(row.floor_margin).map_err(unreadable(READING))?;
    Entry::new(tiers, row.unit_cost, floor).map_err(unreadable(READING))
}

fn to_row(ctx: &Context, book: Uuid, product: Uuid, entry: &Entry) -> Model {
    let tiers = entry.tiers().iter();
    let tiers = tiers.map(|tier| vec![tier.min_quantity.thousandths(), tier.unit_price]);
    Model {
        tenant_id: ctx.tenant,
        price_book_id: book,
        product_id: product,
        tiers: tiers.collect(),
        unit_cost: entry.unit_cost(),
        floor_margin: entry.floor_margin().ppm(),
        update_time: ctx.now,
    }
}
