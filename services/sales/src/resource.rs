//! Names of resources, as the protos write them.

use rapport_platform::invalid::Invalid;
use rapport_platform::name::Pattern;
use rapport_platform::problem::FieldViolation;
use uuid::Uuid;

/// `customers/{uuid}`, of the customer service.
pub(crate) const CUSTOMER: Pattern<1> = Pattern::new("customers/{customer}");
/// `priceBooks/{uuid}`.
pub(crate) const PRICE_BOOK: Pattern<1> = Pattern::new("priceBooks/{price_book}");
/// `priceBooks/{uuid}/entries/{uuid}`: the price book and the product.
pub(crate) const PRICE: Pattern<2> = Pattern::new("priceBooks/{price_book}/entries/{entry}");
/// `proposalTemplates/{uuid}`.
pub(crate) const PROPOSAL_TEMPLATE: Pattern<1> =
    Pattern::new("proposalTemplates/{proposal_template}");
/// `quotes/{uuid}/proposals/{uuid}`.
pub(crate) const PROPOSAL: Pattern<2> = Pattern::new("quotes/{quote}/proposals/{proposal}");
/// `quotes/{uuid}/sends/{uuid}`.
pub(crate) const QUOTE_SEND: Pattern<2> = Pattern::new("quotes/{quote}/sends/{send}");
/// `quotes/{uuid}`.
pub(crate) const QUOTE: Pattern<1> = Pattern::new("quotes/{quote}");
/// `orders/{uuid}`: the id is the quote's.
pub(crate) const ORDER: Pattern<1> = Pattern::new("orders/{order}");
/// `invoices/{uuid}`.
pub(crate) const INVOICE: Pattern<1> = Pattern::new("invoices/{invoice}");
/// `expenseReports/{uuid}`.
pub(crate) const EXPENSE_REPORT: Pattern<1> = Pattern::new("expenseReports/{expense_report}");
/// The tenant's only expense policy.
pub(crate) const EXPENSE_POLICY: &str = "expensePolicy";
/// `accountPlans/{uuid}`.
pub(crate) const ACCOUNT_PLAN: Pattern<1> = Pattern::new("accountPlans/{account_plan}");
/// `suggestionDecisions/{uuid}`.
pub(crate) const SUGGESTION_DECISION: Pattern<1> =
    Pattern::new("suggestionDecisions/{suggestion_decision}");
/// The tenant's only suggestion policy.
pub(crate) const SUGGESTION_POLICY: &str = "suggestionPolicy";
/// The tenant's only dunning policy.
pub(crate) const DUNNING_POLICY: &str = "dunningPolicy";
/// `calendarEvents/{uuid}`.
pub(crate) const CALENDAR_EVENT: Pattern<1> = Pattern::new("calendarEvents/{calendar_event}");
/// `tasks/{uuid}`.
pub(crate) const TASK: Pattern<1> = Pattern::new("tasks/{task}");
/// `sellers/{uuid}/calendarFeed`.
pub(crate) const CALENDAR_FEED: Pattern<1> = Pattern::new("sellers/{seller}/calendarFeed");
/// `authorityGrants/{uuid}`.
pub(crate) const AUTHORITY_GRANT: Pattern<1> = Pattern::new("authorityGrants/{authority_grant}");
/// `authorityDelegations/{uuid}`.
pub(crate) const AUTHORITY_DELEGATION: Pattern<1> =
    Pattern::new("authorityDelegations/{authority_delegation}");
/// The tenant's only approval policy.
pub(crate) const APPROVAL_POLICY: &str = "approvalPolicy";
/// `customers/{uuid}/contactPoints/{uuid}`, of the customer service.
pub(crate) const CONTACT_POINT: Pattern<2> =
    Pattern::new("customers/{customer}/contactPoints/{contact_point}");
/// `customers/{uuid}/contactPermits/{uuid}`, of the customer service.
pub(crate) const CONTACT_PERMIT: Pattern<2> =
    Pattern::new("customers/{customer}/contactPermits/{contact_permit}");
/// `customerMerges/{uuid}`, of the customer service.
pub(crate) const CUSTOMER_MERGE: Pattern<1> = Pattern::new("customerMerges/{customer_merge}");
/// `sellers/{uuid}`.
pub(crate) const SELLER: Pattern<1> = Pattern::new("sellers/{seller}");
/// `territoryModels/{uuid}`.
pub(crate) const TERRITORY_MODEL: Pattern<1> = Pattern::new("territoryModels/{territory_model}");
/// `territoryModels/{uuid}/territories/{uuid}`.
pub(crate) const TERRITORY: Pattern<2> =
    Pattern::new("territoryModels/{territory_model}/territories/{territory}");
/// `territoryModels/{uuid}/territories/{uuid}/sellers/{uuid}`.
pub(crate) const TERRITORY_SELLER: Pattern<3> = Pattern::new(
    "territoryModels/{territory_model}/territories/{territory}/sellers/{territory_seller}",
);
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

/// The name of a revision of a quote.
pub(crate) fn quote_revision(quote: Uuid, revision: i64) -> String {
    format!("{}{REVISIONS}{revision}", QUOTE.format(&[quote]))
}

/// Quote and number in the name of a revision, which the request has in `field`.
pub(crate) fn quote_revision_ids(field: &str, name: &str) -> Result<(Uuid, i64), FieldViolation> {
    let split = name.split_once(REVISIONS);
    let ids = split.and_then(|(quote, number)| {
        let plain = number.bytes().all(|it| it.is_ascii_digit()) && !number.starts_with('0');
        let number = number.parse().ok().filter(|_| plain);
        QUOTE.ids(quote).map(|[quote]| quote).zip(number)
    });
    ids.ok_or_else(|| {
        let why = "must have the form `quotes/{quote}/revisions/{number}`";
        FieldViolation::new(field, why)
    })
}

const REVISIONS: &str = "/revisions/";
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
