//! Whom opportunities were about, from when to when: by this, what territories bring is exact for
//! any past moment.

use rapport_platform::identity::Context;
use rapport_platform::time::Timestamp;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait as _, OnConflict, Query};
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait as _, DatabaseTransaction, EntityTrait as _,
    QueryFilter as _,
};
use uuid::Uuid;

use crate::error::Error;
use crate::store::entity::opportunity;
use crate::store::entity::opportunity_customer::{Column, Entity, Model};
use crate::store::rows::insert_all;
use crate::store::territory::assign::alias;

const KEY: [Column; 3] = [Column::TenantId, Column::OpportunityId, Column::StartTime];

/// Notes whom new opportunities are about, since ever.
pub(super) async fn begin(
    txn: &DatabaseTransaction,
    opportunities: impl Iterator<Item = &opportunity::Model>,
) -> Result<(), Error> {
    let rows = opportunities.map(|row| Model {
        tenant_id: row.tenant_id,
        opportunity_id: row.opportunity_id,
        start_time: Timestamp::from_micros(0),
        end_time: None,
        customer_id: row.customer_id,
    });
    insert_all::<Entity>(txn, rows.collect()).await
}

/// Notes that what fits is about another customer from now on: two statements, however many they
/// are.
pub(super) async fn turn(
    ctx: &Context,
    txn: &DatabaseTransaction,
    which: Condition,
    to: Option<Uuid>,
) -> Result<(), Error> {
    let open = Condition::all()
        .add(Column::TenantId.eq(ctx.tenant))
        .add(Column::EndTime.is_null())
        .add(which);
    let start = || Expr::col(Column::StartTime);
    // Never before what it replaces, whatever clocks say.
    let late = start().gt(Expr::val(ctx.now));
    let since = CaseStatement::new()
        .case(late, start())
        .finally(Expr::val(ctx.now));
    let turned = Query::select()
        .column(Column::TenantId)
        .column(Column::OpportunityId)
        .expr(since)
        .expr(Expr::val(to))
        .from(Entity)
        .cond_where(open.clone())
        .to_owned();
    let mut same_instant = OnConflict::columns(KEY);
    same_instant.update_column(Column::CustomerId);
    let note = Query::insert()
        .into_table(Entity)
        .columns([
            Column::TenantId,
            Column::OpportunityId,
            Column::StartTime,
            Column::CustomerId,
        ])
        .select_from(turned)
        .map_err(|error| sea_orm::DbErr::Custom(error.to_string()))?
        .on_conflict(same_instant)
        .to_owned();
    let earlier = open.add(Column::StartTime.lt(ctx.now));
    txn.execute(&note).await?;
    Entity::update_many()
        .col_expr(Column::EndTime, Expr::value(ctx.now))
        .filter(earlier)
        .exec(txn)
        .await?;
    Ok(())
}

/// Notes that one opportunity is about another customer from now on.
pub(super) async fn follow(
    ctx: &Context,
    txn: &DatabaseTransaction,
    opportunity: Uuid,
    to: Option<Uuid>,
) -> Result<(), Error> {
    turn(ctx, txn, Column::OpportunityId.eq(opportunity).into(), to).await
}

/// Nobody can tell any more whom these were about; that they were about one and the same stays.
pub(super) async fn forget(
    ctx: &Context,
    txn: &DatabaseTransaction,
    aliases: &[(Uuid, Uuid)],
) -> Result<(), Error> {
    let theirs = || Column::CustomerId.is_in(aliases.iter().map(|(id, _)| *id));
    turn(ctx, txn, theirs().into(), None).await?;
    Entity::update_many()
        .col_expr(
            Column::CustomerId,
            alias(Expr::col(Column::CustomerId), aliases),
        )
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(theirs())
        .exec(txn)
        .await?;
    Ok(())
}
