//! What tenants do with records that may be one customer.

use rapport_platform::error::PlatformError;
use rapport_platform::identity::Context;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, ConnectionTrait, DatabaseTransaction, DbErr,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _,
};

use crate::domain::identity::duplicates::{DuplicatePolicy, Score};
use crate::error::{Error, superseded};
use crate::store::entity::duplicate_policy::{Column, Entity, Model};

/// The tenant's policy; none while it never set one.
pub(crate) async fn get(ctx: &Context, db: &impl ConnectionTrait) -> Result<Option<Model>, DbErr> {
    Entity::find_by_id(ctx.tenant).one(db).await
}

/// The policy in a row, or the default one.
pub(crate) fn from_row(row: Option<&Model>) -> DuplicatePolicy {
    row.map_or_else(DuplicatePolicy::default, |row| {
        let review = Score::stored(row.review_score);
        DuplicatePolicy::stored(review, Score::stored(row.auto_score), row.auto_merge)
    })
}

/// Sets the tenant's policy over the row that was read.
pub(crate) async fn set(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Option<Model>,
    policy: DuplicatePolicy,
) -> Result<Model, Error> {
    let version = before.as_ref().map_or(0, |row| row.version);
    let row = Model {
        tenant_id: ctx.tenant,
        review_score: policy.review().code(),
        auto_score: policy.auto().code(),
        auto_merge: policy.auto_merge(),
        actor: ctx.actor.to_string(),
        version: version + 1,
        update_time: ctx.now,
    };
    let write = row.clone().into_active_model().reset_all();
    if before.is_some() {
        Entity::update(write)
            .validate()?
            .filter(Column::Version.eq(version))
            .exec_without_returning(txn)
            .await
            .map_err(superseded)?;
    } else {
        let inserted = Entity::insert(write)
            .on_conflict_do_nothing()
            .exec_without_returning(txn)
            .await?;
        // Somebody else was the first to set it: runs again and meets what was set.
        if !matches!(inserted, sea_orm::TryInsertResult::Inserted(1)) {
            return Err(PlatformError::Conflict.into());
        }
    }
    Ok(row)
}
