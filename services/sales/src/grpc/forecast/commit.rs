//! What people commit to: quotas, adjustments, and the rates between currencies.

use rapport_platform::identity::Context;
use rapport_platform::invalid::Invalid;
use rapport_platform::outbox;
use rapport_platform::text;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Forecasts;
use crate::domain::forecast::{adjustment, may_commit, pair, quota, rate as worth};
use crate::domain::report::Period;
use crate::error::{Error, faults_of};
use crate::events;
use crate::grpc::convert::{day, forecast as convert, money};
use crate::resource::{self, SELLER};
use crate::store::forecast::{self, rate};
use crate::store::seller;

/// Longest note, in characters.
const MAX_NOTE: usize = 1_000;

impl Forecasts {
    pub(super) async fn set_quota(
        &self,
        ctx: Context,
        request: proto::SetQuotaRequest,
    ) -> Result<proto::Quota, Error> {
        let sent = request.quota.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("quota"))?;
        let id = resource::required(SELLER, &sent.seller).map_err(faults_of("quota.seller"))?;
        let period = Period::parse(day(sent.start_date.as_ref()), day(sent.end_date.as_ref()));
        let period = period.map_err(faults_of("quota"))?;
        let amount = quota(money(sent.amount.as_ref())).map_err(faults_of("quota.amount"))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                entitled(ctx, &txn, id, false).await?;
                let row = forecast::insert_quota(ctx, &txn, id, period, amount).await?;
                let set = convert::quota(row)?;
                outbox::append(&txn, ctx, &[events::quota_set(&set)]).await?;
                Ok(set)
            })
            .await
    }

    pub(super) async fn adjust(
        &self,
        ctx: Context,
        request: proto::AdjustForecastRequest,
    ) -> Result<proto::ForecastAdjustment, Error> {
        const FIELD: &str = "forecast_adjustment";
        let sent = request.forecast_adjustment.as_ref();
        let sent = sent.ok_or_else(|| Error::missing(FIELD))?;
        let within = |field: &str, fault: Invalid| faults_of(FIELD)(fault.within(field));
        let id = resource::required(SELLER, &sent.seller).map_err(|it| within("seller", it))?;
        let period = Period::parse(day(sent.start_date.as_ref()), day(sent.end_date.as_ref()));
        let period = period.map_err(faults_of(FIELD))?;
        let amount = adjustment(money(sent.amount.as_ref())).map_err(|it| within("amount", it))?;
        let note = &text::passage(&sent.note, MAX_NOTE).map_err(|it| within("note", it))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                entitled(ctx, &txn, id, true).await?;
                let what = (amount, note.as_str());
                let row = forecast::insert_adjustment(ctx, &txn, id, period, what).await?;
                let noted = convert::adjustment(row)?;
                outbox::append(&txn, ctx, &[events::forecast_adjusted(&noted)]).await?;
                Ok(noted)
            })
            .await
    }

    pub(super) async fn set_rate(
        &self,
        ctx: Context,
        request: proto::SetExchangeRateRequest,
    ) -> Result<proto::ExchangeRate, Error> {
        const FIELD: &str = "exchange_rate";
        let sent = request.exchange_rate.as_ref();
        let sent = sent.ok_or_else(|| Error::missing(FIELD))?;
        let within = |field: &str, fault: Invalid| faults_of(FIELD)(fault.within(field));
        let currencies = pair(&sent.from_currency, &sent.to_currency).map_err(faults_of(FIELD))?;
        let effective = day(sent.effective_date.as_ref());
        let effective = effective.and_then(|it| it.ok_or_else(|| Invalid::new("is required")));
        let effective = effective.map_err(|it| within("effective_date", it))?;
        let worth = worth(&sent.rate).map_err(|it| within("rate", it))?;
        let ctx = &ctx;
        self.0
            .once(ctx, &request, |txn| async move {
                let row = rate::set(ctx, &txn, currencies, effective, worth).await?;
                let set = convert::rate(row);
                let event = events::exchange_rate_set(&set, ctx.now);
                outbox::append(&txn, ctx, &[event]).await?;
                Ok(set)
            })
            .await
    }
}

/// Refuses those who sell and do not manage the seller; `own` tells whether his own will do.
pub(in crate::grpc) async fn entitled(
    ctx: &Context,
    txn: &DatabaseTransaction,
    id: Uuid,
    own: bool,
) -> Result<(), Error> {
    let above = seller::above(ctx, txn, id).await?;
    let caller = seller::of_principal(ctx, txn, &ctx.actor).await?;
    if may_commit(caller.map(|it| it.seller_id), id, &above, own) {
        return Ok(());
    }
    Err(Error::NotSubordinate(resource::seller(id)))
}
