//! Who is invited may answer to single instances of what repeats.

use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::schema::binary_null;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::calendar_attendee::{Column, Entity};

/// Adds these answers to those to the whole.
pub(super) struct AddInstanceResponses;

impl MigrationName for AddInstanceResponses {
    fn name(&self) -> &str {
        "m1001_instance_responses"
    }
}

#[tonic::async_trait]
impl MigrationTrait for AddInstanceResponses {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::alter()
            .table(Entity)
            .add_column(binary_null(Column::InstanceResponses))
            .to_owned();
        manager.alter_table(table).await
    }
}
