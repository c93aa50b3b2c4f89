//! Pairs that may be one customer.

use rapport_platform::db::bulk;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    EntityTrait as _, IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::merge::json;
use crate::domain::identity::CandidateState;
use crate::domain::identity::duplicates::{Match, Score};
use crate::error::Error;
use crate::resource;
use crate::store::entity::customer;
use crate::store::entity::duplicate_candidate::{Column, Entity, Model};

/// Where a page of the queue ends.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Position {
    score: i16,
    candidate_id: Uuid,
}

impl From<&Model> for Position {
    fn from(row: &Model) -> Self {
        Self {
            score: row.score,
            candidate_id: row.candidate_id,
        }
    }
}

/// The row of a pair that was found, by the order of the two ids.
pub(super) fn row(ctx: &Context, pair: [Uuid; 2], matched: &Match) -> Result<Model, Error> {
    let [one, other] = pair;
    let reasons = matched.reasons.iter().map(|reason| reason.number());
    Ok(Model {
        tenant_id: ctx.tenant,
        candidate_id: new_id(),
        customer_id: Ord::min(one, other),
        other_id: Ord::max(one, other),
        score: matched.score.code(),
        reasons: json(reasons.collect::<Vec<_>>())?,
        state: CandidateState::Open.code(),
        decider: None,
        create_time: ctx.now,
        update_time: ctx.now,
    })
}

/// Keeps pairs; those that are known stay as they are. Answers how many are new.
pub(super) async fn keep(txn: &DatabaseTransaction, rows: Vec<Model>) -> Result<u64, Error> {
    Ok(bulk::insert::<Entity>(txn, rows, bulk::keep()).await?)
}

/// Pairs in a state from a score on, likeliest first, behind `after`. Those of which one is
/// deleted or merged are no question any more.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    state: CandidateState,
    least: Score,
    after: Option<Position>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let behind = |Position {
                      score,
                      candidate_id,
                  }| {
        let place = [Column::Score, Column::CandidateId].map(|column| Expr::col((Entity, column)));
        Expr::tuple(place).lt(Expr::tuple([Expr::val(score), Expr::val(candidate_id)]))
    };
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::State.eq(state.code()))
        .filter(Column::Score.gte(least.code()))
        .filter(is_there(ctx, Column::CustomerId))
        .filter(is_there(ctx, Column::OtherId))
        .filter(Condition::all().add_option(after.map(behind)))
        .order_by_desc(Column::Score)
        .order_by_desc(Column::CandidateId)
        .limit(limit)
        .all(db)
        .await?)
}

/// Whether the customer in the column stands for itself.
fn is_there(ctx: &Context, column: Column) -> Expr {
    let customer = |column| Expr::col((customer::Entity, column));
    let there = Query::select()
        .expr(Expr::val(1))
        .from(customer::Entity)
        .and_where(customer(customer::Column::TenantId).eq(ctx.tenant))
        .and_where(customer(customer::Column::CustomerId).equals((Entity, column)))
        .and_where(customer(customer::Column::MergedInto).is_null())
        .and_where(customer(customer::Column::DeleteTime).is_null())
        .to_owned();
    Expr::exists(there)
}

/// One pair.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Model, Error> {
    Entity::find_by_id((ctx.tenant, id))
        .one(db)
        .await?
        .ok_or_else(|| Error::not_found(resource::DUPLICATE_CANDIDATE.format(&[id])))
}

/// Notes that the two of a pair are two.
pub(crate) async fn dismiss(
    ctx: &Context,
    txn: &DatabaseTransaction,
    before: Model,
) -> Result<Model, Error> {
    let row = Model {
        state: CandidateState::Dismissed.code(),
        decider: Some(ctx.actor.to_string()),
        update_time: ctx.now,
        ..before
    };
    Entity::update(row.clone().into_active_model().reset_all())
        .validate()?
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// Pairs of which one is any of the records, latest first, from behind `after` on.
pub(crate) async fn of_members(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: &[Uuid],
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, Error> {
    let one_of_them = Condition::any()
        .add(Column::CustomerId.is_in(members.iter().copied()))
        .add(Column::OtherId.is_in(members.iter().copied()));
    Ok(Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(one_of_them)
        .filter(Condition::all().add_option(after.map(|after| Column::CandidateId.lt(after))))
        .order_by_desc(Column::CandidateId)
        .limit(limit)
        .all(db)
        .await?)
}
