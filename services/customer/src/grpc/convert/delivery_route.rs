//! Delivery routes.

use rapport_platform::etag::Etag;
use rapport_platform::identity::Context;
use rapport_proto::rapport::customer::v1 as proto;

use super::text;
use crate::delivery::Outbound;
use crate::domain::channel::Channel;
use crate::domain::delivery::Connector;
use crate::domain::delivery::webhook::{WebhookSecret, WebhookUrl};
use crate::domain::invalid::{Invalid, InvalidFields};
use crate::error::Error;
use crate::resource;
use crate::store::delivery::route;
use crate::store::entity::delivery_route::Model;

/// What callers may name in an update.
pub(in crate::grpc) const ROUTE: [&str; 3] = ["connector", "url", "secret"];

/// The route of a channel; the usual one where nobody set any.
pub(in crate::grpc) fn to_proto(
    outbound: &Outbound,
    channel: Channel,
    row: Option<&Model>,
) -> Result<proto::DeliveryRoute, Error> {
    let connector = match row {
        // As it was set, also while the mail server is away.
        Some(row) => i32::from(row.connector),
        None => route::connector(None, channel, outbound.mail)?.number(),
    };
    Ok(proto::DeliveryRoute {
        name: resource::delivery_route(channel),
        channel: channel.number(),
        connector,
        url: text(row.and_then(|row| row.url.clone())),
        secret: String::new(),
        stop_time: row.and_then(|row| row.stop_time).map(Into::into),
        update_time: row.map(|row| row.update_time.into()),
        etag: Etag::of(row.map_or(0, |row| row.version)),
    })
}

/// The row of a route that the caller sets, over the one that there was.
pub(in crate::grpc) fn parse(
    ctx: &Context,
    outbound: &Outbound,
    (channel, before): (Channel, Option<&Model>),
    sent: &proto::DeliveryRoute,
) -> Result<Model, InvalidFields> {
    let proto::DeliveryRoute {
        name: _,
        channel: _,
        connector,
        url,
        secret,
        stop_time: _,
        update_time: _,
        etag: _,
    } = sent;
    let mut faults = InvalidFields::default();
    let connector = Connector::try_from(*connector).and_then(|it| it.can_carry(channel));
    let connector = faults.take("connector", connector);
    let calls = connector == Some(Connector::Webhook);
    let url = faults.take("url", webhook_url(outbound, calls, url));
    let kept = before.and_then(|row| row.secret.clone());
    let secret = faults.take("secret", webhook_secret(calls, secret, kept));
    let row = connector.zip(url).zip(secret);
    faults.finish(row.map(|((connector, url), secret)| Model {
        tenant_id: ctx.tenant,
        channel: channel.code(),
        connector: connector.code(),
        url,
        secret,
        stop_time: None,
        version: before.map_or(0, |row| row.version),
        update_time: ctx.now,
    }))
}

/// As the URL is compared and called; none for other connectors.
fn webhook_url(outbound: &Outbound, calls: bool, url: &str) -> Result<Option<String>, Invalid> {
    match (calls, url) {
        (false, "") => Ok(None),
        (false, _) => Err(Invalid::new("is for WEBHOOK only: leave it out")),
        (true, url) => WebhookUrl::parse(url, &outbound.private_hosts)
            .map(|url| Some(url.url().as_str().to_owned())),
    }
}

/// The secret that was sent, or else the one that is kept.
fn webhook_secret(
    calls: bool,
    sent: &str,
    kept: Option<String>,
) -> Result<Option<String>, Invalid> {
    match (calls, sent) {
        (false, "") => Ok(None),
        (false, _) => Err(Invalid::new("is for WEBHOOK only: leave it out")),
        (true, "") if kept.is_some() => Ok(kept),
        (true, sent) => WebhookSecret::parse(sent).map(|_| Some(sent.to_owned())),
    }
}
