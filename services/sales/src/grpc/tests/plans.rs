//! What PostgreSQL does for lists and reports: the work, not the time it takes.

mod million;

use std::sync::Arc;

use rapport_platform::db::Database;
use rapport_platform::identity::Context;
use rapport_platform::testing::{self, postgres};
use sea_orm::{
    ConnectionTrait as _, DatabaseTransaction, DbBackend, EntityTrait, QueryTrait as _, Select,
    Statement, Value,
};
use serde_json::Value as Json;
use uuid::Uuid;

use crate::domain::report::{Period, SalesDimension};
use crate::store::report::{SalesQuery, sales_statement};
use crate::testing::Caller;

/// So many that reading the table would be the wrong plan.
const MANY: &str = "
    INSERT INTO opportunity (tenant_id, opportunity_id, display_name, owner_id, pipeline_id, stage,
        state, amount, currency, probability, category, close_date, open_time, stage_enter_time,
        change_time, close_time, version, create_time, update_time)
    SELECT $1, ('00000000-0000-7000-9000-' || lpad(number::text, 12, '0'))::uuid, 'Deal',
        ('00000000-0000-7000-8000-' || lpad((number % 50)::text, 12, '0'))::uuid,
        $2, (ARRAY['prospecting', 'engaging', 'won', 'lost'])[number % 4 + 1],
        number % 4, 100, 'USD', 50, 1, 20260101 + number % 28, 0, 0, 0, 0, 1, 0, 0
    FROM generate_series(1, $3) AS number";

const LINES: &str = "
    INSERT INTO opportunity_line (tenant_id, opportunity_id, position, product_id, quantity, amount)
    SELECT tenant_id, opportunity_id, 1, pipeline_id, 1, amount FROM opportunity";

const SELLERS: &str = "
    INSERT INTO seller (tenant_id, seller_id, display_name, principal, team, region, state, version,
        create_time, update_time)
    SELECT DISTINCT tenant_id, owner_id, 'Seller', owner_id::text, 'Team', 'Region', 1, 1, 0, 0 FROM opportunity";

fn run(sql: &str, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
}

/// Runs statements, all or none.
async fn run_all(db: &Database, statements: Vec<Statement>) {
    db.write_txn(|txn| {
        let statements = statements.clone();
        async move {
            for statement in statements {
                txn.execute_raw(statement).await?;
            }
            Ok::<_, crate::Error>(())
        }
    })
    .await
    .unwrap();
}

/// A database with so many opportunities in it.
async fn opportunities(ctx: &Context, db: &Database, count: i32, then: &[&str]) {
    let fill = vec![ctx.tenant.into(), Uuid::from_u128(1).into(), count.into()];
    let fill = std::iter::once(run(MANY, fill)).chain(then.iter().map(|sql| run(sql, vec![])));
    run_all(db, fill.collect()).await;
}

/// What the engine does for a statement, and did.
pub(super) async fn plan(db: &Database, sql: &str, values: Vec<Value>) -> Json {
    let explain = run(&format!("EXPLAIN (ANALYZE, FORMAT JSON) {sql}"), values);
    let rows = db.read().query_all_raw(explain).await.unwrap();
    let plan: Json = rows[0].try_get_by_index(0).unwrap();
    plan[0]["Plan"].clone()
}

/// Most rows that a step of the plan has looked at, over all the times that it was taken.
pub(super) fn most_work(step: &Json) -> f64 {
    let number = |name: &str| step[name].as_f64().unwrap_or(0.0);
    let looked_at = number("Actual Rows")
        + number("Rows Removed by Filter")
        + number("Rows Removed by Join Filter");
    let below = step["Plans"]
        .as_array()
        .into_iter()
        .flatten()
        .map(most_work);
    below.fold(looked_at * number("Actual Loops"), f64::max)
}

/// Most rows that a step may look at for a page of 51.
const MOST_WORK: f64 = 120.0;

/// Checks that a page is read from the index, in its order, and nothing beside it.
pub(super) async fn reads_little<E: EntityTrait>(db: &Database, page: &Select<E>, index: &str) {
    let select = page.build(db.backend());
    if db.backend() == DbBackend::Postgres {
        let values = select.values.map(|values| values.0).unwrap_or_default();
        let plan = plan(db, &select.sql, values).await;
        let work = most_work(&plan);
        assert!(work <= MOST_WORK, "{work} rows: {plan:#}");
        let plan = plan.to_string();
        assert!(
            plan.contains(index) && !plan.contains("\"Sort\""),
            "{plan:#}"
        );
        return;
    }
    let plan = testing::plan(db, select).await;
    let whole = format!("INDEX {index} (");
    assert!(
        plan.contains(&whole) && !plan.contains("TEMP B-TREE"),
        "{plan}"
    );
}

/// The same without statistics, and with them.
pub(super) async fn reads_little_always<E: EntityTrait>(
    db: &Database,
    pages: &[(Select<E>, &str)],
) {
    if db.backend() == DbBackend::Postgres {
        // Each connection remembers how high an index was when it first planned with it, which is
        // how high it was when it was empty, and with nothing else to go by that decides.
        let table = E::default();
        run_now(db, &format!("REINDEX TABLE {}", table.table_name())).await;
    }
    for analysed in [false, true] {
        if analysed {
            run_now(db, "ANALYZE").await;
        }
        for (page, index) in pages {
            reads_little(db, page, index).await;
        }
    }
}

async fn run_now(db: &Database, sql: &str) {
    let run = |txn: Arc<DatabaseTransaction>| async move {
        txn.execute_unprepared(sql).await?;
        Ok::<_, crate::Error>(())
    };
    db.write_txn(run).await.unwrap();
}

#[tokio::test]
async fn a_report_by_product_reads_each_row_once_before_there_are_statistics() {
    let (db, _storage) = postgres().await;
    let caller = Caller::of(&db).await;
    opportunities(&caller.ctx, &db, 4_000, &[LINES, SELLERS]).await;

    let date = |month| jiff::civil::date(2026, month, 1);
    let year = Period::parse(Ok(Some(date(1))), Ok(Some(date(12)))).unwrap();
    let by = [SalesDimension::Product, SalesDimension::Month];
    let query = SalesQuery {
        period: year,
        by: &by,
        pipeline: None,
        territory_time: None,
        organization_time: None,
    };
    let report = sales_statement(&caller.ctx, DbBackend::Postgres, query);
    let values = report.values.map(|values| values.0).unwrap_or_default();
    let plan = plan(&db, &report.sql, values).await;

    let work = most_work(&plan);
    assert!(
        (2_000.0..=200_000.0).contains(&work),
        "{work} rows: {plan:#}"
    );
}
