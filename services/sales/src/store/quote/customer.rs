//! Quotes follow their customers when these are merged, and find back. What they say stays.

use rapport_platform::identity::Context;
use sea_orm::sea_query::{Expr, ExprTrait as _, Query};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _,
};
use uuid::Uuid;

use crate::error::Error;
use crate::store::entity::quote::{Column, Entity};
use crate::store::entity::quote_reassignment as moved;

/// Gives the quotes of a customer to another one, and notes by which merge: two statements,
/// however many they are. Answers how many.
pub(crate) async fn reassign(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: Uuid,
    (from, to): (Uuid, Uuid),
) -> Result<u64, Error> {
    let theirs = Query::select()
        .expr(Expr::val(ctx.tenant))
        .expr(Expr::val(merge))
        .column(Column::QuoteId)
        .from(Entity)
        .and_where(Column::TenantId.eq(ctx.tenant))
        .and_where(Column::CustomerId.eq(from))
        .to_owned();
    let note = Query::insert()
        .into_table(moved::Entity)
        .columns([
            moved::Column::TenantId,
            moved::Column::MergeId,
            moved::Column::QuoteId,
        ])
        .select_from(theirs)
        .map_err(|error| sea_orm::DbErr::Custom(error.to_string()))?
        .to_owned();
    txn.execute(&note).await?;
    assign(ctx, txn, Column::CustomerId.eq(from).into(), to).await
}

/// Gives the quotes that a merge moved back to whom they belonged. Answers how many.
pub(crate) async fn give_back(
    ctx: &Context,
    txn: &DatabaseTransaction,
    merge: Uuid,
    (survivor, restored): (Uuid, Uuid),
) -> Result<u64, Error> {
    let noted = Query::select()
        .column(moved::Column::QuoteId)
        .from(moved::Entity)
        .and_where(moved::Column::TenantId.eq(ctx.tenant))
        .and_where(moved::Column::MergeId.eq(merge))
        .to_owned();
    let which = Condition::all()
        .add(Column::CustomerId.eq(survivor))
        .add(Expr::col(Column::QuoteId).in_subquery(noted));
    let count = assign(ctx, txn, which, restored).await?;
    moved::Entity::delete_many()
        .filter(moved::Column::TenantId.eq(ctx.tenant))
        .filter(moved::Column::MergeId.eq(merge))
        .exec(txn)
        .await?;
    Ok(count)
}

async fn assign(
    ctx: &Context,
    txn: &DatabaseTransaction,
    which: Condition,
    customer: Uuid,
) -> Result<u64, Error> {
    let assigned = Entity::update_many()
        .col_expr(Column::CustomerId, Expr::value(customer))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::UpdateTime, Expr::value(ctx.now))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(which)
        .exec(txn)
        .await?;
    Ok(assigned.rows_affected)
}
