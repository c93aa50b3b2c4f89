//! What may be spent for.

use prost::Message as _;
use rapport_platform::db::retry_if_taken;
use rapport_platform::identity::Context;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _,
};

use crate::error::Error;
use crate::store::entity::expense_policy::{Column, Entity, Model};

/// The version that holds now; none before the first.
pub(crate) async fn latest(
    ctx: &Context,
    db: &impl ConnectionTrait,
) -> Result<Option<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .order_by_desc(Column::Version)
        .one(db)
        .await?)
}

/// One version, if there is one.
pub(crate) async fn version(
    ctx: &Context,
    db: &impl ConnectionTrait,
    version: i64,
) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id((ctx.tenant, version)).one(db).await?)
}

/// Records a version. Of two that are recorded at once, the second runs again.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    version: i64,
    policy: &proto::ExpensePolicy,
) -> Result<Model, Error> {
    let row = Model {
        tenant_id: ctx.tenant,
        version,
        document: policy.encode_to_vec(),
        author: ctx.actor.to_string(),
        create_time: ctx.now,
    };
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await
        .map_err(retry_if_taken)?;
    Ok(row)
}
