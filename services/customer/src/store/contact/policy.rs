//! The tenants' rules of contacting customers.

use prost::Message as _;
use rapport_platform::db::retry_if_taken;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::customer::v1 as proto;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _,
};

use crate::store::entity::contact_policy::{Column, Entity, Model};

/// A version of a policy as it was set.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stored {
    /// 0 while the tenant set none.
    pub(crate) version: i64,
    /// The settings; what a reader gets besides them is in `row`.
    pub(crate) document: proto::ContactPolicy,
    /// Who set it when.
    pub(crate) row: Option<Model>,
}

/// The policy in force.
pub(crate) async fn current(
    ctx: &Context,
    db: &impl ConnectionTrait,
) -> Result<Stored, PlatformError> {
    let row = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .order_by_desc(Column::Version)
        .one(db)
        .await?;
    row.map_or_else(|| Ok(Stored::default()), stored)
}

/// A version of the policy; version 0 is the default.
pub(crate) async fn version(
    ctx: &Context,
    db: &impl ConnectionTrait,
    version: i64,
) -> Result<Stored, PlatformError> {
    let row = Entity::find_by_id((ctx.tenant, version)).one(db).await?;
    row.map_or_else(|| Ok(Stored::default()), stored)
}

/// The policy that was in force at an instant.
pub(crate) async fn in_force_at(
    ctx: &Context,
    db: &impl ConnectionTrait,
    at: Timestamp,
) -> Result<Stored, PlatformError> {
    let row = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::UpdateTime.lte(at))
        .order_by_desc(Column::Version)
        .one(db)
        .await?;
    row.map_or_else(|| Ok(Stored::default()), stored)
}

/// Makes `document` the version after `before`. When somebody else was faster, the work runs again.
pub(crate) async fn append(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: &Stored,
    document: &proto::ContactPolicy,
) -> Result<Stored, PlatformError> {
    let row = Model {
        tenant_id: ctx.tenant,
        version: before.version + 1,
        document: document.encode_to_vec(),
        updater: ctx.actor.as_str().to_owned(),
        update_time: ctx
            .now
            .later_than(before.row.as_ref().map(|row| row.update_time)),
    };
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await
        .map_err(retry_if_taken)?;
    stored(row)
}

fn stored(row: Model) -> Result<Stored, PlatformError> {
    let document = proto::ContactPolicy::decode(row.document.as_slice())
        .map_err(|error| PlatformError::internal("reading a contact policy", error))?;
    Ok(Stored {
        version: row.version,
        document,
        row: Some(row),
    })
}
