//! Leave to contact customers.

use rapport_platform::db::bulk;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::ActiveValue::Set;
use sea_orm::sea_query::{Expr, Func};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    DbErr, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _, UpdateMany,
};
use uuid::Uuid;

use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::decision::Contact;
use crate::domain::contact::permit::PermitState;
use crate::domain::contact::policy::TopicId;
use crate::domain::contact::refusal::ContactRefusal;
use crate::domain::invalid::Invalid;
use crate::error::{Error, unreadable};
use crate::store::entity::contact_permit::{ActiveModel, Column, Entity, Model};
use crate::store::identity::group;

/// What is the same for every contact of a request.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    /// What somebody wants to do.
    pub(crate) contact: &'a Contact,
    /// When it was asked for, by the customer's clock.
    pub(crate) at: Timestamp,
    /// First instant at which it can't be confirmed any more.
    pub(crate) expires: Timestamp,
    /// The policy that judges it.
    pub(crate) policy_version: i64,
}

/// The row of a contact that is granted.
pub(crate) fn granted(
    ctx: &Context,
    terms: Terms<'_>,
    customer: Uuid,
    request_id: Option<Uuid>,
) -> Model {
    let Terms {
        contact,
        at,
        expires,
        policy_version,
    } = terms;
    Model {
        tenant_id: ctx.tenant,
        customer_id: customer,
        contact_permit_id: new_id(),
        channel: contact.channel.code(),
        purpose: contact.purpose.code(),
        topic: contact.topic.as_ref().map(|it| it.as_str().to_owned()),
        campaign: contact.campaign.clone(),
        contact_point_id: contact.contact_point,
        state: PermitState::Reserved.code(),
        reserve_time: at,
        expire_time: expires,
        settle_time: None,
        contact_time: None,
        policy_version,
        holder: ctx.actor.as_str().to_owned(),
        refusals: 0,
        request_id,
    }
}

/// The row of a contact that is refused. It keeps no request id: asked again, it is judged anew.
pub(crate) fn refused(
    ctx: &Context,
    terms: Terms<'_>,
    customer: Uuid,
    reasons: &[ContactRefusal],
) -> Model {
    Model {
        state: PermitState::Refused.code(),
        settle_time: Some(terms.at),
        refusals: reasons
            .iter()
            .fold(0, |bits, reason| bits | 1 << reason.number()),
        ..granted(ctx, terms, customer, None)
    }
}

/// Records what was granted and refused.
pub(crate) async fn insert(txn: &DatabaseTransaction, rows: Vec<Model>) -> Result<(), DbErr> {
    bulk::insert::<Entity>(txn, rows, None).await?;
    Ok(())
}

/// One permit.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    [customer, id]: [Uuid; 2],
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((ctx.tenant, customer, id)).one(db).await
}

/// One permit of a customer, whichever of its records it was granted to.
pub(crate) async fn find(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: &[Uuid],
    id: Uuid,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(members.iter().copied()))
        .filter(Column::ContactPermitId.eq(id))
        .one(db)
        .await
}

/// What was granted to these requests.
pub(crate) async fn of_requests(
    ctx: &Context,
    db: &impl ConnectionTrait,
    requests: impl IntoIterator<Item = Uuid>,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(bulk::among(db, Column::RequestId, requests))
        .all(db)
        .await
}

/// The permits of a customer's records from behind `after` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: &[Uuid],
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let behind = after.map(|id| Column::ContactPermitId.lt(id));
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(members.iter().copied()))
        .filter(Condition::all().add_option(behind))
        .order_by_desc(Column::ContactPermitId)
        .limit(limit)
        .all(db)
        .await
}

/// Moves a permit that is reserved to `state`. None when another transaction was first. What is
/// released makes room for another permit of its request.
pub(crate) async fn settle(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: &Model,
    state: PermitState,
) -> Result<Option<Model>, DbErr> {
    let confirmed = state == PermitState::Confirmed;
    let row = Model {
        state: state.code(),
        settle_time: Some(ctx.now),
        // A clock that is behind must not let it stop counting early.
        contact_time: confirmed.then_some(ctx.now.max(before.reserve_time)),
        request_id: before.request_id.filter(|_| confirmed),
        ..before.clone()
    };
    leave_reserved(ctx, txn, row).await
}

/// Releases permits that are reserved, and makes room for others of their requests.
pub(crate) async fn withdraw(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ids: &[Uuid],
) -> Result<(), DbErr> {
    if ids.is_empty() {
        return Ok(());
    }
    let row = ActiveModel {
        state: Set(PermitState::Released.code()),
        settle_time: Set(Some(ctx.now)),
        request_id: Set(None),
        ..Default::default()
    };
    Entity::update_many()
        .set(row)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ContactPermitId.is_in(ids.iter().copied()))
        .filter(Column::State.eq(PermitState::Reserved.code()))
        .exec(txn)
        .await?;
    Ok(())
}

/// Has a contact that was confirmed as made count until it really is: whoever confirmed it only
/// handed it over.
pub(crate) async fn put_back_in_delivery(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
) -> Result<Model, DbErr> {
    let waiting = ActiveModel {
        contact_time: Set(None),
        ..Default::default()
    };
    Entity::update_many()
        .set(waiting)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.eq(row.customer_id))
        .filter(Column::ContactPermitId.eq(row.contact_permit_id))
        .filter(Column::State.eq(PermitState::Confirmed.code()))
        .exec(txn)
        .await?;
    Ok(Model {
        contact_time: None,
        ..row
    })
}

/// Confirms a permit that is reserved, for a contact that waits to be delivered: it counts from
/// now on, and gets its time by [`made`] or ends by [`call_off`]. None when another transaction
/// was first.
pub(crate) async fn put_in_delivery(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: &Model,
) -> Result<Option<Model>, DbErr> {
    let row = Model {
        state: PermitState::Confirmed.code(),
        settle_time: Some(ctx.now),
        ..before.clone()
    };
    leave_reserved(ctx, txn, row).await
}

/// Notes that a contact in delivery was made, or may have been. One that is settled stays as it
/// is.
pub(crate) async fn made(
    ctx: &Context,
    txn: &DatabaseTransaction,
    of: [Uuid; 2],
) -> Result<(), Error> {
    let now = Expr::val(ctx.now);
    let made = Func::greatest([Expr::col(Column::ReserveTime), now]);
    let update = Entity::update_many().col_expr(Column::ContactTime, made.into());
    end_delivery(ctx, txn, of, update).await
}

/// Releases the permit of a contact in delivery that was certainly not made, for these reasons as
/// rows keep them. One that is settled stays as it is.
pub(crate) async fn call_off(
    ctx: &Context,
    txn: &DatabaseTransaction,
    of: [Uuid; 2],
    refusals: i32,
) -> Result<(), Error> {
    let row = ActiveModel {
        state: Set(PermitState::Released.code()),
        settle_time: Set(Some(ctx.now)),
        refusals: Set(refusals),
        request_id: Set(None),
        ..Default::default()
    };
    end_delivery(ctx, txn, of, Entity::update_many().set(row)).await
}

async fn end_delivery(
    ctx: &Context,
    txn: &DatabaseTransaction,
    [customer, id]: [Uuid; 2],
    update: UpdateMany<Entity>,
) -> Result<(), Error> {
    // The message may be kept with another record of the customer than the permit.
    let mut records = group::others_of(ctx, txn, customer).await?;
    records.push(customer);
    update
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(records))
        .filter(Column::ContactPermitId.eq(id))
        .filter(Column::State.eq(PermitState::Confirmed.code()))
        .filter(Column::ContactTime.is_null())
        .exec(txn)
        .await?;
    Ok(())
}

async fn leave_reserved(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: Model,
) -> Result<Option<Model>, DbErr> {
    let settled = Entity::update_many()
        .set(row.clone().into_active_model().reset_all())
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.eq(row.customer_id))
        .filter(Column::ContactPermitId.eq(row.contact_permit_id))
        .filter(Column::State.eq(PermitState::Reserved.code()))
        .exec(txn)
        .await?;
    Ok((settled.rows_affected == 1).then_some(row))
}

/// Lets other permits be granted to the requests of those that expired.
pub(crate) async fn forget_requests(
    ctx: &Context,
    txn: &DatabaseTransaction,
    expired: &[Model],
) -> Result<(), DbErr> {
    if expired.is_empty() {
        return Ok(());
    }
    let row = ActiveModel {
        request_id: Set(None),
        ..Default::default()
    };
    Entity::update_many()
        .set(row)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::RequestId.is_in(expired.iter().filter_map(|row| row.request_id)))
        .exec(txn)
        .await?;
    Ok(())
}

/// Whether a permit is for such a contact.
pub(crate) fn is_for(row: &Model, contact: &Contact) -> bool {
    row.channel == contact.channel.code()
        && row.purpose == contact.purpose.code()
        && row.topic.as_deref() == contact.topic.as_ref().map(TopicId::as_str)
        && row.campaign == contact.campaign
        && row.contact_point_id == contact.contact_point
}

/// The contact that a permit is for.
pub(crate) fn contact(row: &Model) -> Result<Contact, Error> {
    let read = || {
        Ok::<_, Invalid>(Contact {
            channel: Channel::try_from(i32::from(row.channel))?,
            purpose: Purpose::try_from(i32::from(row.purpose))?,
            topic: row.topic.as_deref().map(TopicId::parse).transpose()?,
            campaign: row.campaign.clone(),
            contact_point: row.contact_point_id,
        })
    };
    read().map_err(unreadable("reading a contact permit"))
}

/// Notes which of the customers' permits have expired, on whichever of their records. What was noted
/// can't be confirmed any more, whatever the clock of the one who tries.
pub(crate) async fn expire(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
    now: Timestamp,
) -> Result<(), DbErr> {
    let others = group::members(ctx, txn, customers).await?;
    let others = others.values().flatten().map(|member| member.customer);
    let records = customers.iter().copied().chain(others);
    let row = ActiveModel {
        state: Set(PermitState::Expired.code()),
        settle_time: Set(Some(now)),
        ..Default::default()
    };
    Entity::update_many()
        .set(row)
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(records))
        .filter(Column::State.eq(PermitState::Reserved.code()))
        .filter(Column::ExpireTime.lte(now))
        .exec(txn)
        .await?;
    Ok(())
}
