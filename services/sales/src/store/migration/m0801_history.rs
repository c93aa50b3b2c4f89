//! What forecasts of the past depend on is kept as it was: where sellers belonged, and what
//! currencies were thought to be worth. What is open in a pipeline is found at once.

use rapport_platform::db::schema::{clustered, index, refuse_updates};
use sea_orm::sea_query::{
    Alias, ConditionalStatement as _, Expr, ExprTrait as _, Index, Query, Table,
};
use sea_orm::{ConnectionTrait as _, DbErr};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer, text, text_null, uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};
use uuid::Uuid;

use crate::store::entity::{exchange_rate, seller, seller_history, stage_change};

/// Keeps it.
pub(super) struct KeepHistory;

impl MigrationName for KeepHistory {
    fn name(&self) -> &str {
        "m0801_history"
    }
}

#[tonic::async_trait]
impl MigrationTrait for KeepHistory {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_seller_history(manager).await?;
        fill_seller_history(manager).await?;
        keep_exchange_rates(manager).await?;
        index_open(manager).await
    }
}

async fn create_seller_history(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use seller_history::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::SellerId)
        .col(Column::StartTime)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::SellerId))
        .col(big_integer(Column::StartTime))
        .col(big_integer_null(Column::EndTime))
        .col(uuid_null(Column::ManagerId))
        .col(text_null(Column::Team))
        .col(text_null(Column::Region))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await?;
    let by = [Column::TenantId, Column::ManagerId, Column::SellerId];
    let mut by = index("seller_history_by_manager", Entity, by);
    by.and_where(Expr::col(Column::ManagerId).is_not_null());
    manager.create_index(by).await
}

/// Where sellers belong is taken to be where they belonged since ever: nobody noted more.
async fn fill_seller_history(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use seller::{Column, Entity};
    let as_now = Query::select()
        .column(Column::TenantId)
        .column(Column::SellerId)
        .expr(Expr::val(0_i64))
        .column(Column::ManagerId)
        .column(Column::Team)
        .column(Column::Region)
        .from(Entity)
        .to_owned();
    let fill = Query::insert()
        .into_table(seller_history::Entity)
        .columns([
            seller_history::Column::TenantId,
            seller_history::Column::SellerId,
            seller_history::Column::StartTime,
            seller_history::Column::ManagerId,
            seller_history::Column::Team,
            seller_history::Column::Region,
        ])
        .select_from(as_now)
        .map_err(|error| DbErr::Custom(error.to_string()))?
        .to_owned();
    manager.get_connection().execute(&fill).await?;
    Ok(())
}

async fn keep_exchange_rates(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use exchange_rate::Entity;
    let before = Alias::new("exchange_rate_before");
    let rename = Table::rename().table(Entity, before.clone()).to_owned();
    manager.rename_table(rename).await?;
    create_exchange_rate(manager).await?;
    copy_exchange_rates(manager, before.clone()).await?;
    let drop = Table::drop().table(before).to_owned();
    manager.drop_table(drop).await?;
    refuse_updates(manager, &["exchange_rate"]).await
}

async fn create_exchange_rate(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use exchange_rate::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::ToCurrency)
        .col(Column::FromCurrency)
        .col(Column::EffectiveDate)
        .col(Column::RecordTime)
        .col(Column::RateId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(text(Column::ToCurrency))
        .col(text(Column::FromCurrency))
        .col(integer(Column::EffectiveDate))
        .col(big_integer(Column::RecordTime))
        .col(uuid(Column::RateId))
        .col(text(Column::Rate))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn copy_exchange_rates(manager: &SchemaManager<'_>, before: Alias) -> Result<(), DbErr> {
    use exchange_rate::{Column, Entity};
    let kept = [
        Column::TenantId,
        Column::ToCurrency,
        Column::FromCurrency,
        Column::EffectiveDate,
        Column::Rate,
    ];
    let known = Query::select()
        .columns(kept)
        .expr(Expr::val(0_i64))
        .expr(Expr::val(Uuid::nil()))
        .from(before)
        .to_owned();
    let copy = Query::insert()
        .into_table(Entity)
        .columns(kept.into_iter().chain([Column::RecordTime, Column::RateId]))
        .select_from(known)
        .map_err(|error| DbErr::Custom(error.to_string()))?
        .to_owned();
    manager.get_connection().execute(&copy).await?;
    Ok(())
}

/// What is open at a time is open still, or has ended since.
async fn index_open(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use stage_change::{Column, Entity};
    let by = [
        Column::TenantId,
        Column::PipelineId,
        Column::State,
        Column::EndTime,
    ];
    manager
        .create_index(index("stage_change_by_pipeline", Entity, by))
        .await
}
