//! Quotas, adjustments of forecasts, and exchange rates.

use rapport_platform::db::schema::{clustered, index, refuse_updates};
use sea_orm::DbErr;
use sea_orm::sea_query::{Index, Table};
use sea_orm_migration::schema::{big_integer, integer, text, uuid};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{exchange_rate, forecast_adjustment, quota};

/// Creates the tables of forecasts.
pub(super) struct CreateForecasts;

impl MigrationName for CreateForecasts {
    fn name(&self) -> &str {
        "m0004_forecasts"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateForecasts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_quota(manager).await?;
        create_forecast_adjustment(manager).await?;
        create_exchange_rate(manager).await?;
        refuse_updates(manager, &["quota", "forecast_adjustment"]).await
    }
}

async fn create_quota(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use quota::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::QuotaId))
        .col(uuid(Column::SellerId))
        .col(integer(Column::StartDate))
        .col(integer(Column::EndDate))
        .col(big_integer(Column::Amount))
        .col(text(Column::Currency))
        .col(text(Column::Actor))
        .col(big_integer(Column::CreateTime))
        .primary_key(Index::create().col(Column::TenantId).col(Column::QuotaId))
        .to_owned();
    manager.create_table(table).await?;
    let seller = [Column::TenantId, Column::SellerId, Column::QuotaId];
    manager
        .create_index(index("quota_by_seller", Entity, seller))
        .await?;
    let period = [
        Column::TenantId,
        Column::StartDate,
        Column::EndDate,
        Column::SellerId,
    ];
    manager
        .create_index(index("quota_by_period", Entity, period))
        .await
}

async fn create_forecast_adjustment(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use forecast_adjustment::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::AdjustmentId))
        .col(uuid(Column::SellerId))
        .col(integer(Column::StartDate))
        .col(integer(Column::EndDate))
        .col(big_integer(Column::Amount))
        .col(text(Column::Currency))
        .col(text(Column::Note))
        .col(text(Column::Actor))
        .col(big_integer(Column::CreateTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::AdjustmentId),
        )
        .to_owned();
    manager.create_table(table).await?;
    let seller = [Column::TenantId, Column::SellerId, Column::AdjustmentId];
    let seller = index("forecast_adjustment_by_seller", Entity, seller);
    manager.create_index(seller).await?;
    let period = [Column::TenantId, Column::StartDate, Column::EndDate];
    let period = index("forecast_adjustment_by_period", Entity, period);
    manager.create_index(period).await
}

async fn create_exchange_rate(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use exchange_rate::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(text(Column::ToCurrency))
        .col(text(Column::FromCurrency))
        .col(integer(Column::EffectiveDate))
        .col(text(Column::Rate))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::ToCurrency)
                .col(Column::FromCurrency)
                .col(Column::EffectiveDate),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}
