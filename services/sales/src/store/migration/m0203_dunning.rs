//! When customers are reminded, and when they were.

use rapport_platform::db::schema::{clustered, index, refuse_updates};
use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::schema::{
    big_integer, integer, json_binary, small_integer, text, uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{dunning_notice, dunning_policy, dunning_step};

/// Creates them.
pub(super) struct CreateDunning;

impl MigrationName for CreateDunning {
    fn name(&self) -> &str {
        "m0203_dunning"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateDunning {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_dunning_policy(manager).await?;
        create_dunning_notice(manager).await?;
        index_dunning_notice(manager).await?;
        create_dunning_step(manager).await?;
        index_dunning_step(manager).await?;
        refuse_updates(manager, &["dunning_policy", "dunning_step"]).await
    }
}

async fn create_dunning_policy(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use dunning_policy::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::Version)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(big_integer(Column::Version))
        .col(json_binary(Column::LevelDays))
        .col(integer(Column::PaymentTermDays))
        .col(text(Column::Author))
        .col(big_integer(Column::CreateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn create_dunning_notice(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use dunning_notice::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::NoticeId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::NoticeId))
        .col(uuid_null(Column::CustomerId))
        .col(text(Column::Currency))
        .col(big_integer(Column::Amount))
        .col(big_integer(Column::InvoiceCount))
        .col(small_integer(Column::Level))
        .col(integer(Column::DunningDate))
        .col(text(Column::Author))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn index_dunning_notice(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use dunning_notice::{Column, Entity};
    let by = [Column::TenantId, Column::CustomerId, Column::NoticeId];
    manager
        .create_index(index("dunning_notice_by_customer", Entity, by))
        .await
}

async fn create_dunning_step(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use dunning_step::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::InvoiceId)
        .col(Column::NoticeId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::InvoiceId))
        .col(uuid(Column::NoticeId))
        .col(small_integer(Column::Level))
        .col(big_integer(Column::Open))
        .col(text(Column::Currency))
        .col(integer(Column::DunningDate))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn index_dunning_step(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use dunning_step::{Column, Entity};
    let by = [Column::TenantId, Column::NoticeId, Column::InvoiceId];
    manager
        .create_index(index("dunning_step_by_notice", Entity, by))
        .await
}
