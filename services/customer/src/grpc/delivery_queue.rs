//! `DeliveryQueueService`: a stream of deliveries to those who carry them out themselves.

mod step;

use std::collections::HashMap;
use std::time::Duration;

use rapport_platform::error::Answer as _;
use rapport_platform::identity::Context;
use rapport_platform::outbox;
use rapport_platform::rpcs;
use rapport_platform::server::{Messages, answering};
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::pull_request::Step;
use rapport_proto::rapport::customer::v1::pull_response::Event;
use sea_orm::DatabaseTransaction;
use tokio::sync::mpsc::Sender;
use tokio::time::sleep;
use tokio_stream::StreamExt as _;
use tonic::{Code, Status};
use uuid::Uuid;

use super::Shared;
use super::convert::contact_point as convert_point;
use super::convert::delivery as convert;
use super::convert::interaction as convert_interaction;
use super::import::Failed;
use super::interaction::append;
use crate::delivery::{Outgoing, fault, finish, start};
use crate::domain::channel::Channel;
use crate::domain::contact::refusal::ContactRefusal;
use crate::domain::delivery::{AttemptResult, Connector};
use crate::domain::interaction::{Direction, InteractionParts, NewInteraction, Outcome};
use crate::error::{Error, faults_of};
use crate::events;
use crate::resource::DELIVERY;
use crate::store::delivery::{self, Claimed, Judgement, Lane, claim, is_due, judge};
use crate::store::entity::delivery::Model;
use crate::store::identity::group;
use crate::store::interaction;
use step::{hold, key, parse};

/// Most deliveries that a stream holds.
const MAX_CAPACITY: i32 = 1_000;
/// Deliveries claimed at a time: each waits for the ones before it to be begun.
const MAX_CLAIM: u64 = 32;
/// How long a delivery is held, when the caller does not say.
const USUAL_HOLD: Duration = Duration::from_mins(5);

/// Hands deliveries to those who pull them.
pub(crate) struct DeliveryQueue(pub(crate) Shared);

/// A delivery after a step of the caller, and what the customer has refused by then.
type Followed = (Model, Vec<ContactRefusal>);

type Events = Sender<Result<proto::PullResponse, Status>>;

rpcs! {
    "rapport.customer.v1.DeliveryQueueService" for DeliveryQueue {
        pull(stream proto::PullRequest) -> stream proto::PullResponse = pull;
    }
}

impl DeliveryQueue {
    async fn pull(
        &self,
        ctx: Context,
        steps: Messages<proto::PullRequest>,
    ) -> Result<Messages<proto::PullResponse>, Error> {
        let (shared, call_id) = (self.0.clone(), ctx.call_id);
        Ok(answering(move |events| async move {
            let pulled = pull(shared, ctx, steps, &events).await;
            pulled.map_err(|failed| failed.into_status(call_id))
        }))
    }
}

/// Serves a stream until the caller ends it.
async fn pull(
    shared: Shared,
    ctx: Context,
    mut steps: Messages<proto::PullRequest>,
    events: &Events,
) -> Result<(), Failed> {
    let Some(opening) = steps.next().await.transpose().map_err(Failed::Stream)? else {
        return Ok(());
    };
    let Some(Step::Open(open)) = opening.step else {
        return Err(Error::invalid("open", "is required in the first message").into());
    };
    let mut commits = shared.db.commits();
    let mut pulling = Pulling::open(shared, ctx, &open)?;
    loop {
        commits.mark_unchanged();
        let filled = pulling.fill(events).await?;
        let pause = if filled {
            Duration::ZERO
        } else {
            pulling.shared.outbound.poll_interval
        };
        tokio::select! {
            step = steps.next() => match step.transpose().map_err(Failed::Stream)? {
                Some(request) => pulling.follow(request, events).await?,
                None => return Ok(()),
            },
            () = sleep(pause) => {}
            _ = commits.changed(), if !filled => {}
        }
    }
}

/// A stream of deliveries.
struct Pulling {
    shared: Shared,
    ctx: Context,
    channels: Vec<Channel>,
    capacity: usize,
    hold: Duration,
    /// What it holds, and until when.
    held: HashMap<Uuid, Timestamp>,
}

impl Pulling {
    fn open(shared: Shared, ctx: Context, open: &proto::PullOpen) -> Result<Self, Error> {
        let proto::PullOpen {
            channels,
            capacity,
            lease_duration,
        } = open;
        let mut wanted = Vec::with_capacity(channels.len());
        for (index, channel) in channels.iter().enumerate() {
            let field = format!("open.channels[{index}]");
            let channel = Channel::try_from(*channel).map_err(faults_of(&field))?;
            if wanted.contains(&channel) {
                return Err(Error::invalid(field, "repeats an earlier channel"));
            }
            wanted.push(channel);
        }
        if wanted.is_empty() {
            return Err(Error::invalid("open.channels", "is required"));
        }
        if !(1..=MAX_CAPACITY).contains(capacity) {
            return Err(Error::invalid("open.capacity", "must be 1 to 1,000"));
        }
        let hold = lease_duration
            .as_ref()
            .map(|it| hold("open.lease_duration", it))
            .transpose()?;
        Ok(Self {
            shared,
            ctx,
            channels: wanted,
            capacity: usize::try_from(*capacity).unwrap_or(1),
            hold: hold.unwrap_or(USUAL_HOLD),
            held: HashMap::new(),
        })
    }

    /// The caller at this moment: the stream may last for days.
    fn now(&self) -> Context {
        Context {
            now: self.shared.clock.now(),
            ..self.ctx.clone()
        }
    }

    /// Sends what is due, as far as there is room; tells whether there may be more.
    async fn fill(&mut self, events: &Events) -> Result<bool, Error> {
        let ctx = self.now();
        self.held.retain(|_, until| *until > ctx.now);
        let room = self.capacity.saturating_sub(self.held.len()) as u64;
        let limit = room.min(MAX_CLAIM);
        if limit == 0 {
            return Ok(false);
        }
        let claimed = self.claim(&ctx, limit).await?;
        let full = claimed.len() as u64 == limit;
        for row in claimed {
            self.send(row, events).await?;
        }
        Ok(full)
    }

    async fn claim(&self, ctx: &Context, limit: u64) -> Result<Vec<Claimed>, Error> {
        let lanes = self.channels.iter().map(|&channel| Lane {
            tenant: ctx.tenant,
            connector: Connector::Queue,
            channel: Some(channel),
            limit,
        });
        let lanes: Vec<_> = lanes.collect();
        let db = &self.shared.db;
        if !is_due(db.read(), &lanes, ctx.now).await? {
            return Ok(Vec::new());
        }
        let (lanes, hold) = ((lanes.as_slice(), limit), self.hold);
        db.write_txn(|txn| async move { Ok(claim(&txn, lanes, ctx.now, hold).await?) })
            .await
    }

    /// Begins the attempt and sends the delivery, unless the customer refuses it by now.
    /// One that we fail to prepare is set aside; the stream goes on with the others.
    async fn send(&mut self, row: Claimed, events: &Events) -> Result<(), Error> {
        let (ctx, key, hold) = (&self.now(), row.key(), self.hold);
        let Shared { outbound, db, .. } = &self.shared;
        let starting =
            db.write_txn(|txn| async move { start(outbound, ctx, &txn, key, hold).await });
        let outgoing = match fault::guarded(starting).await {
            Ok(Some(outgoing)) => outgoing,
            Ok(None) => return Ok(()),
            Err(error) => return fault::set_aside(outbound, db, ctx, key, error).await,
        };
        let until = outgoing.delivery.due_time.unwrap_or(ctx.now);
        let queued = match queued(outgoing) {
            Ok(queued) => queued,
            Err(error) => {
                // The caller never saw it.
                let report = &fault::report(AttemptResult::FailedTemporarily);
                return fault::finish(outbound, db, ctx, key, (report, error)).await;
            }
        };
        self.held.insert(row.delivery_id, until);
        reply(events, Event::Delivery(queued)).await;
        Ok(())
    }

    /// Follows a step of the caller, and answers it once it is durable.
    async fn follow(&mut self, request: proto::PullRequest, events: &Events) -> Result<(), Failed> {
        let (name, done) = match request.step {
            Some(Step::Report(report)) => (report.delivery.clone(), self.report(&report).await),
            Some(Step::Extend(extend)) => (extend.delivery.clone(), self.extend(&extend).await),
            Some(Step::Open(_)) | None => {
                let why = "is required after the first message";
                return Err(Error::invalid("report", why).into());
            }
        };
        let receipt = match done {
            Ok((row, refusals)) => receipt(&row, refusals),
            Err(error) => refusal(name, error)?,
        };
        reply(events, Event::Receipt(receipt)).await;
        Ok(())
    }

    async fn report(&mut self, sent: &proto::DeliveryReport) -> Result<Followed, Error> {
        let (key, report) = (&key(&sent.delivery, &sent.lease)?, &parse(sent)?);
        let ctx = &self.now();
        let Shared { outbound, db, .. } = &self.shared;
        let recorded = db
            .write_txn(|txn| async move {
                let row = finish(outbound, ctx, &txn, *key, report).await?;
                append_outcome(ctx, &txn, &row, report.result).await?;
                Ok::<_, Error>(row)
            })
            .await;
        let row = match recorded {
            // What the caller told is kept, whatever keeps us from doing more with it.
            Err(error) if error.problem().code() == Code::Internal => {
                fault::close(outbound, db, ctx, *key, (report, error)).await?;
                delivery::get(ctx, db.read(), key.0).await?
            }
            recorded => recorded?,
        };
        self.held.remove(&row.delivery_id);
        Ok((row, Vec::new()))
    }

    /// Holds a delivery for longer, and tells whether the customer refuses it by now.
    async fn extend(&mut self, sent: &proto::LeaseExtension) -> Result<Followed, Error> {
        let (id, lease) = key(&sent.delivery, &sent.lease)?;
        let longer = sent.lease_duration.as_ref();
        let longer = longer.ok_or_else(|| Error::missing("extend.lease_duration"))?;
        let until = hold("extend.lease_duration", longer)?;
        let ctx = &self.now();
        let until = ctx.now.saturating_add(until);
        let Shared { outbound, db, .. } = &self.shared;
        let followed = db
            .write_txn(|txn| async move {
                let row = delivery::get(ctx, &*txn, id).await?;
                if row.lease_id != Some(lease) {
                    return Err(Error::LeaseLost(DELIVERY.format(&[id])));
                }
                let refusals = match judge(ctx, &txn, &outbound.policies, &row).await? {
                    Judgement::Refused(refusals) => refusals,
                    // At an hour at which it could not begin, it may well be under way.
                    Judgement::Go(_) | Judgement::Later(_) => Vec::new(),
                };
                let due_time = Some(until);
                let row = delivery::update(ctx, &txn, Model { due_time, ..row }).await?;
                Ok((row, refusals))
            })
            .await?;
        self.held.insert(id, until);
        Ok(followed)
    }
}

async fn reply(events: &Events, event: Event) {
    // A caller who is gone is noticed where the answers are made.
    let _ = events
        .send(Ok(proto::PullResponse { event: Some(event) }))
        .await;
}

/// Appends to the timeline what is now known of the contact: the message was the plan, this is
/// what came of it.
async fn append_outcome(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &Model,
    result: AttemptResult,
) -> Result<(), Error> {
    let outcome = match result {
        AttemptResult::Delivered => Outcome::Reached,
        AttemptResult::NoAnswer => Outcome::NoAnswer,
        _ => return Ok(()),
    };
    let ids = [row.customer_id, row.interaction_id];
    let message = interaction::get(ctx, txn, ids).await?;
    let delivery = DELIVERY.format(&[row.delivery_id]);
    let parts = InteractionParts {
        channel: row.channel.into(),
        direction: Direction::Outbound.number(),
        purpose: row.purpose.into(),
        contact_point: row.contact_point_id,
        summary: &message.summary,
        outcome: outcome.number(),
        links: vec![&delivery],
        ..InteractionParts::default()
    };
    let contact = NewInteraction::parse(&parts, ctx.actor.as_str(), ctx.now)
        .map_err(|faults| faults.at(""))?;
    let group = group::of(ctx, txn, row.customer_id).await?;
    let appended = append(ctx, txn, &group, &contact).await?;
    let event = events::interaction_appended(&convert_interaction::to_proto(appended));
    Ok(outbox::append(txn, ctx, &[event]).await?)
}

fn queued(outgoing: Outgoing) -> Result<proto::QueuedDelivery, Error> {
    let Outgoing {
        delivery,
        lease,
        message,
        attachments,
        point,
        route: _,
        unsubscribe,
    } = outgoing;
    Ok(proto::QueuedDelivery {
        lease: lease.to_string(),
        subject: message.summary,
        body: message.body.unwrap_or_default(),
        html: delivery.html.clone().unwrap_or_default(),
        contact_point: point.map(convert_point::to_proto).transpose()?,
        delivery: Some(convert::to_proto(&delivery)),
        unsubscribe_link: unsubscribe,
        attachments: attachments.into_iter().map(convert::attachment).collect(),
    })
}

fn receipt(row: &Model, refusals: Vec<ContactRefusal>) -> proto::PullReceipt {
    let delivery = convert::to_proto(row);
    proto::PullReceipt {
        state: delivery.state,
        lease_expire_time: delivery.lease_expire_time,
        delivery: delivery.name,
        reason: String::new(),
        refusals: refusals.into_iter().map(ContactRefusal::number).collect(),
    }
}

/// Answers a step that can't be taken. What is our fault ends the stream.
fn refusal(delivery: String, error: Error) -> Result<proto::PullReceipt, Error> {
    let problem = error.problem();
    match problem.code() {
        Code::InvalidArgument | Code::NotFound | Code::FailedPrecondition => {
            Ok(proto::PullReceipt {
                delivery,
                reason: problem.reason_name().to_owned(),
                ..Default::default()
            })
        }
        _ => Err(error),
    }
}
