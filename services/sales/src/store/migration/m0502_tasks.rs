//! Tasks.

use rapport_platform::db::schema::index;
use sea_orm::DbErr;
use sea_orm::sea_query::{ConditionalStatement as _, Expr, ExprTrait as _, Index, Table};
use sea_orm_migration::schema::{
    big_integer, big_integer_null, integer_null, small_integer, text, text_null, uuid, uuid_null,
};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::task;

/// Creates them.
pub(super) struct CreateTasks;

impl MigrationName for CreateTasks {
    fn name(&self) -> &str {
        "m0502_tasks"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateTasks {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        create_task(manager).await?;
        index_task(manager).await
    }
}

async fn create_task(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use task::{Column, Entity};
    let mut key = Index::create()
        .col(Column::TenantId)
        .col(Column::TaskId)
        .take();
    let table = Table::create()
        .table(Entity)
        .col(uuid(Column::TenantId))
        .col(uuid(Column::TaskId))
        .col(uuid(Column::AssigneeId))
        .col(text(Column::Title))
        .col(text_null(Column::Description))
        .col(integer_null(Column::DueDate))
        .col(big_integer_null(Column::DueTime))
        .col(big_integer_null(Column::DueMeant))
        .col(big_integer_null(Column::OverTime))
        .col(text(Column::TimeZone))
        .col(text_null(Column::RecurrenceRule))
        .col(small_integer(Column::Priority))
        .col(small_integer(Column::State))
        .col(big_integer_null(Column::RemindTime))
        .col(big_integer_null(Column::RemindMeant))
        .col(big_integer_null(Column::NextReminderTime))
        .col(text(Column::Author))
        .col(text_null(Column::Closer))
        .col(big_integer_null(Column::CloseTime))
        .col(uuid_null(Column::NextTaskId))
        .col(big_integer(Column::Version))
        .col(big_integer(Column::CreateTime))
        .col(big_integer(Column::UpdateTime))
        .primary_key(&mut key)
        .to_owned();
    manager.create_table(table).await
}

/// By assignee, state or both for lists, by the time for what is overdue of what is not done, and by the
/// reminder for the worker, which looks at every tenant.
async fn index_task(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    use task::{Column, Entity};
    let (tenant, assignee, state, id) = (
        Column::TenantId,
        Column::AssigneeId,
        Column::State,
        Column::TaskId,
    );
    let by = [tenant, assignee, id];
    let by_assignee = index("task_by_assignee", Entity, by);
    manager.create_index(by_assignee).await?;
    let by = [tenant, assignee, state, id];
    let by_both = index("task_by_assignee_and_state", Entity, by);
    manager.create_index(by_both).await?;
    let by = [tenant, state, id];
    let by_state = index("task_by_state", Entity, by);
    manager.create_index(by_state).await?;
    let by = [
        Column::TenantId,
        Column::AssigneeId,
        Column::OverTime,
        Column::TaskId,
    ];
    let mut by_time = index("task_by_time", Entity, by);
    by_time.and_where(Expr::col(Column::CloseTime).is_null());
    manager.create_index(by_time).await?;
    let by = [Column::NextReminderTime, Column::TaskId];
    let mut by_reminder = index("task_by_reminder", Entity, by);
    by_reminder.and_where(Expr::col(Column::NextReminderTime).is_not_null());
    manager.create_index(by_reminder).await
}
