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

/// Gives a feed another secret, or none.
pub(crate) async fn write(
    ctx: &Context,
    txn: &DatabaseTransaction,
    seller: Uuid,
    secret_hash: Option<Vec<u8>>,
) -> Result<Model, Error> {
    let before = of_seller(ctx, txn, seller).await?;
    let row = Model {
        tenant_id: ctx.tenant,
        seller_id: seller,
        secret_hash,
        version: before.map_or(0, |it| it.version) + 1,
        update_time: ctx.now,
    };
    replace_all::<Entity>(txn, vec![row.clone()], Some(Column::Version)).await?;
    Ok(row)
}
