//! Plans for customers, whom they are about, and what was found when they were looked at.

use rapport_platform::db::schema::{index, refuse_updates};
use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{
    big_integer, binary, integer, integer_null, small_integer, small_integer_null, text, text_null,
    uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{account_plan, account_plan_party, account_plan_review};

/// Creates them.
pub(super) struct CreateAccountPlans;

impl MigrationName for CreateAccountPlans {
    fn name(&self) -> &str {
        "m0603_account_plans"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateAccountPlans {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_plan(manager).await?;
        index_plan(manager).await?;
        create_party(manager).await?;
        create_review(manager).await?;
        refuse_updates(manager, &["account_plan_review"]).await
    }
}

async fn create_plan(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use account_plan::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::PlanId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::PlanId))
        .col(uuid_null(Column::CustomerId))
        .col(uuid(Column::OwnerId))
        .col(text(Column::Title))
        .col(small_integer(Column::State))
        .col(integer(Column::StartDate))
        .col(integer(Column::EndDate))
        .col(big_integer(Column::Target))
        .col(text(Column::Currency))
        .col(integer_null(Column::NextReviewDate))
        .col(binary(Column::Content))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

/// One for each field of `ListAccountPlans`.
async fn index_plan(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use account_plan::{Column, Entity};
    let by = [
        Column::TenantId,
        Column::OwnerId,
        Column::State,
        Column::PlanId,
    ];
    manager
        .create_index(index("account_plan_by_owner_and_state", Entity, by))
        .await?;
    for (name, column) in [
        ("account_plan_by_owner", Column::OwnerId),
        ("account_plan_by_state", Column::State),
        ("account_plan_by_start_date", Column::StartDate),
        ("account_plan_by_end_date", Column::EndDate),
    ] {
        let by = [Column::TenantId, column, Column::PlanId];
        manager.create_index(index(name, Entity, by)).await?;
    }
    for (name, column) in [
        ("account_plan_by_customer", Column::CustomerId),
        ("account_plan_by_next_review_date", Column::NextReviewDate),
    ] {
        let mut by = index(name, Entity, [Column::TenantId, column, Column::PlanId]);
        by.and_where(Expr::col(column).is_not_null());
        manager.create_index(by).await?;
    }
    Ok(())
}

async fn create_party(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use account_plan_party::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::PartyId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::PartyId))
        .col(uuid(Column::PlanId))
        .col(integer(Column::Position))
        .col(uuid_null(Column::CustomerId))
        .col(text_null(Column::Role))
        .col(small_integer_null(Column::Stance))
        .col(text_null(Column::Note))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await?;
    for (name, column) in [
        ("account_plan_party_by_plan", Column::PlanId),
        ("account_plan_party_by_customer", Column::CustomerId),
    ] {
        let by = [Column::TenantId, column, Column::PartyId];
        manager.create_index(index(name, Entity, by)).await?;
    }
    Ok(())
}

async fn create_review(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use account_plan_review::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::ReviewId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ReviewId))
        .col(uuid(Column::PlanId))
        .col(text(Column::Note))
        .col(big_integer(Column::Won))
        .col(big_integer(Column::Open))
        .col(big_integer(Column::Weighted))
        .col(big_integer(Column::Target))
        .col(text(Column::Currency))
        .col(text(Column::Author))
        .col(big_integer(Column::ReviewTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await?;
    let by = [Column::TenantId, Column::PlanId, Column::ReviewId];
    manager
        .create_index(index("account_plan_review_by_plan", Entity, by))
        .await
}
