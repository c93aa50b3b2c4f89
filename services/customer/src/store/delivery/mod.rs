//! Messages on their way out: who may take which, what was tried, and by which way each channel
//! leaves.

mod aside;
pub(crate) mod attachment;
pub(crate) mod attempt;
mod claim;
mod judge;
pub(crate) mod route;

pub(crate) use aside::{Aside, counters, put_aside};
pub(crate) use claim::{Claimed, Lane, claim, is_due, tenants_waiting};
pub(crate) use judge::{Judgement, contact, judge};

use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    DbErr, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use uuid::Uuid;

use super::entity::delivery::{Column, Entity, Model};
use super::entity::{contact_permit, interaction};
use crate::domain::contact::refusal::ContactRefusal;
use crate::domain::delivery::{Connector, DeliveryState};
use crate::error::{Error, superseded, unreadable};
use crate::resource;

const READING: &str = "reading a stored delivery";

/// Queues the message in an interaction, under a permit of its customer, to leave at once.
pub(crate) async fn queue(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (message, html): (&interaction::Model, Option<String>),
    (permit, connector): (&contact_permit::Model, Connector),
) -> Result<Model, Error> {
    let row = Model {
        tenant_id: ctx.tenant,
        delivery_id: new_id(),
        customer_id: message.customer_id,
        interaction_id: message.interaction_id,
        channel: message.channel,
        purpose: message.purpose.unwrap_or_default(),
        contact_point_id: message.contact_point_id,
        address_digest: None,
        contact_permit_id: permit.contact_permit_id,
        topic: permit.topic.clone(),
        campaign: permit.campaign.clone(),
        html,
        connector: connector.code(),
        state: DeliveryState::Queued.code(),
        refusals: 0,
        attempt_count: 0,
        forgiven_count: 0,
        due_time: Some(ctx.now),
        lease_id: None,
        provider_message_id: None,
        possible_duplicate: false,
        failure: None,
        complain_time: None,
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
        end_time: None,
    };
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// One delivery.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    find(ctx, db, id)
        .await?
        .ok_or_else(|| Error::not_found(resource::DELIVERY.format(&[id])))
}

/// One delivery, if there is such.
pub(crate) async fn find(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((ctx.tenant, id)).one(db).await
}

/// The latest delivery that the connector's other side names so.
pub(crate) async fn known_as(
    ctx: &Context,
    db: &impl ConnectionTrait,
    provider_message_id: &str,
) -> Result<Option<Model>, DbErr> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ProviderMessageId.eq(provider_message_id))
        .order_by_desc(Column::DeliveryId)
        .limit(1)
        .one(db)
        .await
}

/// Deliveries from before `before` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    filter: Condition,
    before: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(filter)
        .filter(Condition::all().add_option(before.map(|before| Column::DeliveryId.lt(before))))
        .order_by_desc(Column::DeliveryId)
        .limit(limit)
        .all(db)
        .await
}

/// Writes a changed row over the one it was read from. What follows from the state is set here:
/// only what is open is due, only what is leased has a lease, and what is over has an end.
pub(crate) async fn update(
    ctx: &Context,
    txn: &DatabaseTransaction,
    changed: Model,
) -> Result<Model, Error> {
    let version = changed.version;
    let state = state(&changed)?;
    let row = Model {
        due_time: changed.due_time.filter(|_| state.is_open()),
        lease_id: changed.lease_id.filter(|_| state == DeliveryState::Leased),
        end_time: (!state.is_open()).then(|| changed.end_time.unwrap_or(ctx.now)),
        version: version + 1,
        update_time: ctx.now,
        ..changed
    };
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::Version.eq(version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// How far a delivery is.
pub(crate) fn state(row: &Model) -> Result<DeliveryState, Error> {
    DeliveryState::try_from(i32::from(row.state)).map_err(unreadable(READING))
}

/// Why it was refused, as the row keeps it.
pub(crate) fn refusal_bits(refusals: &[ContactRefusal]) -> i32 {
    refusals.iter().fold(0, |bits, it| bits | 1 << it.number())
}

/// Why it was refused.
pub(crate) fn refusals(row: &Model) -> impl Iterator<Item = ContactRefusal> {
    let known = ContactRefusal::ALL.iter().copied();
    let bits = row.refusals;
    known.filter(move |it| bits & (1 << it.number()) != 0)
}
