//! Who may do something is found among those who may, however many may do something else.

use rapport_platform::db::schema::index;
use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::authority_grant::{Column, Entity};

/// Indexes them.
pub(super) struct IndexGrantsByAction;

impl MigrationName for IndexGrantsByAction {
    fn name(&self) -> &str {
        "m0702_grants_by_action"
    }
}

#[tonic::async_trait]
impl MigrationTrait for IndexGrantsByAction {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let by = [Column::TenantId, Column::Action, Column::GrantId];
        let index = index("authority_grant_by_action", Entity, by);
        manager.create_index(index).await
    }
}
