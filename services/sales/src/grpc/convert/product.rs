//! Products.

use rapport_platform::etag::Etag;
use rapport_proto::rapport::sales::v1 as proto;

use super::{money, text};
use crate::domain::product::ProductParts;
use crate::error::Error;
use crate::resource;
use crate::store::entity::product::Model;
use crate::store::product;

/// What callers may name in an update.
pub(in crate::grpc) const UPDATABLE: [&str; 6] = [
    "code",
    "display_name",
    "aliases",
    "series",
    "list_price",
    "retired",
];

/// What a message says of a product.
pub(in crate::grpc) fn parts(product: &proto::Product) -> ProductParts<'_> {
    let proto::Product {
        name: _,
        code,
        display_name,
        aliases,
        series,
        list_price,
        retired,
        create_time: _,
        update_time: _,
        etag: _,
    } = product;
    ProductParts {
        code,
        display_name,
        aliases,
        series,
        list_price: money(list_price.as_ref()),
        retired: *retired,
    }
}

/// The product in a row.
pub(in crate::grpc) fn to_proto(row: &Model) -> Result<proto::Product, Error> {
    let list_price = product::list_price(row)?;
    let Model {
        tenant_id: _,
        product_id,
        code,
        display_name,
        aliases,
        series,
        list_price: _,
        list_price_currency: _,
        retired,
        version,
        create_time,
        update_time,
    } = row.clone();
    Ok(proto::Product {
        name: resource::product(product_id),
        code,
        display_name,
        aliases: product::aliases(&aliases)?,
        series: text(series),
        list_price: list_price.map(Into::into),
        retired,
        create_time: Some(create_time.into()),
        update_time: Some(update_time.into()),
        etag: Etag::of(version),
    })
}
