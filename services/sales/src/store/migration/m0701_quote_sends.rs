//! When and how quotes were sent, whatever became of them since.

use rapport_platform::db::schema::{clustered, refuse_updates};
use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::schema::{
    big_integer, binary, binary_null, small_integer, text, uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::quote_send::{Column, Entity};

/// Creates the table.
pub(super) struct CreateQuoteSends;

impl MigrationName for CreateQuoteSends {
    fn name(&self) -> &str {
        "m0701_quote_sends"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateQuoteSends {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut key = Index::create()
            .col(Column::TenantId)
            .col(Column::QuoteId)
            .col(Column::SendId)
            .take();
        let table = Table::create()
            .table(Entity)
            .col(uuid(Column::TenantId))
            .col(uuid(Column::QuoteId))
            .col(uuid(Column::SendId))
            .col(big_integer(Column::Revision))
            .col(binary(Column::ContentHash))
            .col(small_integer(Column::Channel))
            .col(uuid_null(Column::ContactPointId))
            .col(uuid(Column::ContactPermitId))
            .col(uuid_null(Column::ProposalId))
            .col(binary_null(Column::DocumentHash))
            .col(binary(Column::MessageHash))
            .col(text(Column::Sender))
            .col(big_integer(Column::SendTime))
            .primary_key(&mut key)
            .to_owned();
        manager.create_table(clustered(manager, table)).await?;
        refuse_updates(manager, &["quote_send"]).await
    }
}
