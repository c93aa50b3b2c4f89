//! The stages that customers went through, and the behaviour that shows them.

use rapport_platform::db::{bulk, retry_if_taken};
use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use sea_orm::ActiveValue::Set;
use sea_orm::{
    ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction, DbErr, EntityTrait as _,
    QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::entity::{behaviour_event, customer, stage_change};
use super::identity::parts;
use crate::domain::behaviour::NewBehaviour;
use crate::domain::lifecycle::{FIRST, Stage, Transition};
use rapport_platform::db::place::{Order, Place, behind};

/// The stage in which a customer stands.
pub(crate) fn stage(customer: &customer::Model) -> Result<Stage, PlatformError> {
    Stage::try_from(i32::from(customer.lifecycle_stage))
        .map_err(|error| PlatformError::internal("reading a life-cycle stage", error))
}

/// Why a customer enters a stage.
pub(crate) struct Cause<'a> {
    /// In words.
    pub(crate) reason: &'a str,
    /// The behaviour that shows it.
    pub(crate) behaviour_event: Option<Uuid>,
}

/// Notes the stage in which new customers begin.
pub(crate) async fn begin(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customers: &[Uuid],
) -> Result<(), DbErr> {
    let cause = Cause {
        reason: "recorded",
        behaviour_event: None,
    };
    let first = Transition::first(FIRST);
    let changes = customers
        .iter()
        .map(|&customer| change(ctx, customer, first, &cause));
    bulk::insert::<stage_change::Entity>(txn, changes.collect(), None).await?;
    Ok(())
}

/// Moves a customer, read in this transaction, and notes it in the history. Answers the
/// customer as it is now.
pub(crate) async fn enter(
    ctx: &Context,
    txn: &DatabaseTransaction,
    from: customer::Model,
    transition: Transition,
    cause: &Cause<'_>,
) -> Result<(customer::Model, stage_change::Model), PlatformError> {
    let moved = customer::Model {
        lifecycle_stage: transition.to().code(),
        version: from.version + 1,
        update_time: ctx.now,
        ..from
    };
    let row = customer::ActiveModel {
        lifecycle_stage: Set(moved.lifecycle_stage),
        version: Set(moved.version),
        update_time: Set(moved.update_time),
        ..Default::default()
    };
    let updated = customer::Entity::update_many()
        .set(row)
        .filter(customer::Column::TenantId.eq(ctx.tenant))
        .filter(customer::Column::CustomerId.eq(moved.customer_id))
        .filter(customer::Column::Version.eq(from.version))
        .exec(txn)
        .await?;
    if updated.rows_affected != 1 {
        return Err(PlatformError::Conflict);
    }
    let change = change(ctx, moved.customer_id, transition, cause);
    stage_change::Entity::insert(stage_change::ActiveModel::from(change.clone()))
        .exec_without_returning(txn)
        .await?;
    Ok((moved, change))
}

fn change(
    ctx: &Context,
    customer: Uuid,
    transition: Transition,
    cause: &Cause<'_>,
) -> stage_change::Model {
    stage_change::Model {
        tenant_id: ctx.tenant,
        customer_id: customer,
        stage_change_id: new_id(),
        from_stage: transition.from().map_or(0, Stage::code),
        to_stage: transition.to().code(),
        reason: cause.reason.to_owned(),
        behaviour_event_id: cause.behaviour_event,
        actor: ctx.actor.to_string(),
        change_time: ctx.now,
    }
}

/// The stage history of a customer's records, latest first, from behind `after` on.
pub(crate) async fn changes(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: &[Uuid],
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<stage_change::Model>, DbErr> {
    use stage_change::{Column, Entity};
    let order = [(Column::StageChangeId, sea_orm::Order::Desc)];
    parts::page(db, members, &order, limit, |member| {
        Entity::find()
            .filter(Column::TenantId.eq(ctx.tenant))
            .filter(Column::CustomerId.eq(member))
            .filter(Condition::all().add_option(after.map(|after| Column::StageChangeId.lt(after))))
            .order_by_desc(Column::StageChangeId)
            .limit(limit)
    })
    .await
}

/// Records behaviour, in the order of recording.
pub(crate) async fn observe(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer: Uuid,
    behaviour: &NewBehaviour,
) -> Result<behaviour_event::Model, PlatformError> {
    use behaviour_event::{Column, Entity};
    let last: Option<Option<i64>> = Entity::find()
        .select_only()
        .column_as(Column::Sequence.max(), "last")
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.eq(customer))
        .into_tuple()
        .one(txn)
        .await?;
    let event = behaviour_event::Model {
        tenant_id: ctx.tenant,
        customer_id: customer,
        behaviour_event_id: new_id(),
        sequence: last.flatten().unwrap_or(0) + 1,
        kind: behaviour.kind().code(),
        subject: behaviour.subject().map(str::to_owned),
        occur_time: behaviour.occur_time(),
        recorder: ctx.actor.to_string(),
        record_time: ctx.now,
    };
    Entity::insert(behaviour_event::ActiveModel::from(event.clone()))
        .exec_without_returning(txn)
        .await
        // Another one was recorded at the same time and took the place.
        .map_err(retry_if_taken)?;
    Ok(event)
}

/// The behaviour of a customer's records, latest first, from behind `after` on.
pub(crate) async fn behaviour(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: &[Uuid],
    after: Option<Place>,
    limit: u64,
) -> Result<Vec<behaviour_event::Model>, DbErr> {
    use behaviour_event::{Column, Entity};
    let latest = Order::LatestFirst;
    let order = [
        (Column::OccurTime, latest.into()),
        (Column::BehaviourEventId, latest.into()),
    ];
    parts::page(db, members, &order, limit, |member| {
        Entity::find()
            .filter(Column::TenantId.eq(ctx.tenant))
            .filter(Column::CustomerId.eq(member))
            .filter(behind(
                after,
                latest,
                Column::OccurTime,
                Column::BehaviourEventId,
            ))
            .order_by_desc(Column::OccurTime)
            .order_by_desc(Column::BehaviourEventId)
            .limit(limit)
    })
    .await
}
