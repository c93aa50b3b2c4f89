//! Who would move under a model, and who did when it was activated.

use rapport_platform::identity::Context;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, EntityTrait as _, FromQueryResult,
    PaginatorTrait as _, QueryFilter as _, QueryOrder as _, QuerySelect as _, Select,
};
use uuid::Uuid;

use super::assign::ALWAYS;
use crate::domain::territory::Preparation;
use crate::error::Error;
use crate::store::entity::customer_territory::{Column, Entity, Model};
use crate::store::entity::territory_model as model;

/// Most pairs of territories that are counted.
const MOST_PAIRS: u64 = 4_000;

/// How many customers move from one territory to another.
#[derive(Clone, Debug, PartialEq, Eq, FromQueryResult)]
pub(crate) struct Count {
    /// Code of the one; none: from nowhere.
    pub(crate) from_code: Option<String>,
    /// Code of the other.
    pub(crate) code: Option<String>,
    /// How many.
    pub(crate) customers: i64,
}

fn moving(ctx: &Context, model: &model::Model) -> Select<Entity> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::ModelId.eq(model.model_id))
        .filter(Column::StartTime.eq(ALWAYS))
        .filter(prepared(model))
        // As the index has it.
        .filter(Condition::all().add(Expr::col(Column::Moves)))
}

/// Customers for whom it is worked out whose they are: of others it is told what was worked out
/// before.
pub(super) fn prepared(model: &model::Model) -> Condition {
    let running = model.preparation == Preparation::Running.code();
    let place = running.then(|| model.place.unwrap_or_default());
    Condition::all().add_option(place.map(|place| Column::CustomerId.lte(place)))
}

/// How many customers move, by from and to where, most first.
pub(crate) async fn counts(
    ctx: &Context,
    db: &impl ConnectionTrait,
    model: &model::Model,
) -> Result<Vec<Count>, Error> {
    let count = || Expr::col(Column::CustomerId).count();
    Ok(moving(ctx, model)
        .select_only()
        .column(Column::FromCode)
        .column(Column::Code)
        .expr_as(count(), "customers")
        .group_by(Column::FromCode)
        .group_by(Column::Code)
        .order_by_desc(count())
        .order_by_asc(Column::FromCode)
        .order_by_asc(Column::Code)
        .limit(MOST_PAIRS)
        .into_model::<Count>()
        .all(db)
        .await?)
}

/// How many customers move.
pub(crate) async fn total(
    ctx: &Context,
    db: &impl ConnectionTrait,
    model: &model::Model,
) -> Result<i64, Error> {
    let count = moving(ctx, model).count(db).await?;
    Ok(i64::try_from(count).unwrap_or(i64::MAX))
}

/// Who moves, from behind `after` on.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    model: &model::Model,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    Ok(moving(ctx, model)
        .filter(Condition::all().add_option(after.map(|it| Column::CustomerId.gt(it))))
        .order_by_asc(Column::CustomerId)
        .limit(limit)
        .all(db)
        .await?)
}
