//! Reads database errors: what they mean for the caller, and what of them may be logged.

use sea_orm::sqlx::error::DatabaseError;
use sea_orm::sqlx::{self, postgres::PgDatabaseError};
use sea_orm::{DbErr, RuntimeErr};

/// What a database error means for the work that met it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseFault {
    /// No connection, or it broke: the same work may succeed soon.
    Unavailable,
    /// Concurrent transactions collided: the same work may succeed at once.
    Contention,
    /// The statement was stopped, by a timeout or by request.
    Cancelled,
    /// Anything else: a fault of ours.
    Other,
}

impl DatabaseFault {
    /// Classifies an error of either engine.
    pub fn of(error: &DbErr) -> Self {
        match (error, driver_error(error)) {
            (_, Some(error)) => Self::of_driver(error),
            (DbErr::ConnectionAcquire(_) | DbErr::Conn(_), None) => Self::Unavailable,
            (_, None) => Self::Other,
        }
    }

    fn of_driver(error: &sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable,
            sqlx::Error::Database(error) => {
                let code = error.code().unwrap_or_default();
                if is_postgres(error.as_ref()) {
                    Self::of_sqlstate(&code)
                } else {
                    Self::of_sqlite_code(&code)
                }
            }
            _ => Self::Other,
        }
    }

    /// PostgreSQL, appendix A: SQLSTATE codes.
    fn of_sqlstate(code: &str) -> Self {
        match code {
            // serialization_failure, deadlock_detected, lock_not_available
            "40001" | "40P01" | "55P03" => Self::Contention,
            // query_canceled
            "57014" => Self::Cancelled,
            // too_many_connections; shutting down, crashed, starting up; read only after a fail-over
            "53300" | "57P01" | "57P02" | "57P03" | "25006" => Self::Unavailable,
            _ if code.starts_with("08") => Self::Unavailable,
            _ => Self::Other,
        }
    }

    /// SQLite result codes; extended ones keep the primary code in their low byte.
    fn of_sqlite_code(code: &str) -> Self {
        match code.parse::<u32>().map(|code| code & 0xff) {
            // SQLITE_BUSY and SQLITE_LOCKED
            Ok(5 | 6) => Self::Contention,
            // SQLITE_INTERRUPT
            Ok(9) => Self::Cancelled,
            // SQLITE_CANTOPEN
            Ok(14) => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

/// A line for the log: codes and names, never SQL, never the data that was bound.
pub(super) fn describe(error: &DbErr) -> String {
    if let Some(error) = driver_error(error) {
        return describe_driver(error);
    }
    match error {
        // These hold names of ours or nothing.
        DbErr::ConnectionAcquire(_)
        | DbErr::Conn(_)
        | DbErr::RecordNotInserted
        | DbErr::RecordNotUpdated
        | DbErr::Migration(_) => error.to_string(),
        // The rest may quote a value.
        DbErr::Json(_) => "a JSON column can't be read".to_owned(),
        DbErr::Type(_) | DbErr::TryIntoErr { .. } => "a column has another type".to_owned(),
        DbErr::RecordNotFound(_) => "record not found".to_owned(),
        DbErr::AttrNotSet(attribute) => format!("attribute {attribute} is not set"),
        _ => "unexpected database error".to_owned(),
    }
}

fn describe_driver(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => describe_engine(error.as_ref()),
        sqlx::Error::ColumnDecode { index, .. } => format!("column {index} can't be decoded"),
        sqlx::Error::ColumnNotFound(column) => format!("column {column} not found"),
        sqlx::Error::RowNotFound => "row not found".to_owned(),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => error.to_string(),
        _ => "unexpected driver error".to_owned(),
    }
}

fn describe_engine(error: &dyn DatabaseError) -> String {
    let code = error.code().unwrap_or_default();
    let names = [("constraint", error.constraint()), ("table", error.table())]
        .into_iter()
        .filter_map(|(kind, name)| name.map(|name| format!(", {kind} {name}")))
        .collect::<String>();
    // PostgreSQL quotes the offending value in data exceptions (22), constraint violations
    // (23) and messages raised by functions (P0); SQLite's messages only name things.
    let quotes_data = is_postgres(error)
        && ["22", "23", "P0"]
            .iter()
            .any(|class| code.starts_with(class));
    if quotes_data {
        format!("code {code}{names}")
    } else {
        format!("code {code}{names}: {}", error.message())
    }
}

fn is_postgres(error: &dyn DatabaseError) -> bool {
    error.try_downcast_ref::<PgDatabaseError>().is_some()
}

fn driver_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use sea_orm::ConnectionTrait as _;

    use super::*;
    use crate::on_each_engine;

    on_each_engine! {
        async fn the_log_names_what_is_missing(db: Database) {
            let error = db.read().execute_unprepared("SELECT 1 FROM nowhere").await.unwrap_err();
            assert_eq!(DatabaseFault::of(&error), DatabaseFault::Other);
            assert!(describe(&error).contains("nowhere"));
        }
    }

    #[tokio::test]
    async fn the_log_does_not_repeat_data_that_postgres_quotes() {
        let (db, _storage) = crate::testing::postgres().await;
        let statement = "SELECT CAST('ada@example.com' AS INTEGER)";
        let error = db.read().execute_unprepared(statement).await.unwrap_err();
        assert!(error.to_string().contains("ada"), "{error}");
        assert_eq!(describe(&error), "code 22P02");
    }

    #[test]
    fn codes_of_both_engines_are_told_apart() {
        for code in ["40001", "40P01"] {
            assert_eq!(DatabaseFault::of_sqlstate(code), DatabaseFault::Contention);
        }
        for code in ["08006", "53300", "57P01"] {
            assert_eq!(DatabaseFault::of_sqlstate(code), DatabaseFault::Unavailable);
        }
        assert_eq!(
            DatabaseFault::of_sqlstate("57014"),
            DatabaseFault::Cancelled
        );
        assert_eq!(DatabaseFault::of_sqlstate("23505"), DatabaseFault::Other);
        // SQLITE_BUSY and SQLITE_BUSY_SNAPSHOT
        for code in ["5", "517"] {
            assert_eq!(
                DatabaseFault::of_sqlite_code(code),
                DatabaseFault::Contention
            );
        }
        assert_eq!(DatabaseFault::of_sqlite_code("2067"), DatabaseFault::Other);
    }

    #[test]
    fn a_broken_connection_is_not_a_fault_of_ours() {
        let io = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let error = DbErr::Query(RuntimeErr::SqlxError(Arc::new(sqlx::Error::Io(io))));
        assert_eq!(DatabaseFault::of(&error), DatabaseFault::Unavailable);
    }

    #[test]
    fn an_undecodable_column_is_named_without_its_value() {
        let source = "invalid value \"Ada\"".into();
        let decode = sqlx::Error::ColumnDecode {
            index: "email".into(),
            source,
        };
        let error = DbErr::Query(RuntimeErr::SqlxError(Arc::new(decode)));
        assert_eq!(describe(&error), "column email can't be decoded");
    }
}
