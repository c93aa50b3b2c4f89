//! `DeliveryRouteService`.

use std::collections::HashMap;

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_platform::mask::Mask;
use rapport_platform::rpcs;
use rapport_proto::rapport::customer::v1 as proto;

use super::Shared;
use super::convert::delivery_route as convert;
use crate::delivery::Outbound;
use crate::domain::channel::Channel;
use crate::domain::delivery::{Connector, MailServer};
use crate::error::{Error, faults_of};
use crate::resource::route_channel;
use crate::store::delivery::route;

/// Says by which way messages leave.
pub(crate) struct DeliveryRoutes(pub(crate) Shared);

rpcs! {
    "rapport.customer.v1.DeliveryRouteService" for DeliveryRoutes {
        get_delivery_route(proto::GetDeliveryRouteRequest) -> proto::DeliveryRoute = get;
        list_delivery_routes(proto::ListDeliveryRoutesRequest)
            -> proto::ListDeliveryRoutesResponse = list;
        update_delivery_route(proto::UpdateDeliveryRouteRequest) -> proto::DeliveryRoute = update;
    }
}

impl DeliveryRoutes {
    async fn get(
        &self,
        ctx: Context,
        request: proto::GetDeliveryRouteRequest,
    ) -> Result<proto::DeliveryRoute, Error> {
        let channel = route_channel(&request.name)?;
        let row = route::find(&ctx, self.0.db.read(), channel).await?;
        convert::to_proto(&self.0.outbound, channel, row.as_ref())
    }

    async fn list(
        &self,
        ctx: Context,
        request: proto::ListDeliveryRoutesRequest,
    ) -> Result<proto::ListDeliveryRoutesResponse, Error> {
        let proto::ListDeliveryRoutesRequest {
            page_size: _,
            page_token: _,
        } = request;
        let rows = route::all(&ctx, self.0.db.read()).await?;
        let set: HashMap<i16, _> = rows.into_iter().map(|row| (row.channel, row)).collect();
        let routes = Channel::ALL
            .iter()
            .map(|&channel| convert::to_proto(&self.0.outbound, channel, set.get(&channel.code())));
        Ok(proto::ListDeliveryRoutesResponse {
            delivery_routes: routes.collect::<Result<_, _>>()?,
            next_page_token: String::new(),
        })
    }

    async fn update(
        &self,
        ctx: Context,
        request: proto::UpdateDeliveryRouteRequest,
    ) -> Result<proto::DeliveryRoute, Error> {
        let sent = request.delivery_route.as_ref();
        let sent = sent.ok_or_else(|| Error::missing("delivery_route"))?;
        let channel = route_channel(&sent.name)?;
        let mask = request.update_mask.as_ref();
        let mask = &Mask::parse::<proto::DeliveryRoute>(mask, &convert::ROUTE)?;
        let (ctx, outbound) = (&ctx, &self.0.outbound);
        self.0
            .once(ctx, &request, |txn| async move {
                let before = route::find(ctx, &*txn, channel).await?;
                let current = convert::to_proto(outbound, channel, before.as_ref())?;
                let version = before.as_ref().map_or(0, |row| row.version);
                Etag::check(&sent.name, &sent.etag, version)?;
                let merged = for_its_connector(mask.merge(&current, sent)?, &current);
                let row = convert::parse(ctx, outbound, (channel, before.as_ref()), &merged)
                    .map_err(faults_of("delivery_route"))?;
                require_configured(outbound, row.connector)?;
                let row = route::put(&txn, row).await?;
                convert::to_proto(outbound, channel, Some(&row))
            })
            .await
    }
}

/// A URL that was there before goes with the webhook that it belonged to.
fn for_its_connector(
    merged: proto::DeliveryRoute,
    before: &proto::DeliveryRoute,
) -> proto::DeliveryRoute {
    let calls = merged.connector == Connector::Webhook.number();
    if calls || merged.url != before.url {
        return merged;
    }
    proto::DeliveryRoute {
        url: String::new(),
        ..merged
    }
}

/// Refuses a route to a mail server that nobody named.
fn require_configured(outbound: &Outbound, connector: i16) -> Result<(), Error> {
    if connector == Connector::Smtp.code() && outbound.mail == MailServer::Absent {
        return Err(Error::ConnectorNotConfigured(Connector::Smtp.label()));
    }
    Ok(())
}
