//! Territories, and whose customers are.

use rapport_platform::db::schema::index;
use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer, integer_null, small_integer,
    small_integer_null, text, text_null, uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{
    customer_territory, territory, territory_desk, territory_model, territory_pin, territory_seller,
};

/// Creates them.
pub(super) struct CreateTerritories;

impl MigrationName for CreateTerritories {
    fn name(&self) -> &str {
        "m0401_territories"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateTerritories {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_territory_desk(manager).await?;
        create_territory_model(manager).await?;
        create_territory(manager).await?;
        create_territory_seller(manager).await?;
        create_territory_pin(manager).await?;
        create_customer_territory(manager).await?;
        index_territories(manager).await?;
        index_customer_territory(manager).await
    }
}

async fn create_territory_desk(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use territory_desk::{Column, Entity};
    let mut key = Index::create().col(Column::TenantId).take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid_null(Column::ActiveModelId))
        .col(boolean(Column::Filling))
        .col(boolean(Column::Refill))
        .col(text_null(Column::FillToken))
        .col(big_integer(Column::Version))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn create_territory_model(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use territory_model::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::ModelId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ModelId))
        .col(text(Column::DisplayName))
        .col(text_null(Column::Description))
        .col(small_integer(Column::State))
        .col(small_integer(Column::Preparation))
        .col(uuid_null(Column::Place))
        .col(big_integer(Column::Processed))
        .col(boolean(Column::Activating))
        .col(text_null(Column::Activator))
        .col(boolean(Column::Announcing))
        .col(uuid_null(Column::AnnouncePlace))
        .col(big_integer(Column::Announced))
        .col(boolean(Column::Clearing))
        .col(big_integer_null(Column::ActivateTime))
        .col(big_integer_null(Column::ArchiveTime))
        .col(big_integer(Column::Moved))
        .col(big_integer(Column::LostPins))
        .col(big_integer(Column::Progress))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn create_territory(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use territory::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::TerritoryId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::TerritoryId))
        .col(uuid(Column::ModelId))
        .col(text(Column::Code))
        .col(text(Column::DisplayName))
        .col(uuid_null(Column::ParentId))
        .col(text_null(Column::Rule))
        .col(integer(Column::Priority))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn create_territory_seller(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use territory_seller::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::SeatId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::SeatId))
        .col(uuid(Column::TerritoryId))
        .col(uuid(Column::SellerId))
        .col(text(Column::Role))
        .col(integer(Column::StartDate))
        .col(integer_null(Column::EndDate))
        .col(text(Column::Actor))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn create_territory_pin(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use territory_pin::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::CustomerId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(text(Column::Code))
        .col(text_null(Column::Reason))
        .col(text(Column::Actor))
        .col(big_integer(Column::CreateTime))
        .col(uuid_null(Column::DormantBy))
        .col(uuid_null(Column::CopiedBy))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn create_customer_territory(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use customer_territory::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::ModelId)
        .col(Column::CustomerId)
        .col(Column::StartTime)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ModelId))
        .col(uuid(Column::CustomerId))
        .col(big_integer(Column::StartTime))
        .col(big_integer_null(Column::EndTime))
        .col(uuid_null(Column::TerritoryId))
        .col(text_null(Column::Code))
        .col(small_integer_null(Column::Cause))
        .col(text_null(Column::FromCode))
        .col(boolean(Column::Moves))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn index_territories(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use territory::{Column, Entity};
    let by = [Column::TenantId, Column::ModelId, Column::Code];
    let mut by_code = index("territory_by_code", Entity, by);
    manager.create_index(by_code.unique().to_owned()).await?;
    use territory_seller as seller;
    let by = [
        seller::Column::TenantId,
        seller::Column::TerritoryId,
        seller::Column::SeatId,
    ];
    let by_territory = index("territory_seller_by_territory", seller::Entity, by);
    manager.create_index(by_territory).await?;
    use territory_pin as pin;
    let by = [
        pin::Column::TenantId,
        pin::Column::Code,
        pin::Column::CustomerId,
    ];
    let by_code = index("territory_pin_by_code", pin::Entity, by);
    manager.create_index(by_code).await
}

/// By what moves, by territory, and by customer through all models.
async fn index_customer_territory(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use customer_territory::{Column, Entity};
    let by = [Column::TenantId, Column::ModelId, Column::CustomerId];
    let mut by_move = index("customer_territory_by_move", Entity, by);
    by_move.and_where(Expr::col(Column::Moves));
    manager.create_index(by_move).await?;
    let by = [Column::TenantId, Column::TerritoryId, Column::CustomerId];
    let mut by_territory = index("customer_territory_by_territory", Entity, by);
    by_territory.and_where(Expr::col(Column::EndTime).is_null());
    manager.create_index(by_territory).await?;
    // One place at a time: of two who give a customer one, the second finds that of the first.
    let by = [Column::TenantId, Column::ModelId, Column::CustomerId];
    let mut open = index("customer_territory_open", Entity, by);
    open.unique()
        .and_where(Expr::col(Column::EndTime).is_null());
    manager.create_index(open).await?;
    let by = [Column::TenantId, Column::CustomerId];
    let by_customer = index("customer_territory_by_customer", Entity, by);
    manager.create_index(by_customer).await
}
