//! What connectors tried. An attempt is written before the connector gets the message, and its end
//! after the connector answered: one without an end was interrupted in between.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _, IntoIden as _, Query};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait as _,
    IntoActiveModel as _, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use crate::domain::delivery::{AttemptResult, FailureClass};
use crate::store::entity::delivery;
use crate::store::entity::delivery_attempt::{Column, Entity, Model};

/// Notes that the connector gets the delivery now: its `attempt_count`th attempt.
pub(crate) async fn begin(
    ctx: &Context,
    txn: &DatabaseTransaction,
    delivery: &delivery::Model,
) -> Result<(), DbErr> {
    let row = Model {
        tenant_id: ctx.tenant,
        delivery_id: delivery.delivery_id,
        number: delivery.attempt_count,
        connector: delivery.connector,
        start_time: ctx.now,
        end_time: None,
        result: None,
        failure: None,
        possible_duplicate: delivery.possible_duplicate,
    };
    Entity::insert(row.into_active_model())
        .exec_without_returning(txn)
        .await?;
    Ok(())
}

/// Notes how an attempt ended, also when it was thought interrupted meanwhile.
pub(crate) async fn end(
    ctx: &Context,
    txn: &DatabaseTransaction,
    (delivery, number): (Uuid, i32),
    result: AttemptResult,
    failure: Option<&FailureClass>,
) -> Result<(), DbErr> {
    let failure = failure.map(|it| it.as_str().to_owned());
    Entity::update_many()
        .col_expr(Column::EndTime, Expr::val(ctx.now))
        .col_expr(Column::Result, Expr::val(result.code()))
        .col_expr(Column::Failure, Expr::val(failure))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::DeliveryId.eq(delivery))
        .filter(Column::Number.eq(number))
        .exec(txn)
        .await?;
    Ok(())
}

/// Ends attempts that nobody ended, and tells whether there were any: the message of such an
/// attempt may have been sent.
pub(crate) async fn end_interrupted(
    ctx: &Context,
    txn: &DatabaseTransaction,
    delivery: Uuid,
) -> Result<bool, DbErr> {
    let interrupted = Entity::update_many()
        .col_expr(Column::EndTime, Expr::val(ctx.now))
        .col_expr(Column::Result, Expr::val(AttemptResult::Unknown.code()))
        .col_expr(Column::Failure, Expr::val("INTERRUPTED"))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::DeliveryId.eq(delivery))
        .filter(Column::EndTime.is_null())
        .exec(txn)
        .await?;
    Ok(interrupted.rows_affected > 0)
}

/// The attempts of a delivery from behind the number `after` on, first attempt first.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    delivery: Uuid,
    after: Option<i32>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::DeliveryId.eq(delivery))
        .filter(Condition::all().add_option(after.map(|after| Column::Number.gt(after))))
        .order_by_asc(Column::Number)
        .limit(limit)
        .all(db)
        .await
}

/// Removes up to `limit` attempts of all tenants that ended before then; tells how many.
pub(crate) async fn clear(
    txn: &DatabaseTransaction,
    before: Timestamp,
    limit: u64,
) -> Result<u64, DbErr> {
    let key = || [Column::TenantId, Column::DeliveryId, Column::Number].map(|it| it.into_iden());
    let old = Query::select()
        .columns(key())
        .from(Entity)
        .and_where(Expr::col(Column::EndTime).lt(before))
        .limit(limit)
        .to_owned();
    let delete = Query::delete()
        .from_table(Entity)
        .and_where(Expr::tuple(key().map(Expr::col)).in_subquery(old))
        .to_owned();
    Ok(txn.execute(&delete).await?.rows_affected())
}
