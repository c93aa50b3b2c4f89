//! PostgreSQL reads the first page of a seller's opportunities in a stage from the index, however
//! many there are.

use rapport_platform::testing::postgres;
use sea_orm::{ConnectionTrait as _, DbBackend, QueryTrait as _, Statement};
use uuid::Uuid;

use crate::grpc::opportunity::filter;
use crate::resource;
use crate::store::opportunity::page;
use crate::testing::Caller;

/// So many that reading the table would be the wrong plan.
const MANY: &str = "
    INSERT INTO opportunity (tenant_id, opportunity_id, display_name, owner_id, pipeline_id, stage,
        state, probability, category, open_time, stage_enter_time, change_time, version,
        create_time, update_time)
    SELECT $1, gen_random_uuid(), 'Deal', ('00000000-0000-7000-8000-' || lpad((number % 50)::text, 12, '0'))::uuid,
        $2, (ARRAY['prospecting', 'engaging', 'won', 'lost'])[number % 4 + 1],
        1, 50, 1, 0, 0, 0, 1, 0, 0
    FROM generate_series(1, 50000) AS number";

#[tokio::test]
async fn the_first_page_by_owner_and_stage_is_read_by_index() {
    let (db, _storage) = postgres().await;
    let caller = Caller::of(&db).await;
    let run = |sql: &str, values: Vec<sea_orm::Value>| {
        Statement::from_sql_and_values(DbBackend::Postgres, sql, values)
    };
    let pipeline = Uuid::from_u128(1);
    db.write_txn(|txn| {
        let many = run(MANY, vec![caller.ctx.tenant.into(), pipeline.into()]);
        let analyze = run("ANALYZE opportunity", vec![]);
        async move {
            txn.execute_raw(many).await?;
            txn.execute_raw(analyze).await?;
            Ok::<_, crate::Error>(())
        }
    })
    .await
    .unwrap();

    let owner: Uuid = "00000000-0000-7000-8000-000000000007".parse().unwrap();
    let wanted = format!(
        "owner = \"{}\" AND stage = \"won\"",
        resource::seller(owner)
    );
    let wanted = filter().parse(DbBackend::Postgres, &wanted).unwrap();
    let select = page(&caller.ctx, wanted, Some(Uuid::nil()), 51).build(DbBackend::Postgres);
    let values = select.values.map(|values| values.0).unwrap_or_default();
    let explain = run(&format!("EXPLAIN {}", select.sql), values);
    let rows = db.read().query_all_raw(explain).await.unwrap();
    let plan: Vec<String> = rows
        .iter()
        .map(|row| row.try_get_by_index(0).unwrap())
        .collect();
    let plan = plan.join("\n");

    assert!(plan.contains("opportunity_by_owner"), "{plan}");
    assert!(
        !plan.contains("Seq Scan") && !plan.contains("Sort"),
        "{plan}"
    );
    assert!(plan.contains("stage = "), "{plan}");
}
