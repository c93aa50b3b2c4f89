//! What sellers spend for the company, and what may be spent for.

use rapport_platform::db::schema::{index, refuse_updates};
use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, integer, integer_null, small_integer, text, text_null,
    uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{expense_line, expense_policy, expense_report};

/// Creates them.
pub(super) struct CreateExpenses;

impl MigrationName for CreateExpenses {
    fn name(&self) -> &str {
        "m0204_expenses"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateExpenses {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_expense_policy(manager).await?;
        create_expense_report(manager).await?;
        index_expense_report(manager).await?;
        create_expense_line(manager).await?;
        index_expense_line(manager).await?;
        refuse_updates(manager, &["expense_policy"]).await
    }
}

async fn create_expense_policy(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use expense_policy::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::Version)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(big_integer(Column::Version))
        .col(binary(Column::Document))
        .col(text(Column::Author))
        .col(big_integer(Column::CreateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn create_expense_report(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use expense_report::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::ReportId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ReportId))
        .col(uuid(Column::SellerId))
        .col(text(Column::Title))
        .col(text(Column::Currency))
        .col(big_integer(Column::Total))
        .col(integer(Column::WarnedLines))
        .col(big_integer(Column::PolicyVersion))
        .col(small_integer(Column::State))
        .col(text(Column::Author))
        .col(text_null(Column::Submitter))
        .col(big_integer_null(Column::SubmitTime))
        .col(text_null(Column::Approver))
        .col(uuid_null(Column::GrantId))
        .col(text_null(Column::DecisionComment))
        .col(big_integer_null(Column::DecideTime))
        .col(text_null(Column::PaymentDocument))
        .col(integer_null(Column::PaymentDate))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

/// One for each field of `ListExpenseReports`.
async fn index_expense_report(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use expense_report::{Column, Entity};
    for (name, column) in [
        ("expense_report_by_seller", Column::SellerId),
        ("expense_report_by_state", Column::State),
    ] {
        let by = [Column::TenantId, column, Column::ReportId];
        manager.create_index(index(name, Entity, by)).await?;
    }
    Ok(())
}

async fn create_expense_line(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use expense_line::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::ReportId)
        .col(Column::Position)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::ReportId))
        .col(integer(Column::Position))
        .col(uuid(Column::LineId))
        .col(uuid(Column::SellerId))
        .col(integer(Column::ExpenseDate))
        .col(text(Column::Category))
        .col(text(Column::Description))
        .col(big_integer(Column::Amount))
        .col(text(Column::Currency))
        .col(text(Column::Rate))
        .col(big_integer(Column::HomeAmount))
        .col(text_null(Column::Receipt))
        .col(uuid_null(Column::CustomerId))
        .col(uuid_null(Column::OpportunityId))
        .col(text_null(Column::Campaign))
        .col(small_integer(Column::Warnings))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

/// By day for what is added up, by seller for what is there twice, by customer for merges.
async fn index_expense_line(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use expense_line::{Column, Entity};
    let by = [Column::TenantId, Column::ExpenseDate];
    let by_date = index("expense_line_by_date", Entity, by);
    manager.create_index(by_date).await?;
    let by = [Column::TenantId, Column::SellerId, Column::ExpenseDate];
    let by_seller = index("expense_line_by_seller", Entity, by);
    manager.create_index(by_seller).await?;
    let by = [Column::TenantId, Column::CustomerId];
    let mut by_customer = index("expense_line_by_customer", Entity, by);
    by_customer.and_where(Expr::col(Column::CustomerId).is_not_null());
    manager.create_index(by_customer).await
}
