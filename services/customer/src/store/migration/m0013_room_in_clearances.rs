//! Room where contacts are counted.

use sea_orm::{ConnectionTrait as _, DbBackend, DbErr};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

/// Leaves room on PostgreSQL's pages of clearances. Each contact changes one: the changed row finds
/// place beside the old one, and the index needn't learn of it. Pages that are there already become
/// roomy as their rows change.
pub(super) struct LeaveRoomInClearances;

impl MigrationName for LeaveRoomInClearances {
    fn name(&self) -> &str {
        "m0013_room_in_clearances"
    }
}

#[tonic::async_trait]
impl MigrationTrait for LeaveRoomInClearances {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        if manager.get_database_backend() == DbBackend::Postgres {
            let leave_room = "ALTER TABLE contact_clearance SET (fillfactor = 80)";
            let connection = manager.get_connection();
            connection.execute_unprepared(leave_room).await?;
        }
        Ok(())
    }
}
