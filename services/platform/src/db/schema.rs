//! What services make their tables of, on both engines.

use sea_orm::sea_query::{Index, IndexCreateStatement, IntoIden, TableCreateStatement};
use sea_orm::{ConnectionTrait as _, DbBackend, DbErr, Iden};
use sea_orm_migration::SchemaManager;

/// SQLite keeps the rows of a small table in its key instead of twice.
pub fn clustered(
    manager: &SchemaManager<'_>,
    mut table: TableCreateStatement,
) -> TableCreateStatement {
    if manager.get_database_backend() == DbBackend::Sqlite {
        table.extra("WITHOUT ROWID");
    }
    table
}

/// An index over columns.
pub fn index<const N: usize>(
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
///
/// # Errors
/// Those of the engine.
pub async fn refuse_updates(manager: &SchemaManager<'_>, tables: &[&str]) -> Result<(), DbErr> {
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
