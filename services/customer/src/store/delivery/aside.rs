//! Deliveries whose rows can't be read or written as usual: only their counters are looked at, and
//! only what takes them out of the way is written.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait as _};
use sea_orm::{
    ColumnTrait as _, Condition, DatabaseTransaction, DbErr, EntityTrait as _, QueryFilter as _,
    QuerySelect as _,
};
use uuid::Uuid;

use crate::domain::delivery::{DeliveryState, FailureClass};
use crate::store::entity::delivery::{Column, Entity};

/// Where a delivery goes that is set aside.
pub(crate) struct Aside<'r> {
    /// How far it is then.
    pub(crate) state: DeliveryState,
    /// When it is tried again, if it is.
    pub(crate) due: Option<Timestamp>,
    /// How often a connector had it, or was to have it.
    pub(crate) attempt_count: i32,
    /// Whether its message may have been sent without our knowing.
    pub(crate) in_doubt: bool,
    /// The class of the failure, if it is one.
    pub(crate) failure: Option<&'r FailureClass>,
    /// How the connector's other side names it, if it said.
    pub(crate) provider_message_id: Option<&'r str>,
}

/// How often a delivery was attempted, and how many of those attempts are forgiven; none when the
/// lease is lost.
pub(crate) async fn counters(
    ctx: &Context,
    txn: &DatabaseTransaction,
    key: (Uuid, Uuid),
) -> Result<Option<(i32, i32)>, DbErr> {
    Entity::find()
        .select_only()
        .columns([Column::AttemptCount, Column::ForgivenCount])
        .filter(held(ctx, key))
        .into_tuple()
        .one(txn)
        .await
}

/// Takes a delivery out of the way of the others, and ends its lease.
pub(crate) async fn put_aside(
    ctx: &Context,
    txn: &DatabaseTransaction,
    key: (Uuid, Uuid),
    aside: Aside<'_>,
) -> Result<(), DbErr> {
    let Aside {
        state,
        due,
        attempt_count,
        in_doubt,
        failure,
        provider_message_id,
    } = aside;
    let end = (!state.is_open()).then_some(ctx.now);
    let mut update = Entity::update_many()
        .col_expr(Column::State, Expr::val(state.code()))
        .col_expr(Column::DueTime, Expr::val(due))
        .col_expr(Column::AttemptCount, Expr::val(attempt_count))
        .col_expr(Column::LeaseId, Expr::val(Option::<Uuid>::None))
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .col_expr(Column::UpdateTime, Expr::val(ctx.now))
        .col_expr(Column::EndTime, Expr::val(end));
    if in_doubt {
        update = update.col_expr(Column::PossibleDuplicate, Expr::val(true));
    }
    if let Some(failure) = failure {
        update = update.col_expr(Column::Failure, Expr::val(failure.as_str()));
    }
    if let Some(id) = provider_message_id {
        update = update.col_expr(Column::ProviderMessageId, Expr::val(id));
    }
    update.filter(held(ctx, key)).exec(txn).await?;
    Ok(())
}

/// The delivery, as long as it is held under this lease.
fn held(ctx: &Context, (id, lease): (Uuid, Uuid)) -> Condition {
    Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::DeliveryId.eq(id))
        .add(Column::LeaseId.eq(lease))
}
