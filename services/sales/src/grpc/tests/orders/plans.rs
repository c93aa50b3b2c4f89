//! What PostgreSQL does for the lists of those who owe: the work, not the time it takes.

use rapport_platform::testing::{plan, postgres};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, Value};
use uuid::Uuid;

use crate::store::dunning::overdue_sql;
use crate::testing::Caller;

/// So many that reading the table would be the wrong plan; one in ten is open.
const MANY: &str = "
    INSERT INTO invoice (tenant_id, invoice_id, document, sequence, report_hash, customer_id, currency,
        net, tax, invoiced, paid, open, issue_date, due_date, settled_date, dunning_level,
        next_dunning_date, version, create_time, update_time)
    SELECT $1, ('00000000-0000-7000-9000-' || lpad(number::text, 12, '0'))::uuid, number::text, 1, '',
        ('00000000-0000-7000-8000-' || lpad((number % 5000)::text, 12, '0'))::uuid, 'EUR',
        100, 0, 100, 0, CASE WHEN number % 10 = 0 THEN 100 ELSE 0 END, 20260101, 20260131,
        CASE WHEN number % 10 = 0 THEN 99991231 ELSE 20260131 END, 0, 20260207, 1, 0, 0
    FROM generate_series(1, 50000) AS number";

#[tokio::test]
async fn a_page_of_those_who_owe_is_read_by_index_and_in_its_order() {
    let (db, _storage) = postgres().await;
    let caller = Caller::of(&db).await;
    let run = |sql: String, values: Vec<Value>| {
        Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
    };
    let fill = run(MANY.to_owned(), vec![caller.ctx.tenant.into()]);
    db.write_txn(|txn| {
        let fill = fill.clone();
        async move {
            txn.execute_raw(fill).await?;
            txn.execute_unprepared("ANALYZE invoice").await?;
            Ok::<_, crate::Error>(())
        }
    })
    .await
    .unwrap();
    let day = jiff::civil::date(2026, 3, 1);
    let after = Some((Uuid::nil(), "EUR".to_owned()));
    let (sql, values) = overdue_sql(&caller.ctx, (day, true), after, 51);
    let plan = plan(&db, run(sql, values)).await;
    assert!(plan.contains("invoice_owed"), "{plan}");
    for wrong in ["Seq Scan", "HashAggregate"] {
        assert!(!plan.contains(wrong), "{plan}");
    }
}
