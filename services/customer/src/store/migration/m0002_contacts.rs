//! Contacts, conversations, preferences and the life cycle.

use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, integer_null, json_binary, small_integer,
    small_integer_null, text, text_null, uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::{clustered, index, refuse_updates};
use crate::store::entity::{
    behaviour_event, channel_activity, conversation, interaction, interaction_link, preference,
    preference_set, stage_change,
};

/// Creates the tables of contacts.
pub(super) struct CreateContacts;

impl MigrationName for CreateContacts {
    fn name(&self) -> &str {
        "m0002_contacts"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateContacts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_interaction(manager).await?;
        create_interaction_link(manager).await?;
        create_channel_activity(manager).await?;
        create_conversation(manager).await?;
        create_preference(manager).await?;
        create_preference_set(manager).await?;
        create_stage_change(manager).await?;
        create_behaviour_event(manager).await?;
        refuse_updates(manager, &["interaction", "stage_change", "behaviour_event"]).await
    }
}

async fn create_interaction(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use interaction::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(uuid(Column::InteractionId))
        .col(small_integer(Column::Channel))
        .col(small_integer(Column::Direction))
        .col(small_integer_null(Column::Purpose))
        .col(uuid_null(Column::ConversationId))
        .col(text(Column::Agent))
        .col(uuid_null(Column::ContactPointId))
        .col(text(Column::Summary))
        .col(text_null(Column::Body))
        .col(small_integer_null(Column::Outcome))
        .col(big_integer(Column::OccurTime))
        .col(integer_null(Column::DurationSeconds))
        .col(json_binary(Column::Links))
        .col(text_null(Column::ExternalSystem))
        .col(text_null(Column::ExternalId))
        .col(text(Column::Recorder))
        .col(big_integer(Column::RecordTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::CustomerId)
                .col(Column::InteractionId),
        )
        .to_owned();
    manager.create_table(table).await?;

    let timeline = [
        Column::TenantId,
        Column::CustomerId,
        Column::OccurTime,
        Column::InteractionId,
    ];
    manager
        .create_index(index("interaction_timeline", Entity, timeline))
        .await?;

    let thread = [
        Column::TenantId,
        Column::ConversationId,
        Column::OccurTime,
        Column::InteractionId,
    ];
    let mut thread = index("interaction_by_conversation", Entity, thread);
    thread.and_where(Expr::col(Column::ConversationId).is_not_null());
    manager.create_index(thread).await?;

    let external = [Column::TenantId, Column::ExternalSystem, Column::ExternalId];
    let mut external = index("interaction_external_id", Entity, external);
    external.unique();
    external.and_where(Expr::col(Column::ExternalSystem).is_not_null());
    manager.create_index(external).await
}

async fn create_interaction_link(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use interaction_link::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(text(Column::Resource))
        .col(big_integer(Column::OccurTime))
        .col(uuid(Column::InteractionId))
        .col(uuid(Column::CustomerId))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::Resource)
                .col(Column::OccurTime)
                .col(Column::InteractionId),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn create_channel_activity(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use channel_activity::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(small_integer(Column::Channel))
        .col(big_integer(Column::InboundCount))
        .col(big_integer(Column::OutboundCount))
        .col(big_integer(Column::LastTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::CustomerId)
                .col(Column::Channel),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn create_conversation(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use conversation::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(uuid(Column::ConversationId))
        .col(text(Column::Subject))
        .col(small_integer(Column::State))
        .col(uuid_null(Column::FollowsId))
        .col(text_null(Column::Resolution))
        .col(small_integer_null(Column::LastChannel))
        .col(big_integer_null(Column::LastInteractionTime))
        .col(integer(Column::InteractionCount))
        .col(big_integer(Column::ActiveTime))
        .col(text(Column::Opener))
        .col(big_integer(Column::CreateTime))
        .col(big_integer_null(Column::CloseTime))
        .col(big_integer(Column::Version))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::CustomerId)
                .col(Column::ConversationId),
        )
        .to_owned();
    manager.create_table(table).await?;

    // Small, however many conversations were closed.
    let open = [
        Column::TenantId,
        Column::CustomerId,
        Column::ActiveTime,
        Column::ConversationId,
    ];
    let mut open = index("conversation_open", Entity, open);
    // Told by the time, not by the state: a constant would have to match that of a
    // prepared statement, which has parameters.
    open.and_where(Expr::col(Column::CloseTime).is_null());
    manager.create_index(open).await
}

async fn create_preference(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use preference::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(small_integer(Column::Channel))
        .col(small_integer(Column::Purpose))
        .col(small_integer(Column::Choice))
        .col(small_integer(Column::Rank))
        .col(text(Column::Recorder))
        .col(big_integer(Column::RecordTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::CustomerId)
                .col(Column::Channel)
                .col(Column::Purpose),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn create_preference_set(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use preference_set::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(big_integer(Column::Version))
        .col(big_integer_null(Column::UpdateTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::CustomerId),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn create_stage_change(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use stage_change::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(uuid(Column::StageChangeId))
        .col(small_integer(Column::FromStage))
        .col(small_integer(Column::ToStage))
        .col(text(Column::Reason))
        .col(uuid_null(Column::BehaviourEventId))
        .col(text(Column::Actor))
        .col(big_integer(Column::ChangeTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::CustomerId)
                .col(Column::StageChangeId),
        )
        .to_owned();
    manager.create_table(table).await
}

async fn create_behaviour_event(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use behaviour_event::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(uuid(Column::BehaviourEventId))
        .col(big_integer(Column::Sequence))
        .col(small_integer(Column::Kind))
        .col(text_null(Column::Subject))
        .col(big_integer(Column::OccurTime))
        .col(text(Column::Recorder))
        .col(big_integer(Column::RecordTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::CustomerId)
                .col(Column::BehaviourEventId),
        )
        .to_owned();
    manager.create_table(table).await?;

    let sequence = [Column::TenantId, Column::CustomerId, Column::Sequence];
    let sequence = index("behaviour_event_sequence", Entity, sequence)
        .unique()
        .take();
    manager.create_index(sequence).await?;

    let latest = [
        Column::TenantId,
        Column::CustomerId,
        Column::OccurTime,
        Column::BehaviourEventId,
    ];
    manager
        .create_index(index("behaviour_event_by_time", Entity, latest))
        .await
}
