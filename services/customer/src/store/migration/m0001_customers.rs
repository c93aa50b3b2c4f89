//! Customers, how they are found and reached, their roles and custom attributes.

use sea_orm::sea_query::{
    ColumnDef, ConditionalStatement as _, Expr, ExprTrait as _, Index, Table,
};
use sea_orm::{DbBackend, DbErr};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, integer, integer_null, json_binary, json_binary_null,
    small_integer, small_integer_null, text, text_null, uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::{clustered, index};
use crate::store::entity::{
    attribute_definition, contact_point, customer, customer_external_id, role, search_term,
};

/// Creates the tables of customers.
pub(super) struct CreateCustomers;

impl MigrationName for CreateCustomers {
    fn name(&self) -> &str {
        "m0001_customers"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateCustomers {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_customer(manager).await?;
        create_customer_external_id(manager).await?;
        create_search_term(manager).await?;
        create_contact_point(manager).await?;
        create_role(manager).await?;
        create_attribute_definition(manager).await
    }
}

async fn create_customer(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use customer::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(small_integer(Column::Kind))
        .col(text(Column::Name))
        .col(text_null(Column::GivenName))
        .col(text_null(Column::FamilyName))
        .col(text_null(Column::Salutation))
        .col(integer_null(Column::BirthDate))
        .col(text_null(Column::TradingName))
        .col(text_null(Column::Industry))
        .col(integer_null(Column::EmployeeCount))
        .col(small_integer_null(Column::FoundingYear))
        .col(big_integer_null(Column::AnnualRevenue))
        .col(text_null(Column::AnnualRevenueCurrency))
        .col(uuid_null(Column::ParentId))
        .col(text_null(Column::LanguageCode))
        .col(text_null(Column::RegionCode))
        .col(text_null(Column::TimeZone))
        .col(text_null(Column::PrimaryEmployee))
        .col(json_binary(Column::Attributes))
        .col(small_integer(Column::LifecycleStage))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .col(big_integer_null(Column::DeleteTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::CustomerId),
        )
        .to_owned();
    manager.create_table(table).await?;

    // Few customers have either, so the indexes leave the others out.
    let by_parent = [Column::TenantId, Column::ParentId, Column::CustomerId];
    let mut by_parent = index("customer_by_parent", Entity, by_parent);
    by_parent.and_where(Expr::col(Column::ParentId).is_not_null());
    manager.create_index(by_parent).await?;
    let by_employee = [
        Column::TenantId,
        Column::PrimaryEmployee,
        Column::CustomerId,
    ];
    let mut by_employee = index("customer_by_primary_employee", Entity, by_employee);
    by_employee.and_where(Expr::col(Column::PrimaryEmployee).is_not_null());
    manager.create_index(by_employee).await
}

async fn create_customer_external_id(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use customer_external_id::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(bytewise(manager, text(Column::System)))
        .col(text(Column::ExternalId))
        .col(uuid(Column::CustomerId))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::System)
                .col(Column::ExternalId),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await?;
    // A customer has one id per system.
    let by_customer = [Column::TenantId, Column::CustomerId, Column::System];
    let by_customer = index("customer_external_id_by_customer", Entity, by_customer)
        .unique()
        .take();
    manager.create_index(by_customer).await
}

async fn create_search_term(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use search_term::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(small_integer(Column::Field))
        .col(bytewise(manager, text(Column::Term)))
        .col(uuid(Column::CustomerId))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::Field)
                .col(Column::Term)
                .col(Column::CustomerId),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await?;
    // Answers whether a customer has a term in a range, too.
    let by_customer = [
        Column::TenantId,
        Column::CustomerId,
        Column::Field,
        Column::Term,
    ];
    manager
        .create_index(index("search_term_by_customer", Entity, by_customer))
        .await
}

async fn create_contact_point(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use contact_point::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(uuid(Column::ContactPointId))
        .col(small_integer(Column::Kind))
        .col(text_null(Column::Address))
        .col(text_null(Column::Extension))
        .col(small_integer_null(Column::LineKind))
        .col(text_null(Column::Platform))
        .col(json_binary_null(Column::Postal))
        .col(binary(Column::AddressDigest))
        .col(text_null(Column::Label))
        .col(integer(Column::Channels))
        .col(small_integer(Column::Rank))
        .col(big_integer_null(Column::ValidFromTime))
        .col(big_integer_null(Column::ValidToTime))
        .col(small_integer(Column::State))
        .col(big_integer(Column::StateTime))
        .col(big_integer_null(Column::VerifyTime))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::CustomerId)
                .col(Column::ContactPointId),
        )
        .to_owned();
    manager.create_table(table).await?;
    let address = [Column::TenantId, Column::CustomerId, Column::AddressDigest];
    manager
        .create_index(
            index("contact_point_address", Entity, address)
                .unique()
                .take(),
        )
        .await
}

async fn create_role(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use role::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::CustomerId))
        .col(uuid(Column::RoleId))
        .col(uuid(Column::OrganisationId))
        .col(text(Column::Title))
        .col(text_null(Column::Description))
        .col(big_integer_null(Column::ValidFromTime))
        .col(big_integer_null(Column::ValidToTime))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::CustomerId)
                .col(Column::RoleId),
        )
        .to_owned();
    manager.create_table(table).await?;
    let by_organisation = [Column::TenantId, Column::OrganisationId, Column::RoleId];
    manager
        .create_index(index("role_by_organisation", Entity, by_organisation))
        .await
}

async fn create_attribute_definition(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use attribute_definition::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(bytewise(manager, text(Column::Key)))
        .col(text(Column::DisplayName))
        .col(text_null(Column::Description))
        .col(small_integer(Column::ValueType))
        .col(small_integer(Column::Category))
        .col(json_binary(Column::AllowedValues))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(Index::create().col(Column::TenantId).col(Column::Key))
        .to_owned();
    manager.create_table(table).await
}

/// Text in the order of its bytes, as SQLite sorts by itself.
fn bytewise(manager: &SchemaManager<'_>, mut column: ColumnDef) -> ColumnDef {
    if manager.get_database_backend() == DbBackend::Postgres {
        column.extra("COLLATE \"C\"");
    }
    column
}
