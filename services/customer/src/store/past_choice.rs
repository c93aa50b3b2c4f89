//! What customers had chosen, and chose differently since: kept so that past contacts can be explained.

use std::collections::{BTreeMap, HashMap};

use prost::Message as _;
use rapport_platform::db::bulk;
use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::past_choice::Choice;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::contact::times;
use super::entity::past_choice::{Column, Entity, Model};
use super::entity::{contact_times, preference};
use super::preference::by_customer;
use crate::domain::preferences::Preferences;
use crate::resource;

/// What customers had chosen; those that had chosen nothing are left out.
pub(crate) struct Choices {
    /// For each channel.
    pub(crate) preferences: HashMap<Uuid, Preferences>,
    /// When and how often they wanted to be contacted.
    pub(crate) times: HashMap<Uuid, proto::ContactTimes>,
}

/// Keeps preferences that end at these instants.
pub(super) async fn keep_preferences(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ended: impl IntoIterator<Item = (preference::Model, Timestamp)>,
) -> Result<(), DbErr> {
    let ended = ended.into_iter().map(|(row, end)| {
        let choice = Choice::Preference(proto::Preference {
            purpose: row.purpose.into(),
            channel: row.channel.into(),
            choice: row.choice.into(),
            rank: row.rank.into(),
            recorder: row.recorder.clone(),
            record_time: Some(row.record_time.into()),
        });
        let said = (row.recorder, row.record_time);
        past(ctx, row.customer_id, choice, said, end)
    });
    bulk::insert::<Entity>(txn, ended.collect(), None).await?;
    Ok(())
}

/// Keeps times that end at an instant.
pub(super) async fn keep_times(
    ctx: &Context,
    txn: &DatabaseTransaction,
    ended: contact_times::Model,
    end: Timestamp,
) -> Result<(), PlatformError> {
    let choice = Choice::ContactTimes(times::read(&ended)?);
    let said = (ended.recorder, ended.record_time);
    let row = past(ctx, ended.customer_id, choice, said, end);
    bulk::insert::<Entity>(txn, vec![row], None).await?;
    Ok(())
}

fn past(
    ctx: &Context,
    customer: Uuid,
    choice: Choice,
    (recorder, record_time): (String, Timestamp),
    end_time: Timestamp,
) -> Model {
    let document = proto::PastChoice {
        customer: resource::customer(customer),
        choice: Some(choice),
        recorder,
        record_time: Some(record_time.into()),
        end_time: Some(end_time.into()),
    };
    Model {
        tenant_id: ctx.tenant,
        customer_id: customer,
        past_choice_id: new_id(),
        document: document.encode_to_vec(),
        record_time,
        end_time,
    }
}

/// What a row says.
pub(crate) fn read(row: &Model) -> Result<proto::PastChoice, PlatformError> {
    proto::PastChoice::decode(row.document.as_slice())
        .map_err(|error| PlatformError::internal("reading a past choice", error))
}

/// What customers had chosen before, from behind `after` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let behind = after.map(|id| Column::PastChoiceId.lt(id));
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .filter(Condition::all().add_option(behind))
        .order_by_desc(Column::PastChoiceId)
        .limit(limit)
        .all(db)
        .await
}

/// What each of the customers had chosen at an instant.
pub(crate) async fn at(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
    at: Timestamp,
) -> Result<Choices, PlatformError> {
    let mut preferences: BTreeMap<(Uuid, i16, i16), preference::Model> = BTreeMap::new();
    let mut note = |row: preference::Model| {
        let scope = (row.customer_id, row.channel, row.purpose);
        preferences.insert(scope, row);
    };
    let standing = preference::Entity::find()
        .filter(preference::Column::TenantId.eq(ctx.tenant))
        .filter(preference::Column::CustomerId.is_in(customers.iter().copied()))
        .filter(preference::Column::RecordTime.lte(at));
    standing.all(db).await?.into_iter().for_each(&mut note);
    let mut times = times::said_until(ctx, db, customers, at).await?;
    // What ended later was in force, whatever stands now: an import that is taken back puts in force
    // again what was recorded long before.
    for row in in_force(ctx, db, customers, at).await? {
        match read(&row)?.choice {
            Some(Choice::Preference(it)) => note(stored(&row, it)?),
            Some(Choice::ContactTimes(it)) => drop(times.insert(row.customer_id, it)),
            None => {}
        }
    }
    let preferences = by_customer(preferences.into_values())?;
    Ok(Choices { preferences, times })
}

/// What was in force at an instant and no longer is, oldest first.
async fn in_force(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
    at: Timestamp,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .filter(Column::RecordTime.lte(at))
        .filter(Column::EndTime.gt(at))
        .order_by_asc(Column::PastChoiceId)
        .all(db)
        .await
}

/// The row of a preference as it was.
fn stored(row: &Model, it: proto::Preference) -> Result<preference::Model, PlatformError> {
    let number = |it: i32| {
        i16::try_from(it).map_err(|error| PlatformError::internal("reading a past choice", error))
    };
    Ok(preference::Model {
        tenant_id: row.tenant_id,
        customer_id: row.customer_id,
        channel: number(it.channel)?,
        purpose: number(it.purpose)?,
        choice: number(it.choice)?,
        rank: number(it.rank)?,
        recorder: it.recorder,
        record_time: row.record_time,
    })
}
