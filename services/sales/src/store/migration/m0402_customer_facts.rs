//! What territories depend on: facts about customers, and whom opportunities were about.

use rapport_platform::db::schema::index;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm::{ConnectionTrait as _, DbErr};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, boolean, integer_null, json_binary_null, small_integer_null,
    text_null, uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{customer_fact, customer_fact_change, opportunity_customer};

/// Creates them.
pub(super) struct CreateCustomerFacts;

impl MigrationName for CreateCustomerFacts {
    fn name(&self) -> &str {
        "m0402_customer_facts"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateCustomerFacts {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_customer_fact(manager).await?;
        create_customer_fact_change(manager).await?;
        create_opportunity_customer(manager).await?;
        index_opportunity_customer(manager).await?;
        let connection = manager.get_connection();
        connection.execute_unprepared(FILL).await.map(drop)
    }
}

async fn create_customer_fact(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use customer_fact::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::CustomerId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(boolean(Column::Gone))
        .col(big_integer(Column::FactTime))
        .col(small_integer_null(Column::Kind))
        .col(text_null(Column::RegionCode))
        .col(text_null(Column::LanguageCode))
        .col(text_null(Column::Industry))
        .col(integer_null(Column::EmployeeCount))
        .col(integer_null(Column::FoundingYear))
        .col(big_integer_null(Column::AnnualRevenue))
        .col(text_null(Column::RevenueCurrency))
        .col(text_null(Column::PrimaryEmployee))
        .col(json_binary_null(Column::Attributes))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn create_customer_fact_change(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use customer_fact_change::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::CustomerId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(big_integer(Column::Changes))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn create_opportunity_customer(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use opportunity_customer::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::OpportunityId)
        .col(Column::StartTime)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::OpportunityId))
        .col(big_integer(Column::StartTime))
        .col(big_integer_null(Column::EndTime))
        .col(uuid_null(Column::CustomerId))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn index_opportunity_customer(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use opportunity_customer::{Column, Entity};
    let by = [Column::TenantId, Column::CustomerId];
    let mut by_customer = index("opportunity_customer_by_customer", Entity, by);
    by_customer.and_where(Expr::col(Column::CustomerId).is_not_null());
    manager.create_index(by_customer).await
}

/// Opportunities that are there have always been about whom they are.
const FILL: &str = "\
INSERT INTO opportunity_customer (tenant_id, opportunity_id, start_time, customer_id)
SELECT tenant_id, opportunity_id, 0, customer_id FROM opportunity";
