//! `PriceBookService`.

mod look_up;

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Shared;
use super::convert::price_book as convert;
use crate::domain::price::Entry;
use crate::error::{Error, faults_of};
use crate::events::price as events;
use crate::resource::{PRICE, PRICE_BOOK, PRODUCT};
use crate::store::{price, price_book, product};

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 200,
};
const PRICES: PageSizes = PageSizes {
    default: 50,
    max: 500,
};

/// Keeps what products cost.
pub(crate) struct PriceBooks(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.PriceBookService" for PriceBooks {
        create_price_book(proto::CreatePriceBookRequest) -> proto::PriceBook = create;
        get_price_book(proto::GetPriceBookRequest) -> proto::PriceBook = get;
        list_price_books(proto::ListPriceBooksRequest) -> proto::ListPriceBooksResponse = list;
        update_price_book(proto::UpdatePriceBookRequest) -> proto::PriceBook = update;
        delete_price_book(proto::DeletePriceBookRequest) -> () = delete;
        batch_set_prices(proto::BatchSetPricesRequest) -> proto::BatchSetPricesResponse = set;
        batch_remove_prices(proto::BatchRemovePricesRequest)
            -> proto::BatchRemovePricesResponse = remove;
        get_price_book_entry(proto::GetPriceBookEntryRequest) -> proto::PriceBookEntry = get_price;
        list_price_book_entries(proto::ListPriceBookEntriesRequest)
            -> proto::ListPriceBookEntriesResponse = list_prices;
        look_up_prices(proto::LookUpPricesRequest) -> proto::LookUpPricesResponse = look_up;
    }
}

impl PriceBooks {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreatePriceBookRequest,
    ) -> Result<proto::PriceBook, Error> {
        let sent = request.price_book.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("price_book"))?;
        let (ctx, book) = (
            &ctx,
            &convert::parse(sent).map_err(faults_of("price_book"))?,
        );
        self.0
            .once(ctx, &request, |txn| async move {
                let row = price_book::insert(ctx, &txn, book).await?;
                let version = row.version;
                let created = convert::to_proto(row)?;
                let event = events::price_book_changed(&created, version);
                outbox::append(&txn, ctx, &[event]).await?;
                Ok(created)
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetPriceBookRequest,
    ) -> Result<proto::PriceBook, Error> {
        let [id] = PRICE_BOOK.parse("name", &request.name)?;
        convert::to_proto(price_book::get(&ctx, self.0.db.read(), id).await?)
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListPriceBooksRequest,
    ) -> Result<proto::ListPriceBooksResponse, Error> {
        let proto::ListPriceBooksRequest {
            page_size,
            page_token,
        } = request;
        let list = ListRequest {
            method: "rapport.sales.v1.PriceBookService/ListPriceBooks",
            query: Fingerprint::of(&[]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let rows = price_book::list(&ctx, self.0.db.read(), page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.price_book_id)?;
        let price_books = rows.into_iter().map(convert::to_proto);
        Ok(proto::ListPriceBooksResponse {
            price_books: price_books.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdatePriceBookRequest,
    ) -> Result<proto::PriceBook, Error> {
        let sent = request.price_book.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("price_book"))?;
        let [id] = PRICE_BOOK.parse("price_book.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::PriceBook>(mask, &convert::UPDATABLE)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let row = price_book::get(ctx, &*txn, id).await?;
                Etag::check(&sent.name, &sent.etag, row.version)?;
                let before = price_book::from_row(&row)?;
                let merged = mask.merge(&convert::to_proto(row.clone())?, sent)?;
                let book = convert::parse(&merged).map_err(faults_of("price_book"))?;
                if (book.currency, book.tax) != (before.currency, before.tax) {
                    let why = "can't change, nor can the tax treatment: record another price book";
                    return Err(Error::invalid("price_book.currency_code", why));
                }
                let row = price_book::update(ctx, &txn, row, &book).await?;
                let version = row.version;
                let updated = convert::to_proto(row)?;
                let event = events::price_book_changed(&updated, version);
                outbox::append(&txn, ctx, &[event]).await?;
                Ok(updated)
            })
            .await
    }

    async fn delete(
        &self,
        ctx: Context,
        request: proto::DeletePriceBookRequest,
    ) -> Result<(), Error> {
        let [id] = PRICE_BOOK.parse("name", &request.name)?;
        let (ctx, name, etag) = (&ctx, &request.name, &request.etag);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = price_book::get(ctx, &*txn, id).await?;
                Etag::check(name, etag, row.version)?;
                // Claims the row: nobody sets a price beside this.
                price_book::touch(ctx, &txn, id).await?;
                let dependents = price::count(ctx, &*txn, id).await?;
                if dependents > 0 {
                    return Err(Error::InUse {
                        resource: name.clone(),
                        dependents,
                    });
                }
                price_book::delete(ctx, &txn, id).await?;
                let event = events::price_book_deleted(name, row.version);
                outbox::append(&txn, ctx, &[event]).await?;
                Ok(())
            })
            .await
    }

    async fn set(
        &self,
        ctx: Context,
        request: proto::BatchSetPricesRequest,
    ) -> Result<proto::BatchSetPricesResponse, Error> {
        let [id] = PRICE_BOOK.parse("parent", &request.parent)?;
        let (ctx, name, sent) = (&ctx, &request.parent, &request.entries);
        self.0
            .once(ctx, &request, |txn| async move {
                let row = price_book::touch(ctx, &txn, id).await?;
                let currency = price_book::from_row(&row)?.currency;
                let prices = convert::entries(sent, currency).map_err(faults_of("entries"))?;
                require_products(ctx, &txn, &prices).await?;
                let set = price::set(ctx, &txn, id, &prices).await?;
                let entries = set
                    .into_iter()
                    .map(|it| convert::entry_to_proto(it, &row.currency));
                let entries: Vec<_> = entries.collect::<Result<_, _>>()?;
                let event = events::prices_set(name, row.version, &entries);
                outbox::append(&txn, ctx, &[event]).await?;
                Ok(proto::BatchSetPricesResponse { entries })
            })
            .await
    }

    async fn remove(
        &self,
        ctx: Context,
        request: proto::BatchRemovePricesRequest,
    ) -> Result<proto::BatchRemovePricesResponse, Error> {
        let [id] = PRICE_BOOK.parse("parent", &request.parent)?;
        let (ctx, name, sent) = (&ctx, &request.parent, &request.products);
        let products = sent.iter().enumerate().map(|(index, product)| {
            PRODUCT
                .parse(&format!("products[{index}]"), product)
                .map(|[id]| id)
        });
        let products: &Vec<Uuid> = &products.collect::<Result<_, _>>()?;
        self.0
            .once(ctx, &request, |txn| async move {
                let row = price_book::touch(ctx, &txn, id).await?;
                let removed = price::remove(ctx, &txn, id, products).await?;
                let event = events::prices_removed(name, row.version, sent);
                outbox::append(&txn, ctx, &[event]).await?;
                Ok(proto::BatchRemovePricesResponse {
                    removed_count: i32::try_from(removed).unwrap_or(i32::MAX),
                })
            })
            .await
    }

    async fn get_price(
        &self,
        ctx: Context,
        request: proto::GetPriceBookEntryRequest,
    ) -> Result<proto::PriceBookEntry, Error> {
        let ids = PRICE.parse("name", &request.name)?;
        let db = self.0.db.read();
        let row = price::get(&ctx, db, ids).await?;
        let book = price_book::get(&ctx, db, row.price_book_id).await?;
        convert::entry_to_proto(row, &book.currency)
    }

    async fn list_prices(
        &self,
        ctx: Context,
        request: proto::ListPriceBookEntriesRequest,
    ) -> Result<proto::ListPriceBookEntriesResponse, Error> {
        let proto::ListPriceBookEntriesRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [id] = PRICE_BOOK.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.PriceBookService/ListPriceBookEntries",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PRICES)?;
        let db = self.0.db.read();
        let book = price_book::get(&ctx, db, id).await?;
        let rows = price::list(&ctx, db, id, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.product_id)?;
        let entries = rows
            .into_iter()
            .map(|row| convert::entry_to_proto(row, &book.currency));
        Ok(proto::ListPriceBookEntriesResponse {
            entries: entries.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }
}

/// Refuses prices of products that do not exist.
async fn require_products(
    ctx: &Context,
    txn: &DatabaseTransaction,
    prices: &[(Uuid, Entry)],
) -> Result<(), Error> {
    let known = product::among(ctx, txn, prices.iter().map(|(product, _)| *product)).await?;
    let missing = prices.iter().position(|(id, _)| !known.contains_key(id));
    missing.map_or(Ok(()), |entry| {
        let field = format!("entries[{entry}].product");
        Err(Error::invalid(field, "does not exist"))
    })
}
