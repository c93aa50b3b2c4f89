//! How an engine goes about a statement.

use sea_orm::{ConnectionTrait as _, DbBackend, Statement};

use crate::db::Database;

/// The steps that the engine plans for a statement, one a line; nothing is done.
pub async fn plan(db: &Database, statement: Statement) -> String {
    let (explain, column) = match db.backend() {
        DbBackend::Postgres => ("EXPLAIN", "QUERY PLAN"),
        _ => ("EXPLAIN QUERY PLAN", "detail"),
    };
    let statement = Statement {
        sql: format!("{explain} {}", statement.sql),
        ..statement
    };
    let rows = db.read().query_all_raw(statement).await;
    let rows = rows.expect("the statement can be planned");
    let steps = rows.iter().map(|row| row.try_get("", column));
    let steps: Result<Vec<String>, _> = steps.collect();
    steps.expect("a plan is told in lines").join("\n")
}
