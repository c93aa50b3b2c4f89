//! Who has an address: asked when it is suppressed.

use sea_orm::DbErr;
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::index;
use crate::store::entity::contact_point::{Column, Entity};

/// Makes the holders of an address findable.
pub(super) struct IndexAddresses;

impl MigrationName for IndexAddresses {
    fn name(&self) -> &str {
        "m0007_addresses"
    }
}

#[tonic::async_trait]
impl MigrationTrait for IndexAddresses {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let holders = [Column::TenantId, Column::AddressDigest];
        manager
            .create_index(index("contact_point_holders", Entity, holders))
            .await
    }
}
