//! What customers own, how often products are owned together, and what is suggested by that.

use rapport_platform::db::schema::{clustered, index, refuse_updates};
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm::{ConnectionTrait as _, DbErr};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, integer, small_integer, small_integer_null, text,
    text_null, uuid,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::domain::order::OrderState;
use crate::domain::pipeline::OpportunityState;
use crate::store::entity::{
    co_ownership, ownership, ownership_change, product, suggestion_decision, suggestion_policy,
    suggestion_response,
};

/// Creates them.
pub(super) struct CreateSuggestions;

impl MigrationName for CreateSuggestions {
    fn name(&self) -> &str {
        "m0601_suggestions"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateSuggestions {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_ownership_change(manager).await?;
        mark_owners(manager).await?;
        create_ownership(manager).await?;
        create_co_ownership(manager).await?;
        index_product(manager).await?;
        create_decision(manager).await?;
        create_response(manager).await?;
        create_policy(manager).await?;
        refuse_updates(manager, &["ownership_change", "suggestion_policy"]).await
    }
}

async fn create_ownership_change(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use ownership_change::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::ChangeId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ChangeId))
        .col(uuid(Column::CustomerId))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

/// Has everybody counted who owns something already.
async fn mark_owners(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (won, cancelled) = (OpportunityState::Won.code(), OrderState::Cancelled.code());
    let mark = format!(
        "INSERT INTO ownership_change (tenant_id, change_id, customer_id) \
         SELECT tenant_id, customer_id, customer_id FROM opportunity \
         WHERE state = {won} AND customer_id IS NOT NULL \
         UNION SELECT tenant_id, customer_id, customer_id FROM sales_order \
         WHERE state <> {cancelled} AND customer_id IS NOT NULL"
    );
    let connection = manager.get_connection();
    connection.execute_unprepared(&mark).await.map(drop)
}

async fn create_ownership(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use ownership::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::CustomerId)
        .col(Column::ProductId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(uuid(Column::ProductId))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn create_co_ownership(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use co_ownership::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::ProductId)
        .col(Column::OtherId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ProductId))
        .col(uuid(Column::OtherId))
        .col(big_integer(Column::Owners))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await?;
    let most = [
        Column::TenantId,
        Column::ProductId,
        Column::Owners,
        Column::OtherId,
    ];
    manager
        .create_index(index("co_ownership_by_owners", Entity, most))
        .await
}

/// Products of a series by what they cost, to find the next dearer one.
async fn index_product(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use product::{Column, Entity};
    let dearer = [
        Column::TenantId,
        Column::Series,
        Column::ListPriceCurrency,
        Column::ListPrice,
        Column::ProductId,
    ];
    let mut dearer = index("product_by_price", Entity, dearer);
    dearer
        .and_where(Expr::col(Column::Series).is_not_null())
        .and_where(Expr::col(Column::ListPrice).is_not_null());
    manager.create_index(dearer).await
}

async fn create_decision(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use suggestion_decision::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::DecisionId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::DecisionId))
        .col(uuid(Column::CustomerId))
        .col(text(Column::Situation))
        .col(binary(Column::Content))
        .col(big_integer(Column::PolicyVersion))
        .col(big_integer(Column::DecideTime))
        .col(big_integer(Column::ExpireTime))
        .col(small_integer_null(Column::PresentChannel))
        .col(big_integer_null(Column::PresentTime))
        .col(big_integer(Column::Version))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await?;
    let situation = [Column::TenantId, Column::CustomerId, Column::Situation];
    let mut situation = index("suggestion_decision_by_situation", Entity, situation);
    manager.create_index(situation.unique().take()).await?;
    let latest = [Column::TenantId, Column::CustomerId, Column::DecisionId];
    manager
        .create_index(index("suggestion_decision_by_customer", Entity, latest))
        .await
}

async fn create_response(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use suggestion_response::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::ResponseId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ResponseId))
        .col(uuid(Column::CustomerId))
        .col(uuid(Column::DecisionId))
        .col(uuid(Column::ProductId))
        .col(text(Column::Situation))
        .col(small_integer(Column::Outcome))
        .col(text_null(Column::Reason))
        .col(text(Column::Author))
        .col(big_integer(Column::RespondTime))
        .col(big_integer(Column::HoldUntilTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await?;
    let product = [
        Column::TenantId,
        Column::CustomerId,
        Column::ProductId,
        Column::ResponseId,
    ];
    manager
        .create_index(index("suggestion_response_by_product", Entity, product))
        .await?;
    let latest = [Column::TenantId, Column::CustomerId, Column::ResponseId];
    manager
        .create_index(index("suggestion_response_by_customer", Entity, latest))
        .await
}

async fn create_policy(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use suggestion_policy::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::Version)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(big_integer(Column::Version))
        .col(integer(Column::MaxSuggestions))
        .col(integer(Column::ValidDays))
        .col(integer(Column::PriorWeight))
        .col(integer(Column::MinCommonCustomers))
        .col(integer(Column::MinLiftPpm))
        .col(integer(Column::DeclinedDays))
        .col(integer(Column::AcceptedDays))
        .col(text(Column::Author))
        .col(big_integer(Column::CreateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}
