//! By which keys the rows were written.

use sea_orm::DbErr;
use sea_orm::sea_query::Table;
use sea_orm_migration::schema::{binary, text};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use crate::store::entity::key_proof::{Column, Entity};

/// Creates proofs of keys.
pub(super) struct CreateKeyProofs;

impl MigrationName for CreateKeyProofs {
    fn name(&self) -> &str {
        "m0010_key_proofs"
    }
}

#[tonic::async_trait]
impl MigrationTrait for CreateKeyProofs {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table(Entity)
            .col(text(Column::Setting).primary_key())
            .col(binary(Column::Proof))
            .to_owned();
        manager.create_table(table).await
    }
}
