//! Granting a contact and putting it in delivery in one transaction, for RPCs of this service
//! that reach out.

use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::judge::{Judged, Wanted, judge_one};
use super::{Policies, TOPIC, convert, refusal};
use crate::domain::contact::decision::{Contact, Decision};
use crate::domain::contact::permit::PermitState;
use crate::domain::contact::refusal::ContactRefusal;
use crate::error::{Error, unreadable};
use crate::resource;
use crate::store::contact::{clearance, counted, permit, standing};
use crate::store::entity::contact_permit::Model;
use crate::store::identity::group::{self, Group};

/// A contact that is put in delivery, in the same transaction.
pub(in crate::grpc) struct Taken {
    /// The permit, in delivery: its contact is not made yet, and counts.
    pub(in crate::grpc) permit: Model,
    /// The address to use: none on channels that need none.
    pub(in crate::grpc) contact_point: Option<Uuid>,
}

/// Takes the permit that the gateway reserved for this call, or another one when there is none.
///
/// The customer may have refused since it was reserved: what counts is decided here, and holds
/// until the transaction has committed.
///
/// # Errors
/// `ContactRefused`; `NotFound` or `Deleted` for the customer.
pub(in crate::grpc) async fn take(
    policies: &Policies,
    ctx: &Context,
    txn: &DatabaseTransaction,
    group: &Group,
    contact: &Contact,
) -> Result<Taken, Error> {
    let customer = group.id();
    if let Some(row) = reserved(ctx, txn, customer, contact).await? {
        return confirm(policies, ctx, txn, row, contact).await;
    }
    if group.root.delete_time.is_some() {
        return Err(Error::Deleted(resource::customer(customer)));
    }
    let wanted = Wanted {
        contact,
        ttl: None,
        topic_field: TOPIC,
    };
    let judged = judge_one(ctx, txn, policies, &wanted, (customer, None)).await?;
    let Judged { row, decision } = judged;
    if !decision.is_allowed() {
        return Err(refusal(customer, contact, decision, None));
    }
    let contact_point = decision.contact_point;
    let permit = in_delivery(ctx, txn, row).await?;
    Ok(Taken {
        permit,
        contact_point,
    })
}

/// The permit that the gateway reserved for this call.
async fn reserved(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer: Uuid,
    contact: &Contact,
) -> Result<Option<Model>, Error> {
    let Some(id) = ctx.permit else {
        return Ok(None);
    };
    let row = permit::get(ctx, txn, [customer, id]).await?;
    let row = row.filter(|row| permit::is_for(row, contact));
    let Some(row) = row else {
        return Ok(None);
    };
    let reserved = convert::state(&row, ctx.now)? == PermitState::Reserved;
    Ok(reserved.then_some(row))
}

/// Judges a reserved contact again, without the caps that it counts toward itself.
async fn confirm(
    policies: &Policies,
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
    contact: &Contact,
) -> Result<Taken, Error> {
    let customer = row.customer_id;
    let decision = choice(policies, ctx, txn, (customer, contact), None).await?;
    if !decision.is_allowed() {
        return Err(refusal(customer, contact, decision, None));
    }
    let contact_point = decision.contact_point;
    let permit = in_delivery(ctx, txn, row).await?;
    Ok(Taken {
        permit,
        contact_point,
    })
}

/// What the customer's choice says of a contact that was granted. Caps are asked only `beside` a
/// contact that may no longer have counted, of all the others.
async fn choice(
    policies: &Policies,
    ctx: &Context,
    txn: &DatabaseTransaction,
    (customer, contact): (Uuid, &Contact),
    beside: Option<&Model>,
) -> Result<Decision, Error> {
    clearance::lock(ctx, txn, &[customer]).await?;
    let policy = policies.current(ctx, txn).await?;
    let mut found = standing::of_customers(ctx, txn, &[customer]).await?;
    let missing = || Error::not_found(resource::customer(customer));
    let found = found.remove(&customer).ok_or_else(missing)?;
    if found.deleted {
        return Err(Error::Deleted(resource::customer(customer)));
    }
    let mut standing = found.standing;
    let at = standing.time(ctx.now);
    match beside {
        None => standing.contacts.clear(),
        Some(row) => {
            if standing.drop_expired(at) {
                permit::expire(ctx, txn, &[customer], at).await?;
            }
            let own = counted::contact(row.clone());
            let own = own.map_err(unreadable("reading a contact permit"))?;
            let place = standing.contacts.iter().position(|it| *it == own);
            place.map(|place| standing.contacts.remove(place));
        }
    }
    Ok(standing.decide(&policy.rules, contact, at))
}

/// A contact whose cause has committed, so that it can't be refused any more: what stands in its
/// way ends its delivery.
pub(in crate::grpc) struct TakenOver {
    /// The permit.
    pub(in crate::grpc) permit: Model,
    /// The address to use, as far as there is one now.
    pub(in crate::grpc) contact_point: Option<Uuid>,
    /// Why it was refused when its first permit had expired and another one was asked for.
    pub(in crate::grpc) refusals: Vec<ContactRefusal>,
}

/// Takes the permit that the gateway reserved for the call that caused the contact, and may have
/// confirmed since, or another one when that has expired or is for another contact.
///
/// # Errors
/// `NotFound` or `Deleted` for the customer.
pub(in crate::grpc) async fn take_over(
    policies: &Policies,
    ctx: &Context,
    txn: &DatabaseTransaction,
    group: &Group,
    (contact, permit): (&Contact, Uuid),
) -> Result<TakenOver, Error> {
    let customer = group.id();
    if group.root.delete_time.is_some() {
        return Err(Error::Deleted(resource::customer(customer)));
    }
    let row = permit::find(ctx, txn, &group.members(), permit).await?;
    let row = row.filter(|row| permit::is_for(row, contact));
    let state = row.as_ref().map(|row| convert::state(row, ctx.now));
    match (row, state.transpose()?) {
        (Some(row), Some(PermitState::Reserved)) => {
            let decision = choice(policies, ctx, txn, (customer, contact), None).await?;
            return Ok(TakenOver {
                permit: in_delivery(ctx, txn, row).await?,
                contact_point: decision.contact_point,
                refusals: Vec::new(),
            });
        }
        (Some(row), Some(PermitState::Confirmed)) => {
            return confirmed_before(policies, ctx, txn, row, contact).await;
        }
        _ => {}
    }
    let wanted = Wanted {
        contact,
        ttl: None,
        topic_field: TOPIC,
    };
    let Judged { row, decision } = judge_one(ctx, txn, policies, &wanted, (customer, None)).await?;
    let allowed = decision.is_allowed();
    Ok(TakenOver {
        contact_point: decision.contact_point.filter(|_| allowed),
        refusals: if allowed {
            Vec::new()
        } else {
            decision.reasons()
        },
        permit: if allowed {
            in_delivery(ctx, txn, row).await?
        } else {
            row
        },
    })
}

/// A contact that the gateway has confirmed when the call was done: it is made only when it is
/// delivered. Others may have been granted since it stopped counting.
async fn confirmed_before(
    policies: &Policies,
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
    contact: &Contact,
) -> Result<TakenOver, Error> {
    let customer = group::roots_among(ctx, txn, &[row.customer_id]).await?;
    let customer = customer.get(&row.customer_id).copied();
    let asked = (customer.unwrap_or(row.customer_id), contact);
    let decision = choice(policies, ctx, txn, asked, Some(&row)).await?;
    // It counts again from now on: more than a clearance that was made meanwhile knows of.
    clearance::revoke(ctx, txn, &[asked.0]).await?;
    let beyond_cap = decision
        .reasons()
        .contains(&ContactRefusal::CapReached)
        .then_some(ContactRefusal::CapReached);
    Ok(TakenOver {
        permit: permit::put_back_in_delivery(ctx, txn, row).await?,
        contact_point: decision.contact_point,
        refusals: beyond_cap.into_iter().collect(),
    })
}

async fn in_delivery(ctx: &Context, txn: &DatabaseTransaction, row: Model) -> Result<Model, Error> {
    let settled = permit::put_in_delivery(ctx, txn, &row).await?;
    settled.ok_or(PlatformError::Conflict.into())
}
