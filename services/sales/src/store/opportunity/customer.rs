//! Opportunities follow their customers when these are merged, and find back.

use rapport_platform::identity::Context;
use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _,
};
use uuid::Uuid;

use super::about;
use crate::error::Error;
use crate::store::entity::customer_reassignment as moved;
use crate::store::entity::opportunity::{Column, Entity};
use crate::store::entity::opportunity_customer::Column as About;

/// Gives the opportunities of a customer to another one, and notes by which merge: two
/// statements, however many they are. Answers how many.
pub(crate) async fn reassign(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: Uuid,
    (from, to): (Uuid, Uuid),
) -> Result<u64, Error> {
    let theirs = Query::select()
        .expr(Expr::val(ctx.tenant))
        .expr(Expr::val(merge))
        .column(Column::OpportunityId)
        .column(Column::CustomerId)
        .from(Entity)
        .and_where(Column::TenantId.eq(ctx.tenant))
        .and_where(Column::CustomerId.eq(from))
        .to_owned();
    let note = Query::insert()
        .into_table(moved::Entity)
        .columns([
            moved::Column::TenantId,
            moved::Column::MergeId,
            moved::Column::OpportunityId,
            moved::Column::FromCustomerId,
        ])
        .select_from(theirs)
        .map_err(|error| sea_orm::DbErr::Custom(error.to_string()))?
        .to_owned();
    txn.execute(&note).await?;
    about::turn(ctx, txn, About::CustomerId.eq(from).into(), Some(to)).await?;
    assign(ctx, txn, Column::CustomerId.eq(from).into(), Some(to)).await
}

/// Gives the opportunities that a merge moved back to whom they belonged, unless they have yet
/// another customer since. Answers how many.
pub(crate) async fn give_back(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: Uuid,
    (survivor, restored): (Uuid, Uuid),
) -> Result<u64, Error> {
    let noted = || {
        Query::select()
            .column(moved::Column::OpportunityId)
            .from(moved::Entity)
            .and_where(moved::Column::TenantId.eq(ctx.tenant))
            .and_where(moved::Column::MergeId.eq(merge))
            .and_where(moved::Column::FromCustomerId.eq(restored))
            .to_owned()
    };
    let which = Condition::all()
        .add(Column::CustomerId.eq(survivor))
        .add(Expr::col(Column::OpportunityId).in_subquery(noted()));
    let back = Condition::all()
        .add(About::CustomerId.eq(survivor))
        .add(Expr::col(About::OpportunityId).in_subquery(noted()));
    about::turn(ctx, txn, back, Some(restored)).await?;
    let count = assign(ctx, txn, which, Some(restored)).await?;
    moved::Entity::delete_many()
        .filter(moved::Column::TenantId.eq(ctx.tenant))
        .filter(moved::Column::MergeId.eq(merge))
        .exec(txn)
        .await?;
    Ok(count)
}

/// Forgets whose the opportunities of these customers were: their past goes on under the ids that
/// take the place of theirs. Answers how many.
pub(crate) async fn forget(
    ctx: &Context,
    txn: &DatabaseTransaction,
    aliases: &[(Uuid, Uuid)],
) -> Result<u64, Error> {
    about::forget(ctx, txn, aliases).await?;
    let theirs = Column::CustomerId.is_in(aliases.iter().map(|(id, _)| *id));
    assign(ctx, txn, theirs.into(), None).await
}

async fn assign(
    ctx: &Context,
    txn: &DatabaseTransaction,
    which: Condition,
    customer: Option<Uuid>,
) -> Result<u64, Error> {
    let done = Entity::update_many()
        .col_expr(Column::CustomerId, Expr::value(customer))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::UpdateTime, Expr::value(ctx.now))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(which)
        .exec(txn)
        .await?;
    Ok(done.rows_affected)
}
