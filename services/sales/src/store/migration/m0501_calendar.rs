//! Calendars, and what events and tasks concern.

use rapport_platform::db::schema::{clustered, index};
use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, binary, binary_null, boolean, integer, small_integer, text_null,
    uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::{activity_link, calendar_attendee, calendar_event, calendar_feed};

/// Creates them.
pub(super) struct CreateCalendar;

impl MigrationName for CreateCalendar {
    fn name(&self) -> &str {
        "m0501_calendar"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateCalendar {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_calendar_event(manager).await?;
        create_calendar_attendee(manager).await?;
        index_calendar_attendee(manager).await?;
        create_activity_link(manager).await?;
        index_activity_link(manager).await?;
        create_calendar_feed(manager).await
    }
}

/// By time for the worker that reminds, which looks at every tenant.
async fn create_calendar_event(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use calendar_event::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::EventId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::EventId))
        .col(uuid(Column::OrganizerId))
        .col(small_integer(Column::State))
        .col(binary(Column::Document))
        .col(integer(Column::Sequence))
        .col(big_integer(Column::RemindedTime))
        .col(big_integer_null(Column::NextReminderTime))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await?;
    let by = [Column::NextReminderTime, Column::EventId];
    let mut by_reminder = index("calendar_event_by_reminder", Entity, by);
    by_reminder.and_where(Expr::col(Column::NextReminderTime).is_not_null());
    manager.create_index(by_reminder).await
}

async fn create_calendar_attendee(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use calendar_attendee::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::EventId)
        .col(Column::AttendeeId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::EventId))
        .col(uuid(Column::AttendeeId))
        .col(integer(Column::Position))
        .col(uuid_null(Column::SellerId))
        .col(uuid_null(Column::CustomerId))
        .col(text_null(Column::Email))
        .col(boolean(Column::Optional))
        .col(small_integer(Column::Response))
        .col(big_integer_null(Column::RespondTime))
        .col(boolean(Column::Busy))
        .col(big_integer(Column::FirstTime))
        .col(big_integer(Column::LastTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

/// By seller and time for calendars, by what he answered for invitations, by customer for merges.
async fn index_calendar_attendee(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use calendar_attendee::{Column, Entity};
    let by = [Column::TenantId, Column::SellerId, Column::LastTime];
    let mut by_seller = index("calendar_attendee_by_seller", Entity, by);
    by_seller.and_where(Expr::col(Column::SellerId).is_not_null());
    manager.create_index(by_seller).await?;
    let by = [
        Column::TenantId,
        Column::SellerId,
        Column::Response,
        Column::LastTime,
        Column::EventId,
    ];
    let mut by_response = index("calendar_attendee_by_response", Entity, by);
    by_response.and_where(Expr::col(Column::SellerId).is_not_null());
    manager.create_index(by_response).await?;
    let by = [Column::TenantId, Column::CustomerId];
    let mut by_customer = index("calendar_attendee_by_customer", Entity, by);
    by_customer.and_where(Expr::col(Column::CustomerId).is_not_null());
    manager.create_index(by_customer).await
}

async fn create_activity_link(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use activity_link::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::OwnerId)
        .col(Column::LinkId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::OwnerId))
        .col(uuid(Column::LinkId))
        .col(integer(Column::Position))
        .col(uuid_null(Column::CustomerId))
        .col(text_null(Column::Resource))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await
}

/// By customer for merges and lists, by resource for lists.
async fn index_activity_link(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use activity_link::{Column, Entity};
    let by = [Column::TenantId, Column::CustomerId, Column::OwnerId];
    let mut by_customer = index("activity_link_by_customer", Entity, by);
    by_customer.and_where(Expr::col(Column::CustomerId).is_not_null());
    manager.create_index(by_customer).await?;
    let by = [Column::TenantId, Column::Resource, Column::OwnerId];
    let mut by_resource = index("activity_link_by_resource", Entity, by);
    by_resource.and_where(Expr::col(Column::Resource).is_not_null());
    manager.create_index(by_resource).await
}

/// By secret for those who read feeds.
async fn create_calendar_feed(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use calendar_feed::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::SellerId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::SellerId))
        .col(binary_null(Column::SecretHash))
        .col(boolean(Column::Own))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::UpdateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(clustered(manager, table)).await?;
    let by = [Column::TenantId, Column::SecretHash];
    let mut by_secret = index("calendar_feed_by_secret", Entity, by);
    by_secret.and_where(Expr::col(Column::SecretHash).is_not_null());
    manager.create_index(by_secret.unique().to_owned()).await
}
