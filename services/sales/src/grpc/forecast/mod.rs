//! `ForecastService`.

mod commit;
mod list;
mod territory;

pub(super) use commit::entitled;

use rapport_platform::identity::Context;
use rapport_platform::rpcs;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;

use super::Shared;
use super::convert::{forecast as convert, instant};
use super::report::period;
use crate::domain::forecast::{RateMissing, Rates, currency, roll_up};
use crate::error::{Error, faults_of};
use crate::resource::{self, SELLER};
use crate::store::forecast::{self, rate};
use crate::store::seller::history;

/// Most sellers of one forecast.
const MOST_SELLERS: u64 = 10_000;

/// Tells what sales will bring.
pub(crate) struct Forecasts(pub(crate) Shared);

rpcs! {
    "rapport.sales.v1.ForecastService" for Forecasts {
        query_forecast(proto::QueryForecastRequest) -> proto::QueryForecastResponse = query;
        query_territory_forecast(proto::QueryTerritoryForecastRequest)
            -> proto::QueryTerritoryForecastResponse = query_by_territory;
        set_quota(proto::SetQuotaRequest) -> proto::Quota = set_quota;
        list_quotas(proto::ListQuotasRequest) -> proto::ListQuotasResponse = list_quotas;
        adjust_forecast(proto::AdjustForecastRequest) -> proto::ForecastAdjustment = adjust;
        list_forecast_adjustments(proto::ListForecastAdjustmentsRequest)
            -> proto::ListForecastAdjustmentsResponse = list_adjustments;
        set_exchange_rate(proto::SetExchangeRateRequest) -> proto::ExchangeRate = set_rate;
        list_exchange_rates(proto::ListExchangeRatesRequest)
            -> proto::ListExchangeRatesResponse = list_rates;
    }
}

impl Forecasts {
    async fn query(
        &self,
        ctx: Context,
        request: proto::QueryForecastRequest,
    ) -> Result<proto::QueryForecastResponse, Error> {
        let proto::QueryForecastRequest {
            start_date,
            end_date,
            as_of_time,
            seller: root,
            currency_code,
        } = request;
        let period = period(start_date.as_ref(), end_date.as_ref())?;
        let time = looked_at(&ctx, as_of_time.as_ref())?;
        let root = resource::optional(SELLER, &root).map_err(faults_of("seller"))?;
        let target = currency(&currency_code).map_err(faults_of("currency_code"))?;
        let db = self.0.db.read();
        let members = history::team(&ctx, db, root, time, MOST_SELLERS).await?;
        if members.len() as u64 > MOST_SELLERS {
            return Err(Error::InvalidState {
                resource: "sellers".to_owned(),
                state: "TOO_MANY",
                why: "are more than 10,000. Ask for one of them and his team.",
            });
        }
        let facts = forecast::facts(&ctx, db, period, time).await?;
        let adjustments = forecast::adjustments(&ctx, db, period, time).await?;
        let quotas = forecast::quotas(&ctx, db, period, time).await?;
        let rates = rate::at(&ctx, db, target, time).await?;
        let rates = Rates::into(target, rates);
        let rows = roll_up(&members, &facts, &adjustments, &rates);
        let rows = rows.map_err(|missing| rate_missing(missing, &currency_code))?;
        let rows = rows.iter().map(|row| {
            let quota = quotas.get(&row.member.seller).copied();
            convert::row(row, quota, target)
        });
        Ok(proto::QueryForecastResponse {
            rows: rows.collect::<Result<_, _>>()?,
        })
    }
}

/// The moment that a request looks at.
pub(super) fn looked_at(
    ctx: &Context,
    sent: Option<&prost_types::Timestamp>,
) -> Result<Timestamp, Error> {
    let time = instant(sent).map_err(faults_of("as_of_time"))?;
    let time = time.unwrap_or(ctx.now);
    if time > ctx.now {
        return Err(Error::invalid("as_of_time", "must not be in the future"));
    }
    Ok(time)
}

fn rate_missing(RateMissing(from): RateMissing, to: &str) -> Error {
    Error::InvalidState {
        resource: format!("exchangeRates/{}-{to}", from.code()),
        state: "RATE_MISSING",
        why: "is not known on that day. Set it first.",
    }
}
