//! Listing what people committed to.

use std::sync::LazyLock;

use rapport_platform::filter::FilterSchema;
use rapport_platform::identity::Context;
use rapport_platform::paging::{Fingerprint, ListRequest};
use rapport_proto::rapport::sales::v1 as proto;

use super::Forecasts;
use crate::error::Error;
use crate::grpc::convert::forecast as convert;
use crate::grpc::{PAGE, SMALL_PAGE};
use crate::resource::SELLER;
use crate::store::entity::exchange_rate::Column as Rate;
use crate::store::forecast;
use crate::store::forecast::rate::{self, Place};

/// What `ListExchangeRates` filters by.
static RATES: LazyLock<FilterSchema> = LazyLock::new(|| {
    FilterSchema::new()
        .text("to_currency", Rate::ToCurrency)
        .text("from_currency", Rate::FromCurrency)
        .date("effective_date", Rate::EffectiveDate)
});

impl Forecasts {
    pub(super) async fn list_quotas(
        &self,
        ctx: Context,
        request: proto::ListQuotasRequest,
    ) -> Result<proto::ListQuotasResponse, Error> {
        let proto::ListQuotasRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [id] = SELLER.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.ForecastService/ListQuotas",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let db = self.0.db.read();
        let rows = forecast::list_quotas(&ctx, db, id, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.quota_id)?;
        Ok(proto::ListQuotasResponse {
            quotas: rows
                .into_iter()
                .map(convert::quota)
                .collect::<Result<_, _>>()?,
            next_page_token,
        })
    }

    pub(super) async fn list_adjustments(
        &self,
        ctx: Context,
        request: proto::ListForecastAdjustmentsRequest,
    ) -> Result<proto::ListForecastAdjustmentsResponse, Error> {
        let proto::ListForecastAdjustmentsRequest {
            parent,
            page_size,
            page_token,
        } = request;
        let [id] = SELLER.parse("parent", &parent)?;
        let list = ListRequest {
            method: "rapport.sales.v1.ForecastService/ListForecastAdjustments",
            query: Fingerprint::of(&[&parent]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, SMALL_PAGE)?;
        let db = self.0.db.read();
        let rows = forecast::list_adjustments(&ctx, db, id, page.after, page.limit()).await?;
        let (rows, next_page_token) = page.finish(rows, |row| row.adjustment_id)?;
        let adjustments = rows.into_iter().map(convert::adjustment);
        Ok(proto::ListForecastAdjustmentsResponse {
            forecast_adjustments: adjustments.collect::<Result<_, _>>()?,
            next_page_token,
        })
    }

    pub(super) async fn list_rates(
        &self,
        ctx: Context,
        request: proto::ListExchangeRatesRequest,
    ) -> Result<proto::ListExchangeRatesResponse, Error> {
        let proto::ListExchangeRatesRequest {
            page_size,
            page_token,
            filter,
        } = request;
        let list = ListRequest {
            method: "rapport.sales.v1.ForecastService/ListExchangeRates",
            query: Fingerprint::of(&[&filter]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open::<Place>(&ctx, &list, PAGE)?;
        let wanted = RATES.parse(self.0.db.backend(), &filter)?;
        let (after, limit) = (page.after.clone(), page.limit());
        let rows = rate::list(&ctx, self.0.db.read(), wanted, after, limit).await?;
        let (rows, next_page_token) = page.finish(rows, |row| Place::from(row))?;
        Ok(proto::ListExchangeRatesResponse {
            exchange_rates: rows.into_iter().map(convert::rate).collect(),
            next_page_token,
        })
    }
}
