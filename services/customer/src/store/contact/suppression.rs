//! Addresses that are not to be used.

use std::collections::HashMap;

use rapport_platform::db::bulk;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use sea_orm::sea_query::OnConflict;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    DbErr, EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _,
    QuerySelect as _,
};
use uuid::Uuid;

use crate::domain::contact::purposes::PurposeSet;
use crate::domain::contact::suppression::SuppressionReason;
use crate::error::{Error, superseded};
use crate::store::entity::suppression::{Column, Entity, Model};

/// Most suppressions of one address that are told.
const MAX_OF_ADDRESS: u64 = 100;

/// What is to be suppressed.
pub(crate) struct NewSuppression<'a> {
    /// Keyed hash of the address.
    pub(crate) digest: Vec<u8>,
    /// Why.
    pub(crate) reason: SuppressionReason,
    /// What it stops.
    pub(crate) stops: PurposeSet,
    /// Where it comes from.
    pub(crate) note: Option<&'a str>,
}

/// A suppression, and whether it was there before.
pub(crate) enum Added {
    /// It is new.
    Now(Model),
    /// The address was suppressed alike.
    Before(Model),
}

/// Suppresses an address; one that is suppressed alike stays as it is. In force with the commit:
/// whatever grants a contact looks at this list itself.
pub(crate) async fn add(
    ctx: &Context,
    txn: &DatabaseTransaction,
    new: NewSuppression<'_>,
) -> Result<Added, Error> {
    let row = Model {
        tenant_id: ctx.tenant,
        suppression_id: new_id(),
        address_digest: new.digest,
        reason: new.reason.code(),
        purposes: new.stops.bits(),
        note: new.note.map(str::to_owned),
        recorder: ctx.actor.as_str().to_owned(),
        create_time: ctx.now,
        lifter: None,
        lift_reason: None,
        lift_time: None,
    };
    let inserted = Entity::insert(row.clone().into_active_model())
        .on_conflict(alike())
        .exec_without_returning(txn)
        .await?;
    if inserted == 1 {
        return Ok(Added::Now(row));
    }
    let there = in_force(ctx, txn, &row.address_digest).await?;
    let alike = |it: &Model| (it.reason, it.purposes) == (row.reason, row.purposes);
    // Lifted in this instant: the work runs again.
    let conflict = rapport_platform::error::PlatformError::Conflict;
    let there = there.into_iter().find(alike).ok_or(conflict)?;
    Ok(Added::Before(there))
}

/// Suppresses addresses for one reason; those that are suppressed alike stay as they are.
pub(crate) async fn add_all(
    ctx: &Context,
    txn: &DatabaseTransaction,
    digests: &[Vec<u8>],
    reason: SuppressionReason,
    stops: PurposeSet,
    note: &str,
) -> Result<(), DbErr> {
    let mut digests = digests.to_vec();
    digests.sort_unstable();
    digests.dedup();
    if digests.is_empty() {
        return Ok(());
    }
    let rows = digests.into_iter().map(|address_digest| Model {
        tenant_id: ctx.tenant,
        suppression_id: new_id(),
        address_digest,
        reason: reason.code(),
        purposes: stops.bits(),
        note: Some(note.to_owned()),
        recorder: ctx.actor.as_str().to_owned(),
        create_time: ctx.now,
        lifter: None,
        lift_reason: None,
        lift_time: None,
    });
    Entity::insert_many(rows.map(Model::into_active_model))
        .on_conflict(alike())
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// What is suppressed for the same reason and purposes already.
fn alike() -> OnConflict {
    OnConflict::columns([
        Column::TenantId,
        Column::AddressDigest,
        Column::Reason,
        Column::Purposes,
    ])
    .target_and_where(Column::LiftTime.is_null())
    .do_nothing()
    .to_owned()
}

/// One suppression.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id((ctx.tenant, id)).one(db).await
}

/// What is in force against an address, oldest first.
pub(crate) async fn in_force(
    ctx: &Context,
    db: &impl ConnectionTrait,
    digest: &[u8],
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::AddressDigest.eq(digest))
        .filter(Column::LiftTime.is_null())
        .order_by_asc(Column::SuppressionId)
        .limit(MAX_OF_ADDRESS)
        .all(db)
        .await
}

/// The purposes for which addresses are suppressed; those that are not are left out.
pub(crate) async fn of_addresses(
    ctx: &Context,
    db: &impl ConnectionTrait,
    digests: impl IntoIterator<Item = Vec<u8>>,
) -> Result<HashMap<Vec<u8>, PurposeSet>, DbErr> {
    let rows: Vec<(Vec<u8>, i16)> = Entity::find()
        .select_only()
        .columns([Column::AddressDigest, Column::Purposes])
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(bulk::among(db, Column::AddressDigest, digests))
        .filter(Column::LiftTime.is_null())
        .into_tuple()
        .all(db)
        .await?;
    let mut stopped: HashMap<Vec<u8>, i16> = HashMap::new();
    for (digest, bits) in rows {
        *stopped.entry(digest).or_default() |= bits;
    }
    let stopped = stopped.into_iter();
    Ok(stopped
        .map(|(digest, bits)| (digest, PurposeSet::from_bits(bits)))
        .collect())
}

/// Suppressions from behind `after` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let behind = after.map(|id| Column::SuppressionId.lt(id));
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(filter)
        .filter(Condition::all().add_option(behind))
        .order_by_desc(Column::SuppressionId)
        .limit(limit)
        .all(db)
        .await
}

/// Lifts a suppression that is in force.
pub(crate) async fn lift(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
    reason: &str,
) -> Result<Model, Error> {
    let row = Model {
        lifter: Some(ctx.actor.as_str().to_owned()),
        lift_reason: Some(reason.to_owned()),
        lift_time: Some(ctx.now),
        ..before
    };
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::LiftTime.is_null())
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}
