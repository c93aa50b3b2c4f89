//! When and how often customers want to be contacted.

use std::collections::HashMap;

use prost::Message as _;
use rapport_platform::db::bulk;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _,
};
use uuid::Uuid;

use crate::store::entity::contact_times::{Column, Entity, Model};
use crate::store::{latest, past_choice};

/// What each of the customers said; those that said nothing are left out.
pub(crate) async fn of_customers(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<HashMap<Uuid, proto::ContactTimes>, PlatformError> {
    said_until(ctx, db, customers, Timestamp::MAX).await
}

/// What a row says.
pub(in crate::store) fn read(row: &Model) -> Result<proto::ContactTimes, PlatformError> {
    proto::ContactTimes::decode(row.document.as_slice())
        .map_err(|error| PlatformError::internal("reading contact times", error))
}

/// What a customer said; none if it never did.
pub(crate) async fn of_customer(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
) -> Result<Option<proto::ContactTimes>, PlatformError> {
    let mut said = of_customers(ctx, db, &[customer]).await?;
    Ok(said.remove(&customer))
}

/// What each of the customers said that stands, as far as it was said by then.
pub(in crate::store) async fn said_until(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
    until: Timestamp,
) -> Result<HashMap<Uuid, proto::ContactTimes>, PlatformError> {
    let rows = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(bulk::among(db, Column::CustomerId, customers.to_vec()))
        .filter(Column::RecordTime.lte(until))
        .all(db)
        .await?;
    let of_one = |row: &Model| Ok((row.customer_id, read(row)?));
    rows.iter().map(of_one).collect()
}

/// What a customer said after an instant, or at any time; none if nothing since.
pub(crate) async fn said_since(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
    since: Option<Timestamp>,
) -> Result<Option<proto::ContactTimes>, PlatformError> {
    let row = Entity::find_by_id((ctx.tenant, customer))
        .filter(Column::RecordTime.gt(since.unwrap_or(Timestamp::MIN)))
        .one(db)
        .await?;
    row.as_ref().map(read).transpose()
}

/// When any of the customers last said something.
pub(crate) async fn last_change(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &[Uuid],
) -> Result<Option<Timestamp>, DbErr> {
    let theirs = Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::CustomerId.is_in(customers.iter().copied()));
    latest::<Entity>(db, Column::RecordTime, theirs).await
}

/// Makes `times` all that a customer said, whom other records joined, the last one at `joined`: it is
/// later than that, whatever the clocks. The transaction holds the lock on its preferences.
pub(crate) async fn replace(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer: Uuid,
    joined: Option<Timestamp>,
    times: &proto::ContactTimes,
) -> Result<(), PlatformError> {
    let record_time = ctx.now.later_than(joined);
    let before = Entity::find_by_id((ctx.tenant, customer)).one(txn).await?;
    if let Some(before) = before {
        past_choice::keep_times(ctx, txn, before, record_time).await?;
    }
    let row = Model {
        tenant_id: ctx.tenant,
        customer_id: customer,
        document: times.encode_to_vec(),
        recorder: ctx.actor.as_str().to_owned(),
        record_time,
    };
    let replace = OnConflict::columns([Column::TenantId, Column::CustomerId])
        .update_columns([Column::Document, Column::Recorder, Column::RecordTime])
        .to_owned();
    Entity::insert(row.into_active_model())
        .on_conflict(replace)
        .exec_without_returning(txn)
        .await?;
    Ok(())
}
