//! What PostgreSQL does for a grant: the work, not the time it takes.

use rapport_platform::db::Database;
use rapport_platform::testing::{context, plan, postgres};
use sea_orm::{ConnectionTrait as _, DbBackend, Statement, Value};

use super::{SPEND_MANY, Terms, together, values};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::decision::Contact;
use crate::error::Error;
use crate::store::migration::migrations;

/// So many that to read them all would seem cheaper than to look up the hundred that a planner may
/// expect to be asked for.
const MANY: &str = "
    INSERT INTO contact_clearance (tenant_id, customer_id, open, from_time, until_time, spare, policy_version)
    SELECT gen_random_uuid(), gen_random_uuid(), 1, 0, 1, 1, 0 FROM generate_series(1, 10000)";

#[tokio::test]
async fn nobody_reads_the_clearances_of_others_be_they_none_or_many() {
    let (db, _storage) = postgres().await;
    db.migrate(migrations()).await.unwrap();
    reads_few(&db).await;

    db.write_txn(|txn| async move {
        txn.execute_unprepared(MANY).await?;
        txn.execute_unprepared("ANALYZE contact_clearance").await?;
        Ok::<_, Error>(())
    })
    .await
    .unwrap();
    reads_few(&db).await;
}

/// Checks that a clearance is looked up, and changed at the place where it was found, and that rows
/// of addresses are not read.
async fn reads_few(db: &Database) {
    let ctx = context();
    let terms = Terms {
        contact: &Contact {
            channel: Channel::Email,
            purpose: Purpose::Marketing,
            topic: None,
            campaign: None,
            contact_point: None,
        },
        at: ctx.now,
        expires: ctx.now,
        policy_version: 0,
    };
    let nobody = || Value::from(String::new());
    let many = values(&ctx, terms, [nobody(), nobody(), nobody()]).to_vec();
    let some = vec!["[]".into(), 1_i16.into()];
    for (sql, values) in [(SPEND_MANY, many), (together::SPEND, some)] {
        let grant = Statement::from_sql_and_values(DbBackend::Postgres, sql, values);
        let plan = plan(db, grant).await;
        for step in [
            "Index Scan using contact_clearance_pkey",
            "TID Cond: (ctid = free.place)",
            "Index Only Scan using contact_point_address",
        ] {
            assert!(plan.contains(step), "{plan}");
        }
        assert!(!plan.contains("Seq Scan on contact_clearance"), "{plan}");
    }
}
