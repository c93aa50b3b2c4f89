//! Price books and their prices.

use rapport_platform::db::schema::clustered;
use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, json_binary, small_integer, text, uuid,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{price_book, price_book_entry};

/// Creates what products cost.
pub(super) struct CreatePrices;

impl MigrationName for CreatePrices {
    fn name(&self) -> &str {
        "m0101_prices"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreatePrices {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_price_book(manager).await?;
        create_entry(manager).await
    }
}

async fn create_price_book(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use price_book::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::PriceBookId))
        .col(text(Column::DisplayName))
        .col(text(Column::Currency))
        .col(small_integer(Column::TaxTreatment))
        .col(big_integer_null(Column::ValidFromTime))
        .col(big_integer_null(Column::ValidToTime))
        .col(json_binary(Column::Segments))
        .col(integer(Column::Priority))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::PriceBookId),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn create_entry(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use price_book_entry::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::PriceBookId)
        .col(Column::ProductId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::PriceBookId))
        .col(uuid(Column::ProductId))
        .col(json_binary(Column::Tiers))
        .col(big_integer_null(Column::UnitCost))
        .col(integer(Column::FloorMargin))
        .col(big_integer(Column::UpdateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}
