//! What customers may want next, what was decided, and what they said.

pub(crate) mod candidate;

use std::collections::BTreeSet;

use rapport_platform::db::retry_if_taken;
use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::entity::suggestion_decision::{Column, Entity, Model};
use super::entity::{suggestion_policy as policy, suggestion_response as response};
use super::rows::latest_first;
use super::versions;
use crate::domain::suggestion::{PolicyParts, SuggestionPolicy};
use crate::error::{Error, superseded, unreadable};
use crate::resource::SUGGESTION_DECISION;

/// Most answers that are read to tell what became of decisions.
const MOST_ANSWERS: u64 = 4_000;

/// One decision.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    let found = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    found.ok_or_else(|| Error::not_found(SUGGESTION_DECISION.format(&[id])))
}

/// The latest decision for a customer and situation, if there is one.
pub(crate) async fn latest(
    ctx: &Context,
    db: &impl ConnectionTrait,
    (customer, situation): (Uuid, &str),
) -> Result<Option<Model>, Error> {
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.eq(customer))
        .filter(Column::Situation.eq(situation))
        .one(db)
        .await?)
}

/// Decisions for a customer from behind `after` on, latest first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let hers = Column::CustomerId.eq(customer).into();
    let key = [Column::TenantId, Column::DecisionId];
    let rows = latest_first::<Entity>(ctx, key, hers, after, limit);
    Ok(rows.all(db).await?)
}

/// Records a decision in the place of the one that has expired. Of two that are made at once, the
/// second runs again and finds the first.
pub(crate) async fn replace(
    txn: &DatabaseTransaction,
    before: Option<&Model>,
    row: &Model,
) -> Result<(), Error> {
    if let Some(before) = before {
        Entity::delete_by_id((before.tenant_id, before.decision_id))
            .exec(txn)
            .await?;
    }
    Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await
        .map_err(retry_if_taken)?;
    Ok(())
}

/// Writes a changed row over the version that it was read with.
pub(crate) async fn write(txn: &DatabaseTransaction, changed: Model) -> Result<Model, Error> {
    let row = Model {
        version: changed.version + 1,
        ..changed
    };
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .filter(Column::Version.eq(changed.version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// What customers said about the products that holds still, or was said since `since`; the latest
/// first, and of all that at most [`MOST_ANSWERS`].
pub(crate) async fn answers(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customers: &BTreeSet<Uuid>,
    (products, since): (&[Uuid], Timestamp),
) -> Result<Vec<response::Model>, Error> {
    use response::Column;
    if products.is_empty() {
        return Ok(Vec::new());
    }
    let counts = Condition::any()
        .add(Column::HoldUntilTime.gt(ctx.now))
        .add(Column::RespondTime.gte(since));
    Ok(response::Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(customers.iter().copied()))
        .filter(Column::ProductId.is_in(products.iter().copied()))
        .filter(counts)
        .order_by_desc(Column::RespondTime)
        .order_by_desc(Column::ResponseId)
        .limit(MOST_ANSWERS)
        .all(db)
        .await?)
}

/// Records what a customer said, which ends what he said about the product before.
pub(crate) async fn respond(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &response::Model,
) -> Result<(), Error> {
    use response::Column;
    response::Entity::update_many()
        .col_expr(Column::HoldUntilTime, Expr::value(ctx.now))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.eq(row.customer_id))
        .filter(Column::ProductId.eq(row.product_id))
        .filter(Column::HoldUntilTime.gt(ctx.now))
        .exec(txn)
        .await?;
    response::Entity::insert(row.clone().into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// What a customer said, from behind `after` on, latest first.
pub(crate) async fn responses(
    ctx: &Context,
    db: &impl ConnectionTrait,
    customer: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<response::Model>, Error> {
    use response::Column;
    let hers = Column::CustomerId.eq(customer).into();
    let key = [Column::TenantId, Column::ResponseId];
    let rows = latest_first::<response::Entity>(ctx, key, hers, after, limit);
    Ok(rows.all(db).await?)
}

/// The policy that holds now, and its version.
pub(crate) async fn policy_in_force(
    ctx: &Context,
    db: &impl ConnectionTrait,
) -> Result<(SuggestionPolicy, i64), Error> {
    match versions::latest::<policy::Entity>(ctx, db).await? {
        Some(row) => Ok((policy_from_row(&row)?, row.version)),
        None => Ok((SuggestionPolicy::default(), 0)),
    }
}

/// What a row says.
pub(crate) fn policy_from_row(row: &policy::Model) -> Result<SuggestionPolicy, Error> {
    let parts = PolicyParts {
        max_suggestions: row.max_suggestions,
        valid_days: row.valid_days,
        prior_weight: row.prior_weight,
        min_common_customers: row.min_common_customers,
        min_lift_ppm: row.min_lift_ppm,
        declined_days: row.declined_days,
        accepted_days: row.accepted_days,
    };
    SuggestionPolicy::parse(parts).map_err(unreadable("reading a stored suggestion policy"))
}

/// Whether a decision holds at an instant.
pub(crate) fn holds(row: &Model, now: Timestamp) -> bool {
    now < row.expire_time
}
