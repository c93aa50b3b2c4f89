//! What may be quoted freely beyond list prices and above floors is granted by name.

use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::schema::boolean;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::authority_grant::{Column, Entity};

/// Adds it to grants: those that were given before cover neither.
pub(super) struct LimitFreeQuotes;

impl MigrationName for LimitFreeQuotes {
    fn name(&self) -> &str {
        "m0901_free_quotes"
    }
}

#[tonic::async_trait]
impl MigrationTrait for LimitFreeQuotes {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // SQLite adds one column at a time.
        for column in [Column::CoversUnlisted, Column::CoversBelowFloor] {
            let mut column = boolean(column);
            let table = Table::alter()
                .table(Entity)
                .add_column(column.default(false))
                .to_owned();
            manager.alter_table(table).await?;
        }
        Ok(())
    }
}
