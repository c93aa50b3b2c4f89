//! `ChannelEffectService`.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::paging::{Fingerprint, ListRequest, PageSizes};
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;

use super::Shared;
use super::convert::channel_effect as convert;
use crate::domain::channel_effect::{Effect, EffectDimension, EffectQuery, Kind, shifts};
use crate::domain::contact::refusal::ContactRefusal;
use crate::domain::locale::ZoneName;
use crate::error::{Error, faults_of};
use crate::events;
use crate::resource::CHANNEL_COST;
use crate::store::channel_cost::{self, Position};
use crate::store::channel_effect::{self, Clock};

const PAGE: PageSizes = PageSizes {
    default: 50,
    max: 1_000,
};

/// Tells how well channels work.
pub(crate) struct ChannelEffects(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.ChannelEffectService" for ChannelEffects {
        query_channel_effect(proto::QueryChannelEffectRequest)
            -> proto::QueryChannelEffectResponse = query;
        create_channel_cost(proto::CreateChannelCostRequest) -> proto::ChannelCost = create;
        list_channel_costs(proto::ListChannelCostsRequest)
            -> proto::ListChannelCostsResponse = list;
        delete_channel_cost(proto::DeleteChannelCostRequest) -> () = delete;
    }
}

impl ChannelEffects {
    async fn query(
        &self,
        ctx: Context,
        request: proto::QueryChannelEffectRequest,
    ) -> Result<proto::QueryChannelEffectResponse, Error> {
        let query = &convert::query(&request).map_err(faults_of(""))?;
        let (ctx, db) = (&ctx, self.0.db.read());
        let clocks = &self.clocks(ctx, query).await?;
        let costs = &channel_cost::all(ctx, db).await?;
        let currency = costs.first().map(|cost| cost.currency.as_str());
        let mut effects: BTreeMap<Kind, Effect> = BTreeMap::new();
        for counted in channel_effect::contacts(ctx, db, query, clocks, costs).await? {
            let cost = counted.cost.and_then(|place| costs.get(place));
            // Two that were recorded at one instant may differ.
            let cost = cost.filter(|cost| Some(cost.currency.as_str()) == currency);
            let effect = effects.entry(counted.kind).or_default();
            effect.count(counted.contacts, cost);
        }
        for refused in channel_effect::refusals(ctx, db, query, clocks).await? {
            let reasons = ContactRefusal::ALL.iter().copied();
            let reasons = reasons.filter(|it| refused.refusals & (1 << it.number()) != 0);
            let effect = effects.entry(refused.kind).or_default();
            effect.refuse(refused.count, reasons);
        }
        let effects = effects
            .iter()
            .map(|(kind, effect)| convert::effect_to_proto(*kind, effect, currency));
        Ok(proto::QueryChannelEffectResponse {
            effects: effects.collect(),
        })
    }

    /// The clocks of the tenant's customers, if the hour matters.
    async fn clocks(&self, ctx: &Context, query: &EffectQuery) -> Result<Vec<Clock>, Error> {
        if !query.by(EffectDimension::LocalHour) {
            return Ok(Vec::new());
        }
        let db = self.0.db.read();
        let policy = self.0.policies.current(ctx, db).await?;
        let usual = policy
            .rules
            .time_zone()
            .map_or(TimeZone::UTC, ZoneName::zone);
        let zones = channel_effect::zones(ctx, db).await?;
        let clocks = zones.into_iter().map(|zone| {
            // A zone that the database of zones no longer knows counts as none.
            let own = zone.as_deref().and_then(|name| ZoneName::parse(name).ok());
            let clock = own.map_or_else(|| usual.clone(), |name| name.zone());
            let shifts = shifts(&clock, query.start, query.end);
            Clock { zone, shifts }
        });
        Ok(clocks.collect())
    }

    async fn create(
        &self,
        ctx: Context,
        request: proto::CreateChannelCostRequest,
    ) -> Result<proto::ChannelCost, Error> {
        let sent = request.channel_cost.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("channel_cost"))?;
        let (ctx, cost) = (
            &ctx,
            &convert::cost(sent).map_err(faults_of("channel_cost"))?,
        );
        self.0
            .once(ctx, &request, |txn| async move {
                let row = channel_cost::insert(ctx, &txn, cost).await?;
                let cost = convert::cost_to_proto(row);
                outbox::append(&txn, ctx, &[events::channel_cost_created(&cost)]).await?;
                Ok(cost)
            })
            .await
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListChannelCostsRequest,
    ) -> Result<proto::ListChannelCostsResponse, Error> {
        let proto::ListChannelCostsRequest {
            page_size,
            page_token,
        } = request;
        let list = ListRequest {
            method: "rapport.customer.v1.ChannelEffectService/ListChannelCosts",
            query: Fingerprint::of(&[]),
            page_size,
            page_token: &page_token,
        };
        let page = self.0.page_tokens.open(&ctx, &list, PAGE)?;
        let (after, limit) = (page.after.clone(), page.limit());
        let rows = channel_cost::list(&ctx, self.0.db.read(), after, limit).await?;
        let (rows, next_page_token) = page.finish(rows, |row| Position::from(row))?;
        Ok(proto::ListChannelCostsResponse {
            channel_costs: rows.into_iter().map(convert::cost_to_proto).collect(),
            next_page_token,
        })
    }

    async fn delete(
        &self,
        ctx: Context,
        request: proto::DeleteChannelCostRequest,
    ) -> Result<(), Error> {
        let [id] = CHANNEL_COST.parse("name", &request.name)?;
        let (ctx, name) = (&ctx, &request.name);
        self.0
            .once(ctx, &request, |txn| async move {
                channel_cost::delete(ctx, &txn, id).await?;
                outbox::append(&txn, ctx, &[events::channel_cost_deleted(name)]).await?;
                Ok(())
            })
            .await
    }
}
