//! What proposals look like, the documents that were made of quotes, and what was sent.

use rapport_platform::db::schema::refuse_updates;
use sea_orm::DbErr;
use sea_orm::sea_query::{ColumnDef, Index, Table};
use sea_orm_migration::schema::{big_integer, binary, binary_null, boolean, text, uuid, uuid_null};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{
    proposal, proposal_content, proposal_template, proposal_template_version, quote,
};

/// Creates proposals.
pub(super) struct CreateProposals;

impl MigrationName for CreateProposals {
    fn name(&self) -> &str {
        "m0301_proposals"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateProposals {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_template(manager).await?;
        create_version(manager).await?;
        create_proposal(manager).await?;
        create_content(manager).await?;
        for column in [
            uuid_null(quote::Column::SendProposalId),
            binary_null(quote::Column::SendHash),
        ] {
            add_to_quote(manager, column).await?;
        }
        let tables = ["proposal_template_version", "proposal", "proposal_content"];
        refuse_updates(manager, &tables).await
    }
}

async fn create_template(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use proposal_template::{Column, Entity};
    let mut key = Index::create();
    key.col(Column::TenantId).col(Column::TemplateId);
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::TemplateId))
        .col(big_integer(Column::Version))
        .col(binary(Column::Document))
        .col(text(Column::Author))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn create_version(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use proposal_template_version::{Column, Entity};
    let mut key = Index::create();
    key.col(Column::TenantId)
        .col(Column::TemplateId)
        .col(Column::Version);
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::TemplateId))
        .col(big_integer(Column::Version))
        .col(binary(Column::Document))
        .col(text(Column::Author))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn create_proposal(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use proposal::{Column, Entity};
    let mut key = Index::create();
    key.col(Column::TenantId)
        .col(Column::QuoteId)
        .col(Column::ProposalId);
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::QuoteId))
        .col(uuid(Column::ProposalId))
        .col(big_integer(Column::Revision))
        .col(binary(Column::ContentHash))
        .col(boolean(Column::Draft))
        .col(uuid(Column::TemplateId))
        .col(big_integer(Column::TemplateVersion))
        .col(text(Column::Language))
        .col(text(Column::Title))
        .col(text(Column::Message))
        .col(binary(Column::HtmlHash))
        .col(big_integer(Column::HtmlSize))
        .col(binary(Column::PdfHash))
        .col(big_integer(Column::PdfSize))
        .col(text(Column::Creator))
        .col(big_integer(Column::CreateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn create_content(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use proposal_content::{Column, Entity};
    let mut key = Index::create();
    key.col(Column::TenantId).col(Column::Hash);
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(binary(Column::Hash))
        .col(binary(Column::Content))
        .col(big_integer(Column::CreateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn add_to_quote(manager: &SchemaManager<'_>, mut column: ColumnDef) -> Result<(), DbErr> {
    let mut table = Table::alter();
    table.table(quote::Entity).add_column(&mut column);
    manager.alter_table(table.take()).await
}
