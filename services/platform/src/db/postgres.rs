//! PostgreSQL: one pool, in which every connection looks at the service's schema.

use std::str::FromStr;
use std::time::Duration;

use sea_orm::sqlx::postgres::PgConnectOptions;
use sea_orm::{ConnectOptions, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, Statement};

use super::DatabaseConfig;
use crate::error::PlatformError;

/// A connection that rested longer is asked whether it still lives before it is used: one
/// round trip that busy connections are spared.
const TRUSTED_FOR: Duration = Duration::from_secs(1);
/// Longest identifier that PostgreSQL keeps unabridged.
const LONGEST_IDENTIFIER: usize = 63;

/// The pool of `service`, whose schema exists.
pub(super) async fn connect(
    service: &'static str,
    config: &DatabaseConfig,
) -> Result<DatabaseConnection, PlatformError> {
    let invalid = |why: &'static str| PlatformError::internal("reading the database URL", why);
    let url = config.url.expose();
    let scheme = ["postgres://", "postgresql://"];
    if !scheme.iter().any(|scheme| url.starts_with(scheme))
        || PgConnectOptions::from_str(url).is_err()
    {
        return Err(invalid(
            "it is neither sqlite:PATH nor postgres://HOST/DATABASE",
        ));
    }
    let schema = config.schema.clone().unwrap_or_else(|| service.to_owned());
    if !is_identifier(&schema) {
        return Err(invalid(
            "a schema's name has lower-case letters, digits and `_` only",
        ));
    }
    let pool = sea_orm::Database::connect(options(service, &schema, config)).await?;
    create_schema(&pool, &schema).await?;
    Ok(pool)
}

fn is_identifier(name: &str) -> bool {
    name.len() <= LONGEST_IDENTIFIER
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn options(service: &'static str, schema: &str, config: &DatabaseConfig) -> ConnectOptions {
    let mut options = super::options(config);
    options.test_before_acquire_if_idle_for(TRUSTED_FOR);
    // Given at connection time they cost no round trip, then or per transaction.
    let statement_timeout = config.statement_timeout.as_millis().to_string();
    let settings = [
        ("search_path", schema.to_owned()),
        (
            "default_transaction_isolation",
            "repeatable read".to_owned(),
        ),
        ("statement_timeout", statement_timeout.clone()),
        // A process that vanished in a transaction must not keep its locks.
        ("idle_in_transaction_session_timeout", statement_timeout),
        ("lock_timeout", config.lock_timeout.as_millis().to_string()),
    ];
    options.map_sqlx_postgres_opts(move |options| {
        let name = format!("rapport-{service}");
        options.application_name(&name).options(settings.clone())
    });
    options
}

async fn create_schema(pool: &DatabaseConnection, schema: &str) -> Result<(), DbErr> {
    // Looked up first, because in production the role may not create schemas.
    if schema_exists(pool, schema).await? {
        return Ok(());
    }
    let created = pool
        .execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\""))
        .await;
    match created {
        // Two processes that start at once collide here, IF NOT EXISTS or not.
        Err(_) if schema_exists(pool, schema).await? => Ok(()),
        other => other.map(|_| ()),
    }
}

async fn schema_exists(pool: &DatabaseConnection, schema: &str) -> Result<bool, DbErr> {
    let query = "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = $1";
    let query = Statement::from_sql_and_values(DbBackend::Postgres, query, [schema.into()]);
    Ok(pool.query_one_raw(query).await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_that_needs_quotes_is_refused() {
        assert!(is_identifier("customer_2"));
        for name in [
            "",
            "Customer",
            "a b",
            "a;drop",
            "2a",
            "\"a\"",
            &"a".repeat(64),
        ] {
            assert!(!is_identifier(name), "{name}");
        }
    }
}
