//! Messages on their way out, and the texts they are made of.

use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary_null, boolean, integer, json_binary, small_integer,
    small_integer_null, text, text_null, uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::{clustered, index};
use crate::store::entity::{delivery, delivery_attempt, delivery_route, template};

/// Creates the tables of deliveries.
pub(super) struct CreateDelivery;

impl MigrationName for CreateDelivery {
    fn name(&self) -> &str {
        "m0006_delivery"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateDelivery {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_delivery(manager).await?;
        index_delivery(manager).await?;
        create_delivery_attempt(manager).await?;
        create_delivery_route(manager).await?;
        create_template(manager).await
    }
}

async fn create_delivery(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use delivery::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::DeliveryId))
        .col(uuid(Column::CustomerId))
        .col(uuid(Column::InteractionId))
        .col(small_integer(Column::Channel))
        .col(small_integer(Column::Purpose))
        .col(uuid_null(Column::ContactPointId))
        .col(binary_null(Column::AddressDigest))
        .col(uuid(Column::ContactPermitId))
        .col(text_null(Column::Topic))
        .col(text_null(Column::Campaign))
        .col(text_null(Column::Html))
        .col(small_integer(Column::Connector))
        .col(small_integer(Column::State))
        .col(integer(Column::Refusals))
        .col(integer(Column::AttemptCount))
        .col(integer(Column::ForgivenCount))
        .col(big_integer_null(Column::DueTime))
        .col(uuid_null(Column::LeaseId))
        .col(text_null(Column::ProviderMessageId))
        .col(boolean(Column::PossibleDuplicate))
        .col(text_null(Column::Failure))
        .col(big_integer_null(Column::ComplainTime))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .col(big_integer_null(Column::EndTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::DeliveryId),
        )
        .to_owned();
    manager.create_table(table).await
}

async fn index_delivery(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use delivery::{Column, Entity};
    // As small as what waits, however much was sent. Workers go from tenant to tenant …
    let due = [
        Column::Connector,
        Column::TenantId,
        Column::DueTime,
        Column::DeliveryId,
    ];
    let mut due = index("delivery_due", Entity, due);
    due.and_where(Expr::col(Column::DueTime).is_not_null());
    manager.create_index(due).await?;
    // … and a gateway pulls from some of its tenant's channels.
    let queue = [
        Column::TenantId,
        Column::Connector,
        Column::Channel,
        Column::DueTime,
        Column::DeliveryId,
    ];
    let mut queue = index("delivery_queue", Entity, queue);
    queue.and_where(Expr::col(Column::DueTime).is_not_null());
    manager.create_index(queue).await?;

    let state = [Column::TenantId, Column::State, Column::DeliveryId];
    manager
        .create_index(index("delivery_by_state", Entity, state))
        .await?;
    let customer = [Column::TenantId, Column::CustomerId, Column::DeliveryId];
    manager
        .create_index(index("delivery_by_customer", Entity, customer))
        .await?;
    let provider = [Column::TenantId, Column::ProviderMessageId];
    let mut provider = index("delivery_by_provider", Entity, provider);
    provider.and_where(Expr::col(Column::ProviderMessageId).is_not_null());
    manager.create_index(provider).await
}

async fn create_delivery_attempt(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use delivery_attempt::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::DeliveryId))
        .col(integer(Column::Number))
        .col(small_integer(Column::Connector))
        .col(big_integer(Column::StartTime))
        .col(big_integer_null(Column::EndTime))
        .col(small_integer_null(Column::Result))
        .col(text_null(Column::Failure))
        .col(boolean(Column::PossibleDuplicate))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::DeliveryId)
                .col(Column::Number),
        )
        .to_owned();
    manager.create_table(clustered(manager, table)).await?;
    // Cleared by it.
    let ended = index("delivery_attempt_by_end", Entity, [Column::EndTime]);
    manager.create_index(ended).await
}

async fn create_delivery_route(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use delivery_route::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(small_integer(Column::Channel))
        .col(small_integer(Column::Connector))
        .col(text_null(Column::Url))
        .col(text_null(Column::Secret))
        .col(big_integer_null(Column::StopTime))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::UpdateTime))
        .primary_key(Index::create().col(Column::TenantId).col(Column::Channel))
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

async fn create_template(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use template::{Column, Entity};
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(text(Column::TemplateId))
        .col(text(Column::DisplayName))
        .col(small_integer(Column::Channel))
        .col(text(Column::Subject))
        .col(text(Column::Text))
        .col(text_null(Column::Html))
        .col(json_binary(Column::MergeFields))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(
            Index::create()
                .col(Column::TenantId)
                .col(Column::TemplateId),
        )
        .to_owned();
    manager.create_table(table).await
}
