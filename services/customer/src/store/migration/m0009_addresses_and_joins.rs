//! What the ledger says about an address holds for the address, and merges tell since when.

use sea_orm::sea_query::{ColumnDef, IntoTableRef, Table};
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr};
use sea_orm_migration::schema::{big_integer_null, binary_null};
use sea_orm_migration::{MigrationName, MigrationTrait, SchemaManager};

use super::refuse_updates;
use crate::store::entity::{consent_event, customer_merge};

/// Adds the hash of the address to consents, and the instant of joining to merges.
pub(super) struct AddAddressesAndJoins;

impl MigrationName for AddAddressesAndJoins {
    fn name(&self) -> &str {
        "m0009_addresses_and_joins"
    }
}

#[tonic::async_trait]
impl MigrationTrait for AddAddressesAndJoins {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let digest = binary_null(consent_event::Column::AddressDigest);
        let join_time = big_integer_null(customer_merge::Column::JoinTime);
        add(manager, consent_event::Entity, digest).await?;
        add(manager, customer_merge::Entity, join_time).await?;
        let connection = manager.get_connection();
        // The ledger refuses updates: this one tells nothing new.
        let on = match manager.get_database_backend() {
            DbBackend::Postgres => " ON consent_event",
            _ => "",
        };
        let allow = format!("DROP TRIGGER consent_event_is_append_only{on}");
        connection.execute_unprepared(&allow).await?;
        connection.execute_unprepared(ADDRESSES).await?;
        refuse_updates(manager, &["consent_event"]).await?;
        connection.execute_unprepared(JOINS).await?;
        Ok(())
    }
}

/// The addresses of contact points that are still there.
const ADDRESSES: &str = "UPDATE consent_event SET address_digest = point.address_digest
    FROM contact_point AS point
    WHERE point.tenant_id = consent_event.tenant_id
        AND point.contact_point_id = consent_event.contact_point_id";

const JOINS: &str = "UPDATE customer_merge SET join_time = merge_time";

async fn add(
    manager: &SchemaManager<'_>,
    table: impl IntoTableRef,
    column: ColumnDef,
) -> Result<(), DbErr> {
    let alter = Table::alter().table(table).add_column(column).to_owned();
    manager.alter_table(alter).await
}
