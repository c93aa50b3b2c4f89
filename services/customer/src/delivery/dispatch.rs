//! The two ends of an attempt, each in the transaction of whoever makes it.

use std::time::Duration;

use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1::UnsubscribeLink;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::Outbound;
use super::report::Report;
use crate::domain::channel::{Channel, Purpose};
use crate::domain::delivery::{AttemptResult, Connector, DeliveryState, FailureClass, Next};
use crate::error::{Error, unreadable};
use crate::events;
use crate::grpc::consent::unsubscribe_link;
use crate::grpc::convert::delivery as convert;
use crate::resource::DELIVERY;
use crate::store::contact::permit;
use crate::store::delivery::{self, Judgement, attachment, attempt, judge, route};
use crate::store::entity::delivery::Model;
use crate::store::entity::{
    contact_point, delivery_attachment, delivery_route, interaction as message,
};
use crate::store::interaction;

const READING: &str = "reading a stored delivery";

/// A message that leaves now: its attempt has begun.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// The delivery, with its lease.
    pub(crate) delivery: Model,
    /// The lease.
    pub(crate) lease: Uuid,
    /// The text.
    pub(crate) message: message::Model,
    /// What goes with it.
    pub(crate) attachments: Vec<delivery_attachment::Model>,
    /// The address, if the channel needs one.
    pub(crate) point: Option<contact_point::Model>,
    /// The route, if somebody set it.
    pub(crate) route: Option<delivery_route::Model>,
    /// The link by which its reader unsubscribes, where one can.
    pub(crate) unsubscribe: Option<UnsubscribeLink>,
}

/// Begins an attempt with a delivery that was claimed under `lease`, and holds it for another
/// `hold`. None when it does not leave now: it is not ours any more, the customer refuses it, or
/// it goes another way.
pub(crate) async fn start(
    outbound: &Outbound,
    ctx: &Context,
    txn: &DatabaseTransaction,
    (id, lease): (Uuid, Uuid),
    hold: Duration,
) -> Result<Option<Outgoing>, Error> {
    let Some(row) = delivery::find(ctx, txn, id).await? else {
        return Ok(None);
    };
    if row.lease_id != Some(lease) {
        return Ok(None);
    }
    let row = with_interruption(ctx, txn, row).await?;
    if attempts(&row) >= outbound.retry.max_attempts {
        end(outbound, ctx, txn, row, DeliveryState::Failed).await?;
        return Ok(None);
    }
    let channel = Channel::try_from(i32::from(row.channel)).map_err(unreadable(READING))?;
    let route = route::find(ctx, txn, channel).await?;
    let connector = route::connector(route.as_ref(), channel, outbound.mail)?;
    if connector.code() != row.connector {
        again(
            ctx,
            txn,
            Model {
                connector: connector.code(),
                ..row
            },
            ctx.now,
        )
        .await?;
        return Ok(None);
    }
    let stopped = route.as_ref().is_some_and(|it| it.stop_time.is_some());
    if stopped && connector == Connector::Webhook {
        let row = with_failure(row, Some(&FailureClass::known("ROUTE_STOPPED")));
        end(outbound, ctx, txn, row, DeliveryState::Failed).await?;
        return Ok(None);
    }
    let Some((row, point)) = judged(outbound, ctx, txn, row).await? else {
        return Ok(None);
    };
    if row.attempt_count == 0 {
        outbound
            .metrics
            .waited(connector, ctx.now.since(row.create_time));
    }
    let delivery = delivery::update(
        ctx,
        txn,
        Model {
            attempt_count: row.attempt_count + 1,
            due_time: Some(ctx.now.saturating_add(hold)),
            address_digest: point.as_ref().map(|it| it.address_digest.clone()),
            ..row
        },
    )
    .await?;
    attempt::begin(ctx, txn, &delivery).await?;
    let of = [delivery.customer_id, delivery.interaction_id];
    Ok(Some(Outgoing {
        message: interaction::get(ctx, txn, of).await?,
        attachments: attachment::of(ctx, txn, &delivery).await?,
        unsubscribe: unsubscribe(outbound, ctx, &delivery, point.as_ref())?,
        delivery,
        lease,
        point,
        route,
    }))
}

/// The link by which the reader of a marketing message unsubscribes; none on channels without
/// addresses, and while nobody said where customers find the gateway.
fn unsubscribe(
    outbound: &Outbound,
    ctx: &Context,
    delivery: &Model,
    point: Option<&contact_point::Model>,
) -> Result<Option<UnsubscribeLink>, Error> {
    let purpose = Purpose::Marketing;
    match point.filter(|_| delivery.purpose == purpose.code()) {
        Some(point) => unsubscribe_link(&outbound.links, ctx, point, purpose, None),
        None => Ok(None),
    }
}

/// Records what became of an attempt.
///
/// # Errors
/// `LeaseLost` when another holds the delivery by now or it is over; then [`finish_late`] can
/// still note the attempt's end.
pub(crate) async fn finish(
    outbound: &Outbound,
    ctx: &Context,
    txn: &DatabaseTransaction,
    (id, lease): (Uuid, Uuid),
    report: &Report,
) -> Result<Model, Error> {
    let row = delivery::get(ctx, txn, id).await?;
    if row.lease_id != Some(lease) {
        return Err(Error::LeaseLost(DELIVERY.format(&[id])));
    }
    let key = (id, row.attempt_count);
    attempt::end(ctx, txn, key, report.result, report.failure.as_ref()).await?;
    if let Some(url) = &report.stopped_url {
        let channel = Channel::try_from(i32::from(row.channel)).map_err(unreadable(READING))?;
        route::stop(ctx, txn, channel, url).await?;
    }
    let connector = Connector::try_from(i32::from(row.connector)).map_err(unreadable(READING))?;
    outbound.metrics.attempted(connector, report.result);
    let next = outbound.retry.after(
        report.result,
        attempts(&row),
        report.retry_after,
        ctx.now,
        rand::random(),
    );
    let row = with_failure(row, report.failure.as_ref());
    let row = Model {
        possible_duplicate: row.possible_duplicate || report.result == AttemptResult::Unknown,
        provider_message_id: report
            .provider_message_id
            .clone()
            .or(row.provider_message_id),
        ..row
    };
    match next {
        Next::Over(state) => end(outbound, ctx, txn, row, state).await,
        Next::Again(time) => again(ctx, txn, row, time).await,
    }
}

/// Notes how an attempt ended whose delivery another took up meanwhile. It was marked as a
/// possible duplicate then; now its list of attempts tells whether it is one.
pub(crate) async fn finish_late(
    ctx: &Context,
    txn: &DatabaseTransaction,
    outgoing: &Outgoing,
    report: &Report,
) -> Result<(), Error> {
    let key = (
        outgoing.delivery.delivery_id,
        outgoing.delivery.attempt_count,
    );
    attempt::end(ctx, txn, key, report.result, report.failure.as_ref()).await?;
    Ok(())
}

/// Gives back a delivery that was claimed and not begun.
pub(crate) async fn give_back(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (id, lease): (Uuid, Uuid),
) -> Result<(), Error> {
    match delivery::find(ctx, txn, id).await? {
        Some(row) if row.lease_id == Some(lease) => again(ctx, txn, row, ctx.now).await.map(|_| ()),
        _ => Ok(()),
    }
}

/// Queues a delivery again that was given up, under another permit, by the route that its channel
/// has now.
pub(crate) async fn retry(
    outbound: &Outbound,
    ctx: &Context,
    txn: &DatabaseTransaction,
    (row, contact_permit_id): (Model, Uuid),
) -> Result<Model, Error> {
    let channel = Channel::try_from(i32::from(row.channel)).map_err(unreadable(READING))?;
    let route = route::find(ctx, txn, channel).await?;
    let connector = route::connector(route.as_ref(), channel, outbound.mail)?;
    let row = Model {
        contact_permit_id,
        connector: connector.code(),
        forgiven_count: row.attempt_count,
        failure: None,
        ..row
    };
    again(ctx, txn, row, ctx.now).await
}

/// The row, marked where an earlier attempt was interrupted.
pub(super) async fn with_interruption(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
) -> Result<Model, Error> {
    if row.attempt_count == 0 || !attempt::end_interrupted(ctx, txn, row.delivery_id).await? {
        return Ok(row);
    }
    Ok(Model {
        possible_duplicate: true,
        failure: Some("INTERRUPTED".to_owned()),
        ..row
    })
}

/// Asks the customer's choice. None when the message does not leave now.
async fn judged(
    outbound: &Outbound,
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
) -> Result<Option<(Model, Option<contact_point::Model>)>, Error> {
    match judge(ctx, txn, &outbound.policies, &row).await? {
        Judgement::Go(point) => return Ok(Some((row, point.map(|it| *it)))),
        Judgement::Later(time) => again(ctx, txn, row, time).await?,
        Judgement::Refused(refusals) => {
            let gone = FailureClass::known("CUSTOMER_DELETED");
            let row = Model {
                refusals: delivery::refusal_bits(&refusals),
                ..with_failure(row, refusals.is_empty().then_some(&gone))
            };
            end(outbound, ctx, txn, row, DeliveryState::Refused).await?
        }
    };
    Ok(None)
}

/// Attempts since somebody had it queued.
fn attempts(row: &Model) -> u32 {
    u32::try_from(row.attempt_count - row.forgiven_count).unwrap_or_default()
}

fn with_failure(row: Model, failure: Option<&FailureClass>) -> Model {
    match failure {
        Some(failure) => Model {
            failure: Some(failure.as_str().to_owned()),
            ..row
        },
        None => row,
    }
}

async fn again(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
    time: Timestamp,
) -> Result<Model, Error> {
    let row = Model {
        state: DeliveryState::Queued.code(),
        due_time: Some(time),
        ..row
    };
    delivery::update(ctx, txn, row).await
}

/// Settles the permit of a delivery that is over. What may have been sent counts as sent.
async fn settle(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &Model,
    state: DeliveryState,
) -> Result<(), Error> {
    let of = [row.customer_id, row.contact_permit_id];
    match state {
        DeliveryState::Queued | DeliveryState::Leased => {}
        DeliveryState::Refused | DeliveryState::Failed | DeliveryState::Cancelled
            if !row.possible_duplicate =>
        {
            permit::call_off(ctx, txn, of, row.refusals).await?;
        }
        _ => permit::made(ctx, txn, of).await?,
    }
    Ok(())
}

/// Ends a delivery, settles its permit and announces how it ended.
pub(crate) async fn end(
    outbound: &Outbound,
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
    state: DeliveryState,
) -> Result<Model, Error> {
    let state_code = state.code();
    let row = delivery::update(
        ctx,
        txn,
        Model {
            state: state_code,
            ..row
        },
    )
    .await?;
    settle(ctx, txn, &row, state).await?;
    let (proto, version) = (convert::to_proto(&row), row.version);
    let event = match state {
        DeliveryState::Sent => events::delivery_sent(&proto, version),
        DeliveryState::Delivered => events::delivery_delivered(&proto, version),
        DeliveryState::Refused => events::delivery_refused(&proto, version),
        DeliveryState::Failed => events::delivery_failed(&proto, version),
        DeliveryState::Queued | DeliveryState::Leased | DeliveryState::Cancelled => {
            return Ok(row);
        }
    };
    outbox::append(txn, ctx, &[event]).await?;
    outbound.metrics.ended(state);
    Ok(row)
}
