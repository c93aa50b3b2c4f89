//! `ProductService`.

use std::sync::LazyLock;

use rapport_platform::etag::Etag;
use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_platform::rpcs;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::product_service_server::ProductService;

use super::convert::product as convert;
use super::{PAGE, Shared};
use crate::domain::product::Product;
use crate::error::{Error, faults_of};
use crate::events;
use crate::resource::PRODUCT;
use crate::store::entity::product::Column;
use crate::store::product;

/// Most codes of one look-up.
const MOST_CODES: usize = 500;

/// Keeps what is sold.
pub(crate) struct Products(pub(crate) Shared);

rpcs! {
    ProductService for Products {
        create_product(proto::CreateProductRequest) -> proto::Product = create;
        get_product(proto::GetProductRequest) -> proto::Product = get;
        list_products(proto::ListProductsRequest) -> proto::ListProductsResponse = list;
        update_product(proto::UpdateProductRequest) -> proto::Product = update;
        look_up_products(proto::LookUpProductsRequest) -> proto::LookUpProductsResponse = look_up;
    }
}

/// What `ListProducts` filters by.
static FILTER: LazyLock<FilterSchema> = LazyLock::new(|| {
    FilterSchema::new()
        .text("code", Column::Code)
        .text("series", Column::Series)
        .boolean("retired", Column::Retired)
});

impl Products {
    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateProductRequest,
    ) -> Result<proto::Product, Error> {
        let sent = request.product.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("product"))?;
        let parsed = &Product::parse(convert::parts(sent)).map_err(faults_of("product"))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let row = product::insert(ctx, &txn, parsed).await?;
                let created = convert::to_proto(&row)?;
                outbox::append(&txn, ctx, &[events::product_created(&created, 1)]).await?;
                Ok(created)
            })
            .await
    }

    async fn get(
        &self,
        ctx: Context,
        request: proto::GetProductRequest,
    ) -> Result<proto::Product, Error> {
        let [id] = PRODUCT.parse("name", &request.name)?;
        convert::to_proto(&product::get(&ctx, self.0.db.read(), id).await?)
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListProductsRequest,
    ) -> Result<proto::ListProductsResponse, Error> {
        let proto::ListProductsRequest {
            page_size,
            page_token,
            filter,
        } = request;
        let list = ListRequest {
            method: "rapport.sales.v1.ProductService/ListProducts",
            query: Fingerprint::of(&[&filter]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let wanted = FILTER.parse(self.0.db.backend(), &filter)?;
        let rows = product::list(&ctx, self.0.db.read(), wanted, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.product_id)?;
        Ok(proto::ListProductsResponse {
            products: rows
                .iter()
                .map(convert::to_proto)
                .collect::<Result<_, _>>()?,
            next_page_token,
        })
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateProductRequest,
    ) -> Result<proto::Product, Error> {
        let sent = request.product.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("product"))?;
        let [id] = PRODUCT.parse("product.name", &sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::Product>(mask, &convert::UPDATABLE)?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let row = product::get(ctx, &*txn, id).await?;
                Etag::check(&sent.name, &sent.etag, row.version)?;
                let merged = mask.merge(&convert::to_proto(&row)?, sent)?;
                let parsed =
                    Product::parse(convert::parts(&merged)).map_err(faults_of("product"))?;
                let row = product::update(ctx, &txn, row, &parsed).await?;
                let updated = convert::to_proto(&row)?;
                let event = events::product_updated(&updated, row.version);
                outbox::append(&txn, ctx, &[event]).await?;
                Ok(updated)
            })
            .await
    }

    async fn look_up(
        &self,
        ctx: Context,
        request: proto::LookUpProductsRequest,
    ) -> Result<proto::LookUpProductsResponse, Error> {
        let codes = &request.codes;
        if codes.is_empty() || codes.len() > MOST_CODES {
            return Err(Error::invalid("codes", "must be 1 to 500 codes"));
        }
        let known = product::by_code(&ctx, self.0.db.read(), codes).await?;
        let found = codes
            .iter()
            .filter_map(|code| Some((code, known.get(code)?)));
        let found = found.map(|(code, row)| {
            Ok(proto::FoundProduct {
                code: code.clone(),
                product: Some(convert::to_proto(row)?),
            })
        });
        Ok(proto::LookUpProductsResponse {
            found: found.collect::<Result<_, Error>>()?,
        })
    }
}
