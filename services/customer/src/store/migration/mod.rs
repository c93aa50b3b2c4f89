//! The service's tables, step by step. A step that was released never changes; the next one
//! is added below it.

mod m0001_customers;
mod m0002_contacts;
mod m0003_imports;
mod m0004_choice;
mod m0005_identity;
mod m0006_delivery;
mod m0007_effect;

use rapport_platform::db::platform_migrations;
use sea_orm::sea_query::{Index, IndexCreateStatement, IntoIden, TableCreateStatement};
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Iden};
use sea_orm_migration::{MigrationTrait, SchemaManager};

/// Every step, in order: the platform's tables first.
pub(crate) fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    let mut steps = platform_migrations();
    steps.push(Box::new(m0001_customers::CreateCustomers));
    steps.push(Box::new(m0002_contacts::CreateContacts));
    steps.push(Box::new(m0003_imports::CreateImports));
    steps.push(Box::new(m0004_choice::CreateChoice));
    steps.push(Box::new(m0005_identity::CreateIdentity));
    steps.push(Box::new(m0006_delivery::CreateDelivery));
    steps.push(Box::new(m0007_effect::CreateEffect));
    steps
}

/// SQLite keeps the rows of a small table in its key instead of twice.
fn clustered(manager: &SchemaManager<'_>, mut table: TableCreateStatement) -> TableCreateStatement {
    if manager.get_database_backend() == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

fn index<const N: usize>(
    name: &str,
    table: impl Iden + 'static,
    columns: [impl IntoIden; N],
) -> IndexCreateStatement {
    let mut index = Index::create();
    index.name(name).table(table);
    for column in columns {
        index.col(column.into_iden());
    }
    index
}

/// Makes tables append-only: what was recorded can be added to or, by law, removed, but
/// not rewritten, whichever code or person tries.
async fn refuse_updates(manager: &SchemaManager<'_>, tables: &[&str]) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let postgres = manager.get_database_backend() == DbBackend::Postgres;
    if postgres {
        let function = "CREATE OR REPLACE FUNCTION refuse_update() RETURNS trigger \
             LANGUAGE plpgsql AS \
             $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$";
        connection.execute_unprepared(function).await?;
    }
    for table in tables {
        let trigger = if postgres {
            format!(
                "CREATE TRIGGER {table}_is_append_only BEFORE UPDATE ON {table} \
                 FOR EACH ROW EXECUTE FUNCTION refuse_update()"
            )
        } else {
            format!(
                "CREATE TRIGGER {table}_is_append_only BEFORE UPDATE ON {table} \
                 BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        };
        connection.execute_unprepared(&trigger).await?;
    }
    Ok(())
}
