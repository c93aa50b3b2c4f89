//! Forecasts, and what people commit to.

use rapport_platform::money::Money;
use rapport_proto::rapport::sales::v1 as proto;
use uuid::Uuid;

use super::to_day;
use crate::domain::forecast::{Amounts, Row};
use crate::domain::territory::Node;
use crate::error::{Error, unreadable};
use crate::resource;
use crate::store::amount;
use crate::store::entity::{exchange_rate, forecast_adjustment, quota};

/// The forecast of a seller, who is to bring `quota`.
pub(in crate::grpc) fn row(
    row: &Row,
    quota: Option<Money>,
    currency: iso_currency::Currency,
) -> Result<proto::ForecastRow, Error> {
    Ok(proto::ForecastRow {
        seller: resource::seller(row.member.seller),
        manager: row.member.manager.map(resource::seller).unwrap_or_default(),
        own: Some(amounts(&row.own, currency)?),
        team: Some(amounts(&row.team, currency)?),
        quota: quota.map(Into::into),
    })
}

/// The forecast of a territory of a model; without one, of what belongs to none.
pub(in crate::grpc) fn territory_row(
    row: &Row,
    model: Uuid,
    node: Option<&Node>,
    currency: iso_currency::Currency,
) -> Result<proto::TerritoryForecastRow, Error> {
    let name = |id: Uuid| resource::TERRITORY.format(&[model, id]);
    let parent = node.and_then(|it| it.parent);
    Ok(proto::TerritoryForecastRow {
        territory: node.map(|it| name(it.id)).unwrap_or_default(),
        territory_code: node.map(|it| it.code.clone()).unwrap_or_default(),
        parent_territory: parent.map(name).unwrap_or_default(),
        own: Some(amounts(&row.own, currency)?),
        total: Some(amounts(&row.team, currency)?),
    })
}

fn amounts(
    amounts: &Amounts,
    currency: iso_currency::Currency,
) -> Result<proto::ForecastAmounts, Error> {
    let Amounts {
        closed,
        commit,
        best_case,
        pipeline,
        weighted,
        adjustment,
        open_count,
        won_count,
    } = *amounts;
    let money = |minor| {
        let money = Money::from_minor(minor, currency);
        money
            .map(|it| Some(it.into()))
            .map_err(unreadable("answering a forecast"))
    };
    Ok(proto::ForecastAmounts {
        closed: money(closed)?,
        commit: money(commit)?,
        best_case: money(best_case)?,
        pipeline: money(pipeline)?,
        weighted: money(weighted)?,
        adjustment: money(adjustment)?,
        open_count,
        won_count,
    })
}

/// A quota in a row.
pub(in crate::grpc) fn quota(row: quota::Model) -> Result<proto::Quota, Error> {
    let quota::Model {
        tenant_id: _,
        quota_id,
        seller_id,
        start_date,
        end_date,
        amount: minor,
        currency,
        actor,
        create_time,
    } = row;
    Ok(proto::Quota {
        name: resource::QUOTA.format(&[seller_id, quota_id]),
        seller: resource::seller(seller_id),
        start_date: Some(to_day(start_date)),
        end_date: Some(to_day(end_date)),
        amount: amount::read(Some(minor), Some(&currency))?.map(Into::into),
        actor,
        create_time: Some(create_time.into()),
    })
}

/// An adjustment in a row.
pub(in crate::grpc) fn adjustment(
    row: forecast_adjustment::Model,
) -> Result<proto::ForecastAdjustment, Error> {
    let forecast_adjustment::Model {
        tenant_id: _,
        adjustment_id,
        seller_id,
        start_date,
        end_date,
        amount: minor,
        currency,
        note,
        actor,
        create_time,
    } = row;
    Ok(proto::ForecastAdjustment {
        name: resource::FORECAST_ADJUSTMENT.format(&[seller_id, adjustment_id]),
        seller: resource::seller(seller_id),
        start_date: Some(to_day(start_date)),
        end_date: Some(to_day(end_date)),
        amount: amount::read(Some(minor), Some(&currency))?.map(Into::into),
        note,
        actor,
        create_time: Some(create_time.into()),
    })
}

/// A rate in a row.
pub(in crate::grpc) fn rate(row: exchange_rate::Model) -> proto::ExchangeRate {
    let exchange_rate::Model {
        tenant_id: _,
        to_currency,
        from_currency,
        effective_date,
        record_time: _,
        rate_id: _,
        rate,
    } = row;
    proto::ExchangeRate {
        from_currency,
        to_currency,
        effective_date: Some(to_day(effective_date)),
        rate,
    }
}
