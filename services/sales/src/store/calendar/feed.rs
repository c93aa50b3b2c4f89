//! Where calendars are read from.

use rapport_platform::identity::Context;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, QueryFilter as _,
};
use uuid::Uuid;

use crate::error::Error;
use crate::store::entity::calendar_feed::{Column, Entity, Model};
use crate::store::rows::replace_all;

/// The feed of a seller, if he ever had one.
pub(crate) async fn of_seller(
    ctx: &Context,
    db: &impl ConnectionTrait,
    seller: Uuid,
) -> Result<Option<Model>, Error> {
    Ok(Entity::find_by_id((ctx.tenant, seller)).one(db).await?)
}

/// The feed whose address holds a secret with this hash.
pub(crate) async fn of_secret(
    ctx: &Context,
    db: &impl ConnectionTrait,
    hash: &[u8],
) -> Result<Option<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::SecretHash.eq(hash))
        .one(db)
        .await?)
}

/// The feed of a seller as it is to be next, which nobody can read yet.
pub(crate) async fn next(
    ctx: &Context,
    db: &impl ConnectionTrait,
    seller: Uuid,
) -> Result<Model, Error> {
    let before = of_seller(ctx, db, seller).await?;
    let before = before.map(|it| it.version);
    Ok(Model {
        tenant_id: ctx.tenant,
        seller_id: seller,
        secret_hash: None,
        own: false,
        version: before.unwrap_or_default() + 1,
        update_time: ctx.now,
    })
}

/// Writes a feed over the version before it.
pub(crate) async fn write(txn: &DatabaseTransaction, row: &Model) -> Result<(), Error> {
    replace_all::<Entity>(txn, vec![row.clone()], Some(Column::Version)).await
}
