//! Import runs, what they did, and what they could not do.

use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, json_binary, json_binary_null, small_integer, text,
    text_null, uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{
    import_error, import_journal, import_run, interaction_link, pending_parent,
};

/// Creates the tables of imports.
pub(super) struct CreateImports;

impl MigrationName for CreateImports {
    fn name(&self) -> &str {
        "m0003_imports"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateImports {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_import_run(manager).await?;
        create_import_journal(manager).await?;
        create_import_error(manager).await?;
        create_pending_parent(manager).await?;
        index_links_by_customer(manager).await
    }
}

async fn create_import_run(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use import_run::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ImportRunId))
        .col(text(Column::Source))
        .col(boolean(Column::DryRun))
        .col(small_integer(Column::State))
        .col(big_integer(Column::LastLine))
        .col(big_integer(Column::CreatedCount))
        .col(big_integer(Column::UpdatedCount))
        .col(big_integer(Column::UnchangedCount))
        .col(big_integer(Column::FailedCount))
        .col(big_integer(Column::InteractionCount))
        .col(big_integer(Column::KeptCount))
        .col(text(Column::Actor))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .col(big_integer_null(Column::CompleteTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::ImportRunId),
        )
        .to_owned();
    manager.create_table(table).await
}

async fn create_import_journal(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use import_journal::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ImportRunId))
        .col(uuid(Column::CustomerId))
        .col(json_binary_null(Column::Before))
        .col(big_integer_null(Column::LeftVersion))
        .col(json_binary(Column::ContactPoints))
        .col(json_binary(Column::Interactions))
        .col(big_integer(Column::InteractionCount))
        .col(json_binary_null(Column::Preferences))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::ImportRunId)
                .col(Column::CustomerId),
        )
        .to_owned();
    manager.create_table(table).await
}

async fn create_import_error(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use import_error::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ImportRunId))
        .col(big_integer(Column::Line))
        .col(small_integer(Column::Ordinal))
        .col(text(Column::Field))
        .col(text(Column::Description))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::ImportRunId)
                .col(Column::Line)
                .col(Column::Ordinal),
        )
        .to_owned();
    manager.create_table(table).await
}

async fn create_pending_parent(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use pending_parent::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ImportRunId))
        .col(uuid(Column::CustomerId))
        .col(big_integer(Column::Line))
        .col(uuid_null(Column::ParentId))
        .col(text_null(Column::System))
        .col(text_null(Column::ExternalId))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::ImportRunId)
                .col(Column::CustomerId),
        )
        .to_owned();
    manager.create_table(table).await
}

/// What belongs to a customer can be removed without reading everybody's links.
async fn index_links_by_customer(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use interaction_link::{Column, Entity};
    let index = Index::create()
        .name("interaction_link_by_customer")
        .table(Entity)
        .col(Column::TenantId)
        .col(Column::CustomerId)
        .col(Column::InteractionId)
        .to_owned();
    manager.create_index(index).await
}
