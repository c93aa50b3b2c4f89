//! Granting a contact and putting it in delivery in one transaction, for RPCs of this service
//! that reach out.

use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use sea_orm::DatabaseTransaction;
use uuid::Uuid;

use super::judge::{Judged, Wanted, judge_one};
use super::{convert, refusal};
use crate::domain::contact::decision::Contact;
use crate::domain::contact::permit::PermitState;
use crate::error::Error;
use crate::grpc::Shared;
use crate::resource;
use crate::store::contact::{clearance, permit, standing};
use crate::store::entity::contact_permit::Model;
use crate::store::identity::group::Group;

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
    shared: &Shared,
    ctx: &Context,
    txn: &DatabaseTransaction,
    group: &Group,
    contact: &Contact,
) -> Result<Taken, Error> {
    let customer = group.id();
    if let Some(row) = reserved(ctx, txn, customer, contact).await? {
        return confirm(shared, ctx, txn, row, contact).await;
    }
    if group.root.delete_time.is_some() {
        return Err(Error::Deleted(resource::customer(customer)));
    }
    let wanted = Wanted { contact, ttl: None };
    let judged = judge_one(ctx, txn, &shared.policies, &wanted, (customer, None)).await?;
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
    shared: &Shared,
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
    contact: &Contact,
) -> Result<Taken, Error> {
    let customer = row.customer_id;
    clearance::lock(ctx, txn, &[customer]).await?;
    let policy = shared.policies.current(ctx, txn).await?;
    let mut found = standing::of_customers(ctx, txn, &[customer]).await?;
    let missing = || Error::not_found(resource::customer(customer));
    let found = found.remove(&customer).ok_or_else(missing)?;
    if found.deleted {
        return Err(Error::Deleted(resource::customer(customer)));
    }
    let mut standing = found.standing;
    let at = standing.time(ctx.now);
    standing.contacts.clear();
    let decision = standing.decide(&policy.rules, contact, at);
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

async fn in_delivery(ctx: &Context, txn: &DatabaseTransaction, row: Model) -> Result<Model, Error> {
    let settled = permit::put_in_delivery(ctx, txn, &row).await?;
    settled.ok_or(PlatformError::Conflict.into())
}
