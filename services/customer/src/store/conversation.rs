//! Conversations, and what interactions change about them.

use rapport_platform::error::PlatformError;
use rapport_platform::id::new_id;
use rapport_platform::identity::Context;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait as _, Func};
use sea_orm::{
    ActiveModelTrait as _, ColumnTrait as _, Condition, ConnectionTrait, DatabaseTransaction,
    DbErr, EntityTrait as _, Order, QueryFilter as _, QueryOrder as _, QuerySelect as _,
};
use uuid::Uuid;

use super::entity::conversation::{ActiveModel, Column, Entity, Model};
use super::entity::interaction;
use super::identity::{group, parts};
use crate::domain::channel::Channel;
use crate::domain::conversation::{Closing, Conversation, ConversationState, Latest};
use crate::domain::invalid::Invalid;
use crate::error::{Error, superseded};
use crate::resource;

/// One conversation, under the name of any of its customer's records.
///
/// # Errors
/// `NotFound`.
pub(crate) async fn get(
    ctx: &Context,
    db: &impl ConnectionTrait,
    [customer, id]: [Uuid; 2],
) -> Result<Model, Error> {
    let kept_there = Entity::find_by_id((ctx.tenant, customer, id))
        .one(db)
        .await?;
    let found = match kept_there {
        Some(row) => Some(row),
        None => among(ctx, db, group::others_of(ctx, db, customer).await?, id).await?,
    };
    found.ok_or_else(|| Error::not_found(resource::CONVERSATION.format(&[customer, id])))
}

async fn among(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: Vec<Uuid>,
    id: Uuid,
) -> Result<Option<Model>, DbErr> {
    if members.is_empty() {
        return Ok(None);
    }
    Entity::find()
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.is_in(members))
        .filter(Column::ConversationId.eq(id))
        .one(db)
        .await
}

/// The conversation in a row.
pub(crate) fn from_row(row: &Model) -> Result<Conversation, Error> {
    let unreadable = |error: Invalid| PlatformError::internal("reading a conversation", error);
    let latest = row.last_channel.zip(row.last_interaction_time);
    let latest = latest.map(|(channel, occur_time)| {
        Channel::try_from(i32::from(channel)).map(|channel| Latest {
            channel,
            occur_time,
        })
    });
    let closing = row.resolution.clone().zip(row.close_time);
    Ok(Conversation::stored(
        row.subject.clone(),
        row.follows_id,
        row.create_time,
        latest.transpose().map_err(unreadable)?,
        row.interaction_count.try_into().unwrap_or_default(),
        closing.map(|(resolution, time)| Closing { resolution, time }),
    ))
}

/// Records a conversation that was opened.
pub(crate) async fn insert(
    ctx: &Context,
    txn: &DatabaseTransaction,
    customer: Uuid,
    conversation: &Conversation,
) -> Result<Model, Error> {
    let row = Model {
        tenant_id: ctx.tenant,
        customer_id: customer,
        conversation_id: new_id(),
        subject: conversation.subject().to_owned(),
        state: conversation.state().code(),
        follows_id: conversation.follows(),
        resolution: None,
        last_channel: None,
        last_interaction_time: None,
        interaction_count: 0,
        active_time: conversation.active_time(),
        opener: ctx.actor.to_string(),
        create_time: conversation.open_time(),
        close_time: None,
        version: 1,
    };
    Entity::insert(ActiveModel::from(row.clone()))
        .exec_without_returning(txn)
        .await?;
    Ok(row)
}

/// Writes how a conversation ended over the row it was read from.
pub(crate) async fn close(
    txn: &DatabaseTransaction,
    before: Model,
    conversation: &Conversation,
) -> Result<Model, Error> {
    let version = before.version;
    let closing = conversation.closing();
    let row = Model {
        state: conversation.state().code(),
        resolution: closing.map(|it| it.resolution.clone()),
        close_time: closing.map(|it| it.time),
        version: version + 1,
        ..before
    };
    Entity::update(ActiveModel::from(row.clone()).reset_all())
        .validate()?
        .filter(Column::Version.eq(version))
        .exec_without_returning(txn)
        .await
        .map_err(superseded)?;
    Ok(row)
}

/// The conversations of a customer's records, latest opened first, from behind `after` on.
pub(crate) async fn list(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: &[Uuid],
    filter: Condition,
    after: Option<Uuid>,
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let order = [(Column::ConversationId, Order::Desc)];
    parts::page(db, members, &order, limit, |member| {
        Entity::find()
            .filter(Column::TenantId.eq(ctx.tenant))
            .filter(Column::CustomerId.eq(member))
            .filter(filter.clone())
            .filter(
                Condition::all().add_option(after.map(|after| Column::ConversationId.lt(after))),
            )
            .order_by_desc(Column::ConversationId)
            .limit(limit)
    })
    .await
}

/// The open conversations of a customer's records, latest active first.
pub(crate) async fn open(
    ctx: &Context,
    db: &impl ConnectionTrait,
    members: &[Uuid],
    limit: u64,
) -> Result<Vec<Model>, DbErr> {
    let order = [
        (Column::ActiveTime, Order::Desc),
        (Column::ConversationId, Order::Desc),
    ];
    parts::page(db, members, &order, limit, |member| {
        Entity::find()
            .filter(Column::TenantId.eq(ctx.tenant))
            .filter(Column::CustomerId.eq(member))
            .filter(Column::CloseTime.is_null())
            .order_by_desc(Column::ActiveTime)
            .order_by_desc(Column::ConversationId)
            .limit(limit)
    })
    .await
}

/// Adds an interaction to its conversation, if it has one, as `Conversation::append` would:
/// in one statement that requires it to be open, so that nothing slips in beside its end.
///
/// # Errors
/// `NotFound`, `ConversationClosed`.
pub(crate) async fn note(
    ctx: &Context,
    txn: &DatabaseTransaction,
    row: &interaction::Model,
) -> Result<(), Error> {
    let Some(id) = row.conversation_id else {
        return Ok(());
    };
    let noted = Entity::update_many()
        .col_expr(
            Column::InteractionCount,
            Expr::col(Column::InteractionCount).add(1),
        )
        .col_expr(
            Column::LastChannel,
            if_latest(row, Column::LastChannel, row.channel),
        )
        .col_expr(
            Column::LastInteractionTime,
            if_latest(row, Column::LastInteractionTime, row.occur_time),
        )
        .col_expr(
            Column::ActiveTime,
            Func::greatest([Expr::col(Column::ActiveTime), Expr::val(row.occur_time)]).into(),
        )
        .col_expr(Column::Version, Expr::col(Column::Version).add(1))
        .filter(Column::TenantId.eq(ctx.tenant))
        .filter(Column::CustomerId.eq(row.customer_id))
        .filter(Column::ConversationId.eq(id))
        .filter(Column::State.eq(ConversationState::Open.code()))
        .exec(txn)
        .await?;
    if noted.rows_affected == 1 {
        return Ok(());
    }
    let ids = [row.customer_id, id];
    get(ctx, txn, ids).await?;
    Err(Error::ConversationClosed(
        resource::CONVERSATION.format(&ids),
    ))
}

/// The value, if the interaction is the latest; else what the column has.
fn if_latest(row: &interaction::Model, column: Column, value: impl Into<sea_orm::Value>) -> Expr {
    let is_latest = Condition::any()
        .add(Column::LastInteractionTime.is_null())
        .add(Column::LastInteractionTime.lte(row.occur_time));
    CaseStatement::new()
        .case(is_latest, Expr::val(value))
        .finally(Expr::col(column))
        .into()
}
