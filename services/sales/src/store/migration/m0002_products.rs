//! What is sold, and under which codes.

use rapport_platform::db::schema::{clustered, index};
use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, json_binary, text, text_null, uuid,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{product, product_code};

/// Creates the tables of products.
pub(super) struct CreateProducts;

impl MigrationName for CreateProducts {
    fn name(&self) -> &str {
        "m0002_products"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateProducts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_product(manager).await?;
        create_product_code(manager).await
    }
}

async fn create_product(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use product::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ProductId))
        .col(text(Column::Code))
        .col(text(Column::DisplayName))
        .col(json_binary(Column::Aliases))
        .col(text_null(Column::Series))
        .col(big_integer_null(Column::ListPrice))
        .col(text_null(Column::ListPriceCurrency))
        .col(boolean(Column::Retired))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(Index::create().col(Column::TenantId).col(Column::ProductId))
        .to_owned();
    manager.create_table(table).await?;
    let code = [Column::TenantId, Column::Code];
    manager
        .create_index(index("product_by_code", Entity, code))
        .await?;
    let series = [Column::TenantId, Column::Series, Column::ProductId];
    let mut series = index("product_by_series", Entity, series);
    series.and_where(Expr::col(Column::Series).is_not_null());
    manager.create_index(series).await?;
    let retired = [Column::TenantId, Column::Retired, Column::ProductId];
    manager
        .create_index(index("product_by_retired", Entity, retired))
        .await
}

async fn create_product_code(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use product_code::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(text(Column::Code))
        .col(uuid(Column::ProductId))
        .primary_key(Index::create().col(Column::TenantId).col(Column::Code))
        .to_owned();
    manager.create_table(clustered(manager, table)).await?;
    let product = [Column::TenantId, Column::ProductId];
    manager
        .create_index(index("product_code_by_product", Entity, product))
        .await
}
