//! The service's tables, step by step. A step that was released never changes; the next one
//! is added below it.

mod m0001_customers;
mod m0002_contacts;
mod m0003_imports;
mod m0006_delivery;

use rapport_platform::db::platform_migrations;
use sea_orm::sea_query::{Index, IndexCreateStatement, IntoIden, TableCreateStatement};
use sea_orm::{DbBackend, Iden};
use sea_orm_migration::{MigrationTrait, SchemaManager};

/// Every step, in order: the platform's tables first.
pub(crate) fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    let mut steps = platform_migrations();
    steps.push(Box::new(m0001_customers::CreateCustomers));
    steps.push(Box::new(m0002_contacts::CreateContacts));
    steps.push(Box::new(m0003_imports::CreateImports));
    steps.push(Box::new(m0006_delivery::CreateDelivery));
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
