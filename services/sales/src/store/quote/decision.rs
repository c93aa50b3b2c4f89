//! What approvers decided about quotes.

use rapport_platform::identity::Context;
use sea_orm::{
    ColumnTrait as _, ConnectionTrait, DatabaseTransaction, EntityTrait as _, IntoActiveModel as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::error::Error;
use crate::store::entity::quote_decision::{Column, Entity, Model};

/// Most decisions that are told about a revision: it can be submitted again and again.
const MOST: u64 = 100;

/// What was decided about a revision, the latest hundred, oldest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    quote: Uuid,
    revision: i64,
) -> Result<Vec<Model>, Error> {
    let mut latest = Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::QuoteId.eq(quote))
        .filter(Column::Revision.eq(revision))
        .order_by_desc(Column::DecisionId)
        .limit(MOST)
        .all(db)
        .await?;
    latest.reverse();
    Ok(latest)
}

/// Records a decision.
pub(crate) async fn insert(txn: &DatabaseTransaction, row: &Model) -> Result<(), Error> {
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(())
}
