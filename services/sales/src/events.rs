//! Facts that this service publishes. Each is appended to the outbox in the transaction that
//! makes it true. And what it does about those of others.

/// Functions that make the event of something that has the version since, by its name.
macro_rules! facts {
    ($($(#[$meta:meta])* $function:ident => $fact:ident { $field:ident: $kind:ident };)+) => {
        $(
            $(#[$meta])*
            pub(crate) fn $function(it: proto::$kind, version: i64) -> NewEvent {
                NewEvent::new(it.name.clone(), version, &proto::$fact { $field: Some(it) })
            }
        )+
    };
}

pub(crate) mod customers;
pub(crate) mod facts;

pub(crate) mod account_plan;
pub(crate) mod authority;
pub(crate) mod calendar;
pub(crate) mod expense;
pub(crate) mod order;
pub(crate) mod price;
pub(crate) mod proposal;
pub(crate) mod quote;
pub(crate) mod suggestion;
pub(crate) mod task;
pub(crate) mod territory;

use rapport_platform::outbox::NewEvent;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;

/// A seller was recorded.
pub(crate) fn seller_created(seller: &proto::Seller, version: i64) -> NewEvent {
    let fact = proto::SellerCreated {
        seller: Some(seller.clone()),
    };
    NewEvent::new(&seller.name, version, &fact)
}

/// A seller's record changed and has `version` since.
pub(crate) fn seller_updated(seller: &proto::Seller, version: i64) -> NewEvent {
    let fact = proto::SellerUpdated {
        seller: Some(seller.clone()),
    };
    NewEvent::new(&seller.name, version, &fact)
}

/// A seller was deactivated or reactivated and has `version` since.
pub(crate) fn seller_state_changed(seller: &proto::Seller, version: i64) -> NewEvent {
    let fact = proto::SellerStateChanged {
        seller: Some(seller.clone()),
    };
    NewEvent::new(&seller.name, version, &fact)
}

/// A pipeline was recorded.
pub(crate) fn pipeline_created(pipeline: &proto::Pipeline, version: i64) -> NewEvent {
    let fact = proto::PipelineCreated {
        pipeline: Some(pipeline.clone()),
    };
    NewEvent::new(&pipeline.name, version, &fact)
}

/// A pipeline changed and has `version` since.
pub(crate) fn pipeline_updated(pipeline: &proto::Pipeline, version: i64) -> NewEvent {
    let fact = proto::PipelineUpdated {
        pipeline: Some(pipeline.clone()),
    };
    NewEvent::new(&pipeline.name, version, &fact)
}

/// A product was recorded.
pub(crate) fn product_created(product: &proto::Product, version: i64) -> NewEvent {
    let fact = proto::ProductCreated {
        product: Some(product.clone()),
    };
    NewEvent::new(&product.name, version, &fact)
}

/// A product changed and has `version` since.
pub(crate) fn product_updated(product: &proto::Product, version: i64) -> NewEvent {
    let fact = proto::ProductUpdated {
        product: Some(product.clone()),
    };
    NewEvent::new(&product.name, version, &fact)
}

/// What became of an opportunity, which has `version` since, by the entry in its history.
pub(crate) fn opportunity_changed(
    now: &proto::Opportunity,
    stage_change: Option<proto::StageChange>,
    version: i64,
) -> NewEvent {
    use proto::OpportunityState::{Lost, Open, Unspecified, Won};
    let opportunity = Some(now.clone());
    macro_rules! event {
        ($fact:ident) => {
            NewEvent::new(
                &now.name,
                version,
                &proto::$fact {
                    opportunity,
                    stage_change,
                },
            )
        };
    }
    let Some(change) = stage_change.as_ref() else {
        return event!(OpportunityUpdated);
    };
    match (change.from_stage.as_str(), now.state()) {
        ("", _) => event!(OpportunityCreated),
        (from, _) if from == change.to_stage => event!(OpportunityUpdated),
        (_, Won) => event!(OpportunityWon),
        (_, Lost) => event!(OpportunityLost),
        _ if change.from_state != change.state => event!(OpportunityReopened),
        (_, Open | Unspecified) => event!(OpportunityMoved),
    }
}

/// Opportunities have another customer, by `cause`.
pub(crate) fn opportunities_reassigned(
    cause: &str,
    version: i64,
    fact: &proto::OpportunitiesReassigned,
) -> NewEvent {
    NewEvent::new(cause, version, fact)
}

/// What a seller is to bring was set.
pub(crate) fn quota_set(quota: &proto::Quota) -> NewEvent {
    let fact = proto::QuotaSet {
        quota: Some(quota.clone()),
    };
    NewEvent::new(&quota.name, 1, &fact)
}

/// A forecast was adjusted.
pub(crate) fn forecast_adjusted(adjustment: &proto::ForecastAdjustment) -> NewEvent {
    let fact = proto::ForecastAdjusted {
        forecast_adjustment: Some(adjustment.clone()),
    };
    NewEvent::new(&adjustment.name, 1, &fact)
}

/// An exchange rate was set. A day's rate has no version of its own: the time is its order.
pub(crate) fn exchange_rate_set(rate: &proto::ExchangeRate, time: Timestamp) -> NewEvent {
    let day = rate.effective_date.unwrap_or_default();
    let aggregate = format!(
        "exchangeRates/{}-{}/{:04}-{:02}-{:02}",
        rate.from_currency, rate.to_currency, day.year, day.month, day.day
    );
    let fact = proto::ExchangeRateSet {
        exchange_rate: Some(rate.clone()),
    };
    NewEvent::new(aggregate, time.as_micros(), &fact)
}
