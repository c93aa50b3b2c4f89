//! PostgreSQL answers a search from the index, however many customers there are.

use rapport_platform::testing::{plan, postgres};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement};
use uuid::Uuid;

use crate::domain::search::Query;
use crate::store::search::statement;
use crate::testing::Caller;

/// Terms of so many customers that reading the table would be the wrong plan.
const MANY: &str = "
    INSERT INTO search_term (tenant_id, field, term, customer_id)
    SELECT $1, 1, word || number, gen_random_uuid()
    FROM generate_series(1, 20000) AS number, unnest(ARRAY['anna', 'bob', 'zoe']) AS word";

#[tokio::test]
async fn every_table_is_read_by_an_index_on_the_term_or_the_customer() {
    let (db, _storage) = postgres().await;
    let caller = Caller::of(&db).await;
    let tenant = caller.ctx.tenant;
    let run = |sql: &str, values: Vec<sea_orm::Value>| {
        Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
    };
    db.write_txn(|txn| {
        let (many, analyze) = (
            run(MANY, vec![tenant.into()]),
            run("ANALYZE search_term", vec![]),
        );
        async move {
            txn.execute_raw(many).await?;
            txn.execute_raw(analyze).await?;
            Ok::<_, crate::Error>(())
        }
    })
    .await
    .unwrap();

    for query in ["anna1", "anna zoe", "044 668 18 00", "a"] {
        let query = Query::parse(query).unwrap();
        let after = serde_json::from_value(serde_json::json!({
            "term": "anna1", "customer_id": Uuid::nil(),
        }));
        let search = statement(&caller.ctx, &query, Some(&after.unwrap()), 21).unwrap();
        let plan = plan(&db, DbBackend::Postgres.build(&search)).await;

        assert!(!plan.contains("Seq Scan"), "{plan}");
        assert!(!plan.contains("Hash"), "{plan}");
        assert!(plan.contains("search_term_pkey"), "{plan}");
        assert!(plan.contains("search_term_by_customer"), "{plan}");
        assert!(plan.contains("term >= "), "{plan}");
    }
}
