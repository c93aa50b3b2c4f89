//! The consent ledger.

use std::collections::HashMap;

use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::consent::{Confirmation, ConsentEvent, ConsentScope, ConsentStatus};
use crate::domain::contact::policy::TopicId;
use crate::domain::invalid::Invalid;
use crate::store::entity::consent_event::{Column, Entity, Model};

/// Appends an entry. The transaction holds the customer's clearance.
pub(crate) async fn append(txn: &DatabaseTransaction, row: &Model) -> Result<(), DbErr> {
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// One entry.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    [customer, id]: [Uuid; 2],
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((ctx.tenant, customer, id)).one(db).await
}

/// When the customer's latest entry was recorded.
pub(crate) async fn latest(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
) -> Result<Option<Timestamp>, DbErr> {
    let latest = Entity::find()
        .filter(of_customers(ctx, &[customer]))
        .order_by_desc(Column::RecordTime)
        .one(db)
        .await?;
    Ok(latest.map(|row| row.record_time))
}

/// The entries of these customers from behind `after` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let behind = after.map(|id| Column::ConsentEventId.lt(id));
    Entity::find()
        .filter(of_customers(ctx, customers))
        .filter(Condition::all().add_option(behind))
        .order_by_desc(Column::ConsentEventId)
        .limit(limit)
        .all(db)
        .await
}

/// All entries of each of the customers, as far as they decide.
pub(crate) async fn ledgers(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, Vec<ConsentEvent>>, PlatformError> {
    let rows = Entity::find()
        .filter(of_customers(ctx, customers))
        .all(db)
        .await?;
    let mut ledgers: HashMap<Uuid, Vec<ConsentEvent>> = HashMap::new();
    for row in rows {
        let event = event(&row)
            .map_err(|fault| PlatformError::internal("reading a consent event", fault))?;
        ledgers.entry(row.customer_id).or_default().push(event);
    }
    Ok(ledgers)
}

/// What an entry is about.
pub(crate) fn scope(row: &Model) -> Result<ConsentScope, Invalid> {
    Ok(match (row.channel, row.contact_point_id) {
        (_, Some(point)) => ConsentScope::ContactPoint(point),
        (Some(channel), None) => ConsentScope::Channel(Channel::try_from(i32::from(channel))?),
        (None, None) => ConsentScope::All,
    })
}

fn event(row: &Model) -> Result<ConsentEvent, Invalid> {
    let purpose = row.purpose.map(|it| Purpose::try_from(i32::from(it)));
    let confirmation = match (row.double_opt_in_time, row.awaits_confirmation) {
        (Some(_), _) => Confirmation::Given,
        (None, true) => Confirmation::Awaited,
        (None, false) => Confirmation::NotAsked,
    };
    Ok(ConsentEvent {
        id: row.consent_event_id,
        member: row.customer_id,
        scope: scope(row)?,
        purpose: purpose.transpose()?,
        topic: row.topic.as_deref().map(TopicId::parse).transpose()?,
        status: ConsentStatus::try_from(i32::from(row.status))?,
        capture_time: row.capture_time,
        confirmation,
        effective_time: row.effective_time,
        expire_time: row.expire_time,
        record_time: row.record_time,
    })
}

fn of_customers(ctx: &Context, customers: &[Uuid]) -> Condition {
    Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::CustomerId.is_in(customers.iter().copied()))
}
