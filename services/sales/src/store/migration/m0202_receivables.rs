//! Invoices and what changes what is open of them.

use rapport_platform::db::schema::index;
use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, integer, integer_null, small_integer, text, text_null,
    uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{invoice, invoice_entry};

/// Creates them.
pub(super) struct CreateReceivables;

impl MigrationName for CreateReceivables {
    fn name(&self) -> &str {
        "m0202_receivables"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateReceivables {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_invoice(manager).await?;
        index_invoice(manager).await?;
        create_invoice_entry(manager).await?;
        index_invoice_entry(manager).await?;
        Ok(())
    }
}

async fn create_invoice(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use invoice::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::InvoiceId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::InvoiceId))
        .col(text(Column::Document))
        .col(big_integer(Column::Sequence))
        .col(binary(Column::ReportHash))
        .col(uuid_null(Column::CustomerId))
        .col(uuid_null(Column::OrderId))
        .col(text(Column::Currency))
        .col(big_integer(Column::Net))
        .col(big_integer(Column::Tax))
        .col(big_integer(Column::Invoiced))
        .col(big_integer(Column::Paid))
        .col(big_integer(Column::Open))
        .col(integer(Column::IssueDate))
        .col(integer(Column::DueDate))
        .col(integer(Column::SettledDate))
        .col(big_integer_null(Column::DisputeTime))
        .col(text_null(Column::DisputeReason))
        .col(integer_null(Column::PromiseDate))
        .col(small_integer(Column::DunningLevel))
        .col(integer_null(Column::LastDunningDate))
        .col(integer_null(Column::NextDunningDate))
        .col(uuid_null(Column::NoticeId))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

/// Those of `ListInvoices`, of reports by the ERP's number, of ages, and of those who are overdue.
async fn index_invoice(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use invoice::{Column, Entity};
    let mut document = index(
        "invoice_document",
        Entity,
        [Column::TenantId, Column::Document],
    );
    manager.create_index(document.unique().to_owned()).await?;
    for (name, column) in [
        ("invoice_by_due_date", Column::DueDate),
        ("invoice_by_settled_date", Column::SettledDate),
    ] {
        let by = [Column::TenantId, column, Column::InvoiceId];
        manager.create_index(index(name, Entity, by)).await?;
    }
    for (name, column) in [
        ("invoice_by_customer", Column::CustomerId),
        ("invoice_by_order", Column::OrderId),
        ("invoice_by_notice", Column::NoticeId),
    ] {
        let mut by = index(name, Entity, [Column::TenantId, column, Column::InvoiceId]);
        by.and_where(Expr::col(column).is_not_null());
        manager.create_index(by).await?;
    }
    let by = [Column::TenantId, Column::CustomerId, Column::Currency];
    let mut owed = index("invoice_owed", Entity, by);
    owed.and_where(Expr::col(Column::Open).gt(0))
        .and_where(Expr::col(Column::DisputeTime).is_null());
    manager.create_index(owed).await
}

async fn create_invoice_entry(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use invoice_entry::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::Document)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(text(Column::Document))
        .col(uuid(Column::InvoiceId))
        .col(big_integer(Column::Sequence))
        .col(binary(Column::ReportHash))
        .col(small_integer(Column::Kind))
        .col(big_integer(Column::Amount))
        .col(integer(Column::BookingDate))
        .col(big_integer(Column::UpdateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn index_invoice_entry(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use invoice_entry::{Column, Entity};
    let by = [Column::TenantId, Column::InvoiceId, Column::Document];
    manager
        .create_index(index("invoice_entry_by_invoice", Entity, by))
        .await
}
