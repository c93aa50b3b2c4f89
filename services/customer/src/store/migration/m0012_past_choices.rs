//! What customers had chosen before.

use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::schema::{big_integer, binary, uuid};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::{clustered, refuse_updates};
use crate::store::entity::past_choice::{Column, Entity};

/// Creates past choices.
pub(super) struct CreatePastChoices;

impl MigrationName for CreatePastChoices {
    fn name(&self) -> &str {
        "m0012_past_choices"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreatePastChoices {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let mut key = Index::create()
            .col(Column::TenantId)
            .col(Column::CustomerId)
            .col(Column::PastChoiceId)
            .to_owned();
        let table = Table::create()
            .table(Entity)
            .col(uuid(Column::TenantId))
            .col(uuid(Column::CustomerId))
            .col(uuid(Column::PastChoiceId))
            .col(binary(Column::Document))
            .col(big_integer(Column::RecordTime))
            .col(big_integer(Column::EndTime))
            .primary_key(&mut key)
            .to_owned();
        manager.create_table(clustered(manager, table)).await?;
        refuse_updates(manager, &["past_choice"]).await
    }
}
