//! Lists by two fields at once read only what they answer, however much one of the two has.

use rapport_platform::db::schema::index;
use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{expense_report, invoice, quote, sales_order};

/// Indexes them.
pub(super) struct IndexLists;

impl MigrationName for IndexLists {
    fn name(&self) -> &str {
        "m0602_lists"
    }
}

#[tonic::async_trait]
impl MigrationTrait for IndexLists {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        use {expense_report as report, sales_order as order};
        let by = [
            quote::Column::TenantId,
            quote::Column::Owner,
            quote::Column::State,
            quote::Column::QuoteId,
        ];
        let quotes = index("quote_by_owner_and_state", quote::Entity, by);
        let by = [
            order::Column::TenantId,
            order::Column::Owner,
            order::Column::State,
            order::Column::OrderId,
        ];
        let orders = index("sales_order_by_owner_and_state", order::Entity, by);
        let by = [
            report::Column::TenantId,
            report::Column::SellerId,
            report::Column::State,
            report::Column::ReportId,
        ];
        let reports = index("expense_report_by_seller_and_state", report::Entity, by);
        // What is open is what is settled never: a day beyond all others.
        let by = [
            invoice::Column::TenantId,
            invoice::Column::CustomerId,
            invoice::Column::SettledDate,
            invoice::Column::InvoiceId,
        ];
        let mut invoices = index("invoice_by_customer_and_settled_date", invoice::Entity, by);
        invoices.and_where(Expr::col(invoice::Column::CustomerId).is_not_null());
        for index in [quotes, orders, reports, invoices] {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}
