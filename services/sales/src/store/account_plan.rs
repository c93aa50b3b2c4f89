//! Account plans, whom they are about, and how far they are.

pub(crate) mod measure;

use rapport_platform::identity::Context;
use sea_orm::sea_query::{Expr, Query};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, Select,
};
use uuid::Uuid;

use super::entity::account_plan::{Column, Entity, Model};
use super::entity::account_plan_party::{self as party, Model as Party};
use super::entity::account_plan_review as review;
use super::rows::{insert_all, latest_first, replace_all};
use crate::domain::account_plan::{AccountPlanState, Step};
use crate::error::{Error, unreadable};
use crate::resource::ACCOUNT_PLAN;

/// A plan with whom it is about.
#[derive(Clone, Debug)]
pub(crate) struct Record {
    /// Its row.
    pub(crate) row: Model,
    /// Further customers and those who have a say, in their order.
    pub(crate) parties: Vec<Party>,
}

impl Record {
    /// The customers whose sales count.
    pub(crate) fn accounts(&self) -> Vec<Uuid> {
        let others = self.parties.iter().filter(|it| it.stance.is_none());
        let others = others.filter_map(|it| it.customer_id);
        self.row.customer_id.into_iter().chain(others).collect()
    }
}

/// One plan.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    id: Uuid,
) -> Result<Record, Error> {
    let row = Entity::find_by_id((ctx.tenant, id)).one(db).await?;
    let row = row.ok_or_else(|| Error::not_found(ACCOUNT_PLAN.format(&[id])))?;
    let parties = party::Entity::find()
        .filter(party::Column::TenantId.eq(ctx.tenant))
        .filter(party::Column::PlanId.eq(id))
        .order_by_asc(party::Column::Position)
        .all(db)
        .await?;
    Ok(Record { row, parties })
}

/// Plans that fit the filter from behind `after` on, latest first.
pub(crate) fn page(
    ctx: &Context,
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Select<Entity> {
    latest_first(
        ctx,
        [Column::TenantId, Column::PlanId],
        filter,
        after,
        limit,
    )
}

/// Records a plan.
pub(crate) async fn insert(txn: &DatabaseTransaction, record: &Record) -> Result<(), Error> {
    insert_all::<Entity>(txn, vec![record.row.clone()]).await?;
    insert_all::<party::Entity>(txn, record.parties.clone()).await
}

/// Writes a plan over the version that it was read with, and whom it is about if that is given.
pub(crate) async fn write(
    ctx: &Context,
    txn: &DatabaseTransaction,
    changed: Model,
    parties: Option<&[Party]>,
) -> Result<Model, Error> {
    let row = Model {
        version: changed.version + 1,
        update_time: ctx.now,
        ..changed
    };
    replace_all::<Entity>(txn, vec![row.clone()], Some(Column::Version)).await?;
    if let Some(parties) = parties {
        party::Entity::delete_many()
            .filter(party::Column::TenantId.eq(ctx.tenant))
            .filter(party::Column::PlanId.eq(row.plan_id))
            .exec(txn)
            .await?;
        insert_all::<party::Entity>(txn, parties.to_vec()).await?;
    }
    Ok(row)
}

/// Forgets what is written in the plans of customers, and what was found about these.
pub(crate) async fn forget(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
) -> Result<(), Error> {
    let theirs = Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::CustomerId.is_in(customers.iter().copied()));
    let plans = Query::select()
        .column(Column::PlanId)
        .from(Entity)
        .cond_where(theirs.clone())
        .to_owned();
    review::Entity::delete_many()
        .filter(review::Column::TenantId.eq(ctx.tenant))
        .filter(review::Column::PlanId.in_subquery(plans))
        .exec(txn)
        .await?;
    Entity::update_many()
        .col_expr(Column::Title, Expr::value(""))
        .col_expr(Column::Content, Expr::value(Vec::<u8>::new()))
        .filter(theirs)
        .exec(txn)
        .await?;
    Ok(())
}

/// Checks that the plan in a row can take a step.
///
/// # Errors
/// `InvalidState`.
pub(crate) fn allow(row: &Model, step: Step) -> Result<(), Error> {
    let state = AccountPlanState::try_from(i32::from(row.state));
    let state = state.map_err(unreadable("reading a stored plan"))?;
    state.allows(step).map_err(|why| Error::InvalidState {
        resource: ACCOUNT_PLAN.format(&[row.plan_id]),
        state: state.label(),
        why,
    })
}

/// Records what was found.
pub(crate) async fn insert_review(
    txn: &DatabaseTransaction,
    row: review::Model,
) -> Result<(), Error> {
    insert_all::<review::Entity>(txn, vec![row]).await
}

/// Reviews of a plan from behind `after` on, latest first.
pub(crate) async fn reviews(
    ctx: &Context,
    db: &impl ConnectionTrait,
    plan: Uuid,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<review::Model>, Error> {
    use review::Column;
    let of_plan = Column::PlanId.eq(plan).into();
    let key = [Column::TenantId, Column::ReviewId];
    let rows = latest_first::<review::Entity>(ctx, key, of_plan, after, limit);
    Ok(rows.all(db).await?)
}
