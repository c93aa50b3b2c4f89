//! Names of resources, as the protos write them.

use rapport_platform::invalid::Invalid;
use rapport_platform::name::Pattern;
use uuid::Uuid;

/// `customers/{uuid}`, of the customer service.
pub(crate) const CUSTOMER: Pattern<1> = Pattern::new("customers/{customer}");
/// `priceBooks/{uuid}`.
pub(crate) const PRICE_BOOK: Pattern<1> = Pattern::new("priceBooks/{price_book}");
/// `priceBooks/{uuid}/entries/{uuid}`: the price book and the product.
pub(crate) const PRICE: Pattern<2> = Pattern::new("priceBooks/{price_book}/entries/{entry}");
/// `products/{uuid}`.
pub(crate) const PRODUCT: Pattern<1> = Pattern::new("products/{product}");
/// `sellers/{uuid}`.
pub(crate) const SELLER: Pattern<1> = Pattern::new("sellers/{seller}");

/// The name of a customer.
pub(crate) fn customer(id: Uuid) -> String {
    CUSTOMER.format(&[id])
}

/// The name of a seller.
pub(crate) fn seller(id: Uuid) -> String {
    SELLER.format(&[id])
}

/// The id in a name that may be unset.
pub(crate) fn optional(pattern: Pattern<1>, name: &str) -> Result<Option<Uuid>, Invalid> {
    match pattern.ids(name) {
        _ if name.is_empty() => Ok(None),
        Some([id]) => Ok(Some(id)),
        None => Err(Invalid::new(format!(
            "must have the form `{}`",
            pattern.template()
        ))),
    }
}

/// The id in a name that must be set.
pub(crate) fn required(pattern: Pattern<1>, name: &str) -> Result<Uuid, Invalid> {
    optional(pattern, name)?.ok_or_else(|| Invalid::new("is required"))
}
