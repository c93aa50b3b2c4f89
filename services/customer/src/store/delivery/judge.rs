//! Whether a message may leave, asked at the last moment.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::decision::{Contact, Decision};
use crate::domain::contact::policy::TopicId;
use crate::domain::contact::refusal::ContactRefusal;
use crate::error::{Error, unreadable};
use crate::grpc::permit::Policies;
use crate::store::contact::clearance;
use crate::store::contact::standing::{self, Found};
use crate::store::contact_point;
use crate::store::customer;
use crate::store::entity::{contact_point as point, delivery};

const READING: &str = "reading a stored delivery";

/// What the customer's choice says now.
#[derive(Debug)]
pub(crate) enum Judgement {
    /// It may leave, to this address if the channel needs one.
    Go(Option<Box<point::Model>>),
    /// Not before then.
    Later(Timestamp),
    /// It may not. No reason: the customer is gone.
    Refused(Vec<ContactRefusal>),
}

/// Judges a message that is about to leave, as if it were sent now: a choice that was
/// acknowledged before this transaction counts, and none changes until it has ended. Caps are not
/// asked: the message counts toward them since it was queued.
pub(crate) async fn judge(
    ctx: &Context,
    txn: &DatabaseTransaction,
    policies: &Policies,
    delivery: &delivery::Model,
) -> Result<Judgement, Error> {
    // By whichever of its names it was written to; there is none once it was erased.
    if customer::find(ctx, txn, delivery.customer_id)
        .await?
        .is_none()
    {
        return Ok(Judgement::Refused(Vec::new()));
    }
    let customer = customer::get(ctx, txn, delivery.customer_id)
        .await?
        .customer_id;
    let contact = contact(delivery)?;
    clearance::lock(ctx, txn, &[customer]).await?;
    let policy = policies.current(ctx, txn).await?;
    let mut found = standing::of_customers(ctx, txn, &[customer]).await?;
    let Some(Found {
        deleted: false,
        mut standing,
    }) = found.remove(&customer)
    else {
        return Ok(Judgement::Refused(Vec::new()));
    };
    let at = standing.time(ctx.now);
    standing.contacts.clear();
    let decision = standing.decide(&policy.rules, &contact, at);
    judgement(ctx, txn, customer, decision).await
}

async fn judgement(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer: Uuid,
    decision: Decision,
) -> Result<Judgement, Error> {
    if !decision.is_allowed() {
        return Ok(match decision.earliest {
            Some(time) => Judgement::Later(time),
            None => Judgement::Refused(decision.reasons()),
        });
    }
    Ok(Judgement::Go(match decision.contact_point {
        Some(id) => {
            let row = contact_point::get(ctx, txn, [customer, id]).await?;
            Some(Box::new(row))
        }
        None => None,
    }))
}

/// The contact that a delivery makes.
pub(crate) fn contact(delivery: &delivery::Model) -> Result<Contact, Error> {
    let channel = Channel::try_from(i32::from(delivery.channel)).map_err(unreadable(READING))?;
    let purpose = Purpose::try_from(i32::from(delivery.purpose)).map_err(unreadable(READING))?;
    let topic = delivery.topic.as_deref().map(TopicId::parse).transpose();
    Ok(Contact {
        channel,
        purpose,
        topic: topic.map_err(unreadable(READING))?,
        campaign: delivery.campaign.clone(),
        contact_point: delivery.contact_point_id,
    })
}
