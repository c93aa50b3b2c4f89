//! Names of resources, as the protos write them.

use rapport_platform::invalid::Invalid;
use rapport_platform::name::Pattern;
use uuid::Uuid;

/// `customers/{uuid}`, of the customer service.
pub(crate) const CUSTOMER: Pattern<1> = Pattern::new("customers/{customer}");
/// `customerMerges/{uuid}`, of the customer service.
pub(crate) const CUSTOMER_MERGE: Pattern<1> = Pattern::new("customerMerges/{customer_merge}");
/// `sellers/{uuid}`.
pub(crate) const SELLER: Pattern<1> = Pattern::new("sellers/{seller}");
/// `pipelines/{uuid}`.
pub(crate) const PIPELINE: Pattern<1> = Pattern::new("pipelines/{pipeline}");
/// `products/{uuid}`.
pub(crate) const PRODUCT: Pattern<1> = Pattern::new("products/{product}");
/// `opportunities/{uuid}`.
pub(crate) const OPPORTUNITY: Pattern<1> = Pattern::new("opportunities/{opportunity}");

/// `sellers/{uuid}/quotas/{uuid}`.
pub(crate) const QUOTA: Pattern<2> = Pattern::new("sellers/{seller}/quotas/{quota}");
/// `sellers/{uuid}/forecastAdjustments/{uuid}`.
pub(crate) const FORECAST_ADJUSTMENT: Pattern<2> =
    Pattern::new("sellers/{seller}/forecastAdjustments/{forecast_adjustment}");

/// The name of a customer.
pub(crate) fn customer(id: Uuid) -> String {
    CUSTOMER.format(&[id])
}

/// The name of a seller.
pub(crate) fn seller(id: Uuid) -> String {
    SELLER.format(&[id])
}

/// The name of a pipeline.
pub(crate) fn pipeline(id: Uuid) -> String {
    PIPELINE.format(&[id])
}

/// The name of a product.
pub(crate) fn product(id: Uuid) -> String {
    PRODUCT.format(&[id])
}

/// The name of an opportunity.
pub(crate) fn opportunity(id: Uuid) -> String {
    OPPORTUNITY.format(&[id])
}

/// The name of an entry in an opportunity's history.
pub(crate) fn stage_change(opportunity: Uuid, number: i64) -> String {
    format!("{}/stageChanges/{number}", self::opportunity(opportunity))
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
