//! The consent ledger.

use std::collections::HashMap;

use rapport_platform::db::bulk;
use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::consent::entry::{ConsentTimes, NewConsent, Subject};
use crate::domain::contact::consent::{
    Confirmation, ConsentEvent, ConsentScope, ConsentStatus, LegalBasis, address_id,
};
use crate::domain::contact::policy::TopicId;
use crate::domain::invalid::Invalid;
use crate::error::{Error, unreadable};
use crate::store::customer;
use crate::store::entity::consent_event::{Column, Entity, Model};
use crate::store::identity::group;
use crate::store::latest;

/// Appends an entry, later than every other of the customer. The transaction holds the customer's
/// clearance.
pub(crate) async fn append(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer: Uuid,
    entry: &NewConsent,
    waits: Waits,
) -> Result<Model, Error> {
    let known = known_until(ctx, txn, customer).await?;
    let row = row(ctx, customer, entry, waits, ctx.now.later_than(known));
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// Whether the customer is asked to confirm an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    /// It counts as it is.
    No,
    /// It counts when the customer has confirmed it.
    ForConfirmation,
}

fn row(
    ctx: &Context,
    customer_id: Uuid,
    entry: &NewConsent,
    waits: Waits,
    record_time: Timestamp,
) -> Model {
    let NewConsent {
        subject,
        status,
        legal_basis,
        source,
        evidence_hash,
        note,
        address_digest,
        times,
    } = entry;
    let (channel, contact_point_id) = match subject.scope {
        ConsentScope::All => (None, None),
        ConsentScope::Channel(channel) => (Some(channel.code()), None),
        ConsentScope::ContactPoint(point) => (None, Some(point)),
    };
    Model {
        tenant_id: ctx.tenant,
        customer_id,
        consent_event_id: new_id(),
        channel,
        contact_point_id,
        address_digest: address_digest.clone(),
        purpose: subject.purpose.map(Purpose::code),
        topic: subject.topic.as_ref().map(|it| it.as_str().to_owned()),
        status: status.code(),
        legal_basis: legal_basis.code(),
        source: source.clone(),
        evidence_hash: evidence_hash.clone(),
        note: note.clone(),
        capture_time: times.capture,
        awaits_confirmation: waits == Waits::ForConfirmation,
        double_opt_in_time: times.double_opt_in,
        effective_time: times.effective,
        expire_time: times.expire,
        recorder: ctx.actor.as_str().to_owned(),
        record_time,
    }
}

/// What a stored opt-in says, with other times.
pub(crate) fn repeated(row: &Model, times: ConsentTimes) -> Result<NewConsent, Error> {
    const READING: &str = "reading a consent event";
    let stored = event(row).map_err(unreadable(READING))?;
    let basis = LegalBasis::try_from(i32::from(row.legal_basis)).map_err(unreadable(READING))?;
    Ok(NewConsent {
        subject: Subject {
            scope: scope(row).map_err(unreadable(READING))?,
            purpose: stored.purpose,
            topic: stored.topic,
        },
        status: stored.status,
        legal_basis: basis,
        source: row.source.clone(),
        evidence_hash: row.evidence_hash.clone(),
        note: row.note.clone(),
        address_digest: row.address_digest.clone(),
        times,
    })
}

/// One entry.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    [customer, id]: [Uuid; 2],
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((ctx.tenant, customer, id)).one(db).await
}

/// Entries by their customers and ids.
pub(crate) async fn of_ids(
    ctx: &Context,
    db: &impl ConnectionTrait,
    ids: &[[Uuid; 2]],
) -> Result<Vec<Model>, DbErr> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let customers: Vec<Uuid> = ids.iter().map(|[customer, _]| *customer).collect();
    Entity::find()
        .filter(of_customers(ctx, &customers))
        .filter(Column::ConsentEventId.is_in(ids.iter().map(|[_, id]| *id)))
        .order_by_asc(Column::ConsentEventId)
        .all(db)
        .await
}

/// The keyed hash of the address that a contact point had, where an entry tells it.
pub(crate) async fn address_of_gone(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
    contact_point: Uuid,
) -> Result<Option<Vec<u8>>, DbErr> {
    let digest: Option<Option<Vec<u8>>> = Entity::find()
        .select_only()
        .column(Column::AddressDigest)
        .filter(of_customers(ctx, customers))
        .filter(Column::ContactPointId.eq(contact_point))
        .filter(Column::AddressDigest.is_not_null())
        .into_tuple()
        .one(db)
        .await?;
    Ok(digest.flatten())
}

/// When the latest entry of any of these customers was recorded.
pub(crate) async fn latest_among(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<Option<Timestamp>, DbErr> {
    latest::<Entity>(db, Column::RecordTime, of_customers(ctx, customers)).await
}

/// The latest instant of which a customer's records know: of entries, and of records that joined.
async fn known_until(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
) -> Result<Option<Timestamp>, Error> {
    if customer::find(ctx, db, customer).await?.is_none() {
        return Ok(latest_among(ctx, db, &[customer]).await?);
    }
    let group = group::of(ctx, db, customer).await?;
    let latest = latest_among(ctx, db, &group.members()).await?;
    Ok(latest.max(group.last_joined()))
}

/// The entries of these customers from behind `after` on that were recorded until then, latest
/// first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
    (after, until): (Option<Uuid>, Option<Timestamp>),
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let behind = after.map(|id| Column::ConsentEventId.lt(id));
    Entity::find()
        .filter(of_customers(ctx, customers))
        .filter(Condition::all().add_option(behind))
        .filter(Condition::all().add_option(until.map(|until| Column::RecordTime.lte(until))))
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
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(bulk::among(db, Column::CustomerId, customers.to_vec()))
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

/// What an entry is about, as it was sent.
pub(crate) fn scope(row: &Model) -> Result<ConsentScope, Invalid> {
    Ok(match (row.channel, row.contact_point_id) {
        (_, Some(point)) => ConsentScope::ContactPoint(point),
        (Some(channel), None) => ConsentScope::Channel(Channel::try_from(i32::from(channel))?),
        (None, None) => ConsentScope::All,
    })
}

/// An entry as far as it decides.
pub(crate) fn event(row: &Model) -> Result<ConsentEvent, Invalid> {
    let purpose = row.purpose.map(|it| Purpose::try_from(i32::from(it)));
    let confirmation = match (row.double_opt_in_time, row.awaits_confirmation) {
        (Some(_), _) => Confirmation::Given,
        (None, true) => Confirmation::Awaited,
        (None, false) => Confirmation::NotAsked,
    };
    Ok(ConsentEvent {
        id: row.consent_event_id,
        member: row.customer_id,
        scope: known_scope(row)?,
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

/// What an entry is about, as the ledger knows it. Of an address that was removed before its hash
/// was kept, nothing but its old contact point is known.
fn known_scope(row: &Model) -> Result<ConsentScope, Invalid> {
    let digest = row.address_digest.as_deref();
    Ok(match (scope(row)?, digest) {
        (ConsentScope::ContactPoint(_), Some(digest)) => {
            ConsentScope::ContactPoint(address_id(digest))
        }
        (scope, _) => scope,
    })
}

fn of_customers(ctx: &Context, customers: &[Uuid]) -> Condition {
    Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::CustomerId.is_in(customers.iter().copied()))
}
