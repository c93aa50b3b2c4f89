//! Orders, what was delivered of them, and what merges moved.

use rapport_platform::db::schema::{clustered, index};
use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{
    big_integer, binary, integer, integer_null, json_binary, small_integer, text, text_null, uuid,
    uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{order_delivery, order_line, order_reassignment, sales_order};

/// Creates them.
pub(super) struct CreateOrders;

impl MigrationName for CreateOrders {
    fn name(&self) -> &str {
        "m0201_orders"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateOrders {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_sales_order(manager).await?;
        index_sales_order(manager).await?;
        create_order_line(manager).await?;
        create_order_delivery(manager).await?;
        index_order_delivery(manager).await?;
        create_order_reassignment(manager).await?;
        Ok(())
    }
}

async fn create_sales_order(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use sales_order::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::OrderId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::OrderId))
        .col(big_integer(Column::QuoteRevision))
        .col(binary(Column::ContentHash))
        .col(uuid_null(Column::CustomerId))
        .col(uuid_null(Column::OpportunityId))
        .col(text(Column::Owner))
        .col(text(Column::Title))
        .col(text(Column::Currency))
        .col(big_integer(Column::Net))
        .col(big_integer(Column::Tax))
        .col(small_integer(Column::State))
        .col(small_integer(Column::DeliveryState))
        .col(small_integer(Column::PaymentState))
        .col(small_integer(Column::Discrepancies))
        .col(big_integer(Column::Invoiced))
        .col(big_integer(Column::Paid))
        .col(big_integer(Column::Open))
        .col(text_null(Column::ExternalNumber))
        .col(integer_null(Column::PromisedDate))
        .col(text_null(Column::CancelReason))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

/// One for each field of `ListOrders`.
async fn index_sales_order(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use sales_order::{Column, Entity};
    for (name, column) in [
        ("sales_order_by_owner", Column::Owner),
        ("sales_order_by_state", Column::State),
        ("sales_order_by_delivery_state", Column::DeliveryState),
        ("sales_order_by_payment_state", Column::PaymentState),
    ] {
        let by = [Column::TenantId, column, Column::OrderId];
        manager.create_index(index(name, Entity, by)).await?;
    }
    for (name, column) in [
        ("sales_order_by_customer", Column::CustomerId),
        ("sales_order_by_opportunity", Column::OpportunityId),
    ] {
        let mut by = index(name, Entity, [Column::TenantId, column, Column::OrderId]);
        by.and_where(Expr::col(column).is_not_null());
        manager.create_index(by).await?;
    }
    let mut discrepant = index(
        "sales_order_discrepant",
        Entity,
        [Column::TenantId, Column::OrderId],
    );
    discrepant.and_where(Expr::cust("discrepancies > 0"));
    manager.create_index(discrepant).await?;
    let number = [Column::TenantId, Column::ExternalNumber];
    let mut number = index("sales_order_external_number", Entity, number);
    number
        .unique()
        .and_where(Expr::col(Column::ExternalNumber).is_not_null());
    manager.create_index(number).await
}

async fn create_order_line(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use order_line::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::OrderId)
        .col(Column::Position)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::OrderId))
        .col(integer(Column::Position))
        .col(uuid_null(Column::ProductId))
        .col(text(Column::Description))
        .col(big_integer(Column::Quantity))
        .col(big_integer(Column::Delivered))
        .col(big_integer(Column::UnitPrice))
        .col(integer(Column::TaxRate))
        .col(big_integer(Column::Net))
        .col(big_integer(Column::Tax))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn create_order_delivery(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use order_delivery::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::Document)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(text(Column::Document))
        .col(uuid(Column::OrderId))
        .col(big_integer(Column::Sequence))
        .col(binary(Column::ReportHash))
        .col(json_binary(Column::Lines))
        .col(integer(Column::DeliveryDate))
        .col(text_null(Column::Carrier))
        .col(text_null(Column::TrackingNumber))
        .col(big_integer(Column::UpdateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

async fn index_order_delivery(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use order_delivery::{Column, Entity};
    let by = [Column::TenantId, Column::OrderId, Column::Document];
    manager
        .create_index(index("order_delivery_by_order", Entity, by))
        .await
}

async fn create_order_reassignment(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use order_reassignment::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::MergeId)
        .col(Column::Kind)
        .col(Column::MovedId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::MergeId))
        .col(small_integer(Column::Kind))
        .col(uuid(Column::MovedId))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}
