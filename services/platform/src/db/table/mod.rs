//! The tables that every service has beside its own.

pub mod dead_letter;
pub mod idempotency;
pub mod inbox;
pub mod lease;
pub mod outbox;

use sea_orm::DbErr;
use sea_orm::sea_query::{
    ColumnDef, ConditionalStatement as _, Expr, ExprTrait as _, Index, IndexCreateStatement,
    IntoIden, IntoTableRef, Table,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// The migrations that create the platform's tables. Every service puts them before its own.
pub fn platform_migrations() -> Vec<Box<dyn MigrationTrait>> {
    vec![Box::new(CreatePlatformTables)]
}

struct CreatePlatformTables;

impl MigrationName for CreatePlatformTables {
    fn name(&self) -> &str {
        "p0001_create_platform_tables"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreatePlatformTables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_idempotency(manager).await?;
        create_outbox(manager).await?;
        create_inbox(manager).await?;
        create_dead_letter(manager).await?;
        create_lease(manager).await
    }
}

async fn create_idempotency(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use idempotency::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(text(Column::RequestId))
        .col(text(Column::Method))
        .col(ColumnDef::new(Column::Fingerprint).binary().not_null())
        // Null only inside the transaction that makes the answer.
        .col(ColumnDef::new(Column::Response).binary())
        .col(integer(Column::ExpireTime))
        .primary_key(Index::create().col(Column::TenantId).col(Column::RequestId))
        .to_owned();
    manager.create_table(table).await?;
    manager
        .create_index(index(
            "idempotency_by_expire_time",
            Entity,
            [Column::ExpireTime],
        ))
        .await
}

async fn create_outbox(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use outbox::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::EventId))
        .col(text(Column::Kind))
        .col(text(Column::Aggregate))
        .col(integer(Column::Version))
        .col(ColumnDef::new(Column::Payload).binary().not_null())
        .col(ColumnDef::new(Column::TraceParent).text())
        .col(integer(Column::CreateTime))
        .col(ColumnDef::new(Column::PublishTime).big_integer())
        .col(ColumnDef::new(Column::Attempts).integer().not_null())
        .primary_key(Index::create().col(Column::TenantId).col(Column::EventId))
        .to_owned();
    manager.create_table(table).await?;

    let unpublished = || Expr::col(Column::PublishTime).is_null();
    // As small as the backlog, however many events are kept.
    let mut by_id = index("outbox_unpublished", Entity, [Column::EventId]);
    by_id.and_where(unpublished());
    manager.create_index(by_id).await?;
    let aggregate = [Column::Aggregate, Column::Version];
    let mut by_aggregate = index("outbox_unpublished_by_aggregate", Entity, aggregate);
    by_aggregate.and_where(unpublished());
    manager.create_index(by_aggregate).await?;
    // With the backlog in it SQLite would prefer it to the first one, and sort.
    let mut by_time = index("outbox_published", Entity, [Column::PublishTime]);
    by_time.and_where(Expr::col(Column::PublishTime).is_not_null());
    manager.create_index(by_time).await
}

async fn create_inbox(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use inbox::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(text(Column::Consumer))
        .col(uuid(Column::EventId))
        .col(integer(Column::HandleTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::Consumer)
                .col(Column::EventId),
        )
        .to_owned();
    manager.create_table(table).await?;
    manager
        .create_index(index("inbox_by_handle_time", Entity, [Column::HandleTime]))
        .await
}

async fn create_dead_letter(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use dead_letter::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(text(Column::Consumer))
        .col(uuid(Column::EventId))
        .col(text(Column::Kind))
        .col(ColumnDef::new(Column::Payload).binary().not_null())
        .col(text(Column::ErrorClass))
        .col(ColumnDef::new(Column::Attempts).integer().not_null())
        .col(integer(Column::CreateTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::Consumer)
                .col(Column::EventId),
        )
        .to_owned();
    manager.create_table(table).await?;
    manager
        .create_index(index(
            "dead_letter_by_create_time",
            Entity,
            [Column::CreateTime],
        ))
        .await
}

async fn create_lease(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use lease::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(text(Column::Name).primary_key())
        .col(uuid(Column::Holder))
        .col(integer(Column::ExpireTime))
        .to_owned();
    manager.create_table(table).await
}

fn uuid(column: impl IntoIden) -> ColumnDef {
    ColumnDef::new(column).uuid().not_null().take()
}

fn text(column: impl IntoIden) -> ColumnDef {
    ColumnDef::new(column).text().not_null().take()
}

fn integer(column: impl IntoIden) -> ColumnDef {
    ColumnDef::new(column).big_integer().not_null().take()
}

fn index<const N: usize>(
    name: &str,
    table: impl IntoTableRef,
    columns: [impl IntoIden; N],
) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table.into_table_ref());
    for column in columns {
        index.col(column.into_iden());
    }
    index
}
