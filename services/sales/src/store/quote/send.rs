//! When and how quotes were sent.

use rapport_platform::identity::Context;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::error::Error;
use crate::store::entity::quote_send::{Column, Entity, Model};

/// The times that a quote was sent, from behind `after` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    quote: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::QuoteId.eq(quote))
        .filter(Condition::all().add_option(after.map(|after| Column::SendId.lt(after))))
        .order_by_desc(Column::SendId)
        .limit(limit)
        .all(db)
        .await?)
}

/// Records that a quote was sent.
pub(crate) async fn insert(txn: &DatabaseTransaction, row: Model) -> Result<(), Error> {
    Entity::insert(row.into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(())
}
