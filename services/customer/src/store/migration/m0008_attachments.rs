//! Documents that go with messages.

use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::schema::{big_integer, binary, text, uuid};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::refuse_updates;
use crate::store::entity::delivery_attachment::{Column, Entity};

/// Creates attachments.
pub(super) struct CreateAttachments;

impl MigrationName for CreateAttachments {
    fn name(&self) -> &str {
        "m0008_attachments"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateAttachments {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut key = Index::create();
        key.col(Column::TenantId)
            .col(Column::CustomerId)
            .col(Column::AttachmentId);
        let table = Table::create()
            .table(Entity)
            .col(uuid(Column::TenantId))
            .col(uuid(Column::CustomerId))
            .col(uuid(Column::AttachmentId))
            .col(uuid(Column::DeliveryId))
            .col(text(Column::FileName))
            .col(text(Column::MediaType))
            .col(binary(Column::Content))
            .col(big_integer(Column::CreateTime))
            .primary_key(&mut key)
            .to_owned();
        manager.create_table(table).await?;
        refuse_updates(manager, &["delivery_attachment"]).await
    }
}
