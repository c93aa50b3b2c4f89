//! Pipelines, opportunities and their history.

use rapport_platform::db::schema::{clustered, index};
use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer_null, json_binary, small_integer, small_integer_null,
    text, text_null, uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{
    customer_reassignment, opportunity, opportunity_line, pipeline, stage_change,
};

/// Creates the tables of opportunities.
pub(super) struct CreateOpportunities;

impl MigrationName for CreateOpportunities {
    fn name(&self) -> &str {
        "m0003_opportunities"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateOpportunities {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_pipeline(manager).await?;
        create_opportunity(manager).await?;
        index_opportunity(manager).await?;
        create_opportunity_line(manager).await?;
        create_stage_change(manager).await?;
        create_customer_reassignment(manager).await
    }
}

async fn create_pipeline(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use pipeline::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::PipelineId))
        .col(text(Column::DisplayName))
        .col(json_binary(Column::Stages))
        .col(json_binary(Column::CloseReasons))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::PipelineId),
        )
        .to_owned();
    manager.create_table(table).await
}

async fn create_opportunity(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use opportunity::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::OpportunityId))
        .col(text_null(Column::ExternalId))
        .col(text(Column::DisplayName))
        .col(uuid_null(Column::CustomerId))
        .col(uuid(Column::OwnerId))
        .col(uuid(Column::PipelineId))
        .col(text(Column::Stage))
        .col(small_integer(Column::State))
        .col(big_integer_null(Column::Amount))
        .col(text_null(Column::Currency))
        .col(small_integer(Column::Probability))
        .col(small_integer(Column::Category))
        .col(integer_null(Column::CloseDate))
        .col(text_null(Column::NextStep))
        .col(text_null(Column::CloseReason))
        .col(text_null(Column::Note))
        .col(big_integer(Column::OpenTime))
        .col(big_integer(Column::StageEnterTime))
        .col(big_integer_null(Column::StallTime))
        .col(big_integer(Column::ChangeTime))
        .col(big_integer_null(Column::CloseTime))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::OpportunityId),
        )
        .to_owned();
    manager.create_table(table).await
}

/// An index for each field that lists are filtered by; each ends with the order of lists, so that
/// the first page of what is wanted is read and nothing else.
async fn index_opportunity(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use opportunity::{Column, Entity};
    let owner = [
        Column::TenantId,
        Column::OwnerId,
        Column::Stage,
        Column::OpportunityId,
    ];
    manager
        .create_index(index("opportunity_by_owner", Entity, owner))
        .await?;
    let stage = [
        Column::TenantId,
        Column::Stage,
        Column::PipelineId,
        Column::OpportunityId,
    ];
    manager
        .create_index(index("opportunity_by_stage", Entity, stage))
        .await?;
    for (name, column) in [
        ("opportunity_by_pipeline", Column::PipelineId),
        ("opportunity_by_state", Column::State),
        ("opportunity_by_category", Column::Category),
    ] {
        let by = [Column::TenantId, column, Column::OpportunityId];
        manager.create_index(index(name, Entity, by)).await?;
    }
    for (name, column) in [
        ("opportunity_by_customer", Column::CustomerId),
        ("opportunity_by_close_date", Column::CloseDate),
        ("opportunity_by_stall_time", Column::StallTime),
    ] {
        let mut by = index(
            name,
            Entity,
            [Column::TenantId, column, Column::OpportunityId],
        );
        by.and_where(Expr::col(column).is_not_null());
        manager.create_index(by).await?;
    }
    let external = [Column::TenantId, Column::ExternalId];
    let mut external = index("opportunity_by_external_id", Entity, external)
        .unique()
        .take();
    external.and_where(Expr::col(Column::ExternalId).is_not_null());
    manager.create_index(external).await
}

async fn create_opportunity_line(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use opportunity_line::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::OpportunityId))
        .col(small_integer(Column::Position))
        .col(uuid(Column::ProductId))
        .col(big_integer(Column::Quantity))
        .col(big_integer(Column::Amount))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::OpportunityId)
                .col(Column::Position),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn create_stage_change(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use stage_change::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::OpportunityId))
        .col(big_integer(Column::Version))
        .col(text_null(Column::FromStage))
        .col(small_integer_null(Column::FromState))
        .col(text(Column::ToStage))
        .col(big_integer_null(Column::FromEnterTime))
        .col(small_integer(Column::State))
        .col(uuid(Column::PipelineId))
        .col(uuid(Column::OwnerId))
        .col(big_integer_null(Column::Amount))
        .col(text_null(Column::Currency))
        .col(small_integer(Column::Probability))
        .col(small_integer(Column::Category))
        .col(integer_null(Column::CloseDate))
        .col(text_null(Column::CloseReason))
        .col(text_null(Column::Note))
        .col(text(Column::Actor))
        .col(big_integer(Column::ChangeTime))
        .col(big_integer_null(Column::EndTime))
        .col(big_integer(Column::RecordTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::OpportunityId)
                .col(Column::Version),
        )
        .to_owned();
    manager.create_table(table).await?;
    // Reports read what took place in a period.
    let time = [Column::TenantId, Column::ChangeTime];
    manager
        .create_index(index("stage_change_by_time", Entity, time))
        .await
}

async fn create_customer_reassignment(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use customer_reassignment::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::MergeId))
        .col(uuid(Column::OpportunityId))
        .col(uuid(Column::FromCustomerId))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::MergeId)
                .col(Column::OpportunityId),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}
