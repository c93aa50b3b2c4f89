//! What is there before a step is there after it.

use rapport_platform::identity::Context;
use rapport_platform::on_each_engine;
use rapport_platform::testing::context;
use rapport_platform::time::Timestamp;
use sea_orm::{ConnectionTrait as _, EntityTrait as _, IntoActiveModel as _, Statement};
use uuid::Uuid;

use super::migrations;
use crate::store::entity::{exchange_rate, seller, seller_history};

const OLD_RATE: &str = "\
INSERT INTO exchange_rate (tenant_id, to_currency, from_currency, effective_date, rate)
VALUES ($1, 'USD', 'EUR', 20240101, '1.10')";

fn anna(ctx: &Context) -> seller::Model {
    seller::Model {
        tenant_id: ctx.tenant,
        seller_id: Uuid::from_u128(1),
        display_name: "Anna".to_owned(),
        principal: "employees/anna".to_owned(),
        manager_id: Some(Uuid::from_u128(2)),
        team: Some("Hunters".to_owned()),
        region: None,
        state: 1,
        version: 1,
        create_time: ctx.now,
        update_time: ctx.now,
    }
}

on_each_engine! {
    async fn history_begins_with_what_is_known_when_it_is_first_kept(db: Database) {
        let ctx = context();
        let mut before = migrations();
        before.truncate(before.iter().position(|it| it.name() == "m0801_history").unwrap());
        db.migrate(before).await.unwrap();
        let rate = Statement::from_sql_and_values(db.backend(), OLD_RATE, [ctx.tenant.into()]);
        db.write_txn(|txn| {
            let (rate, anna) = (rate.clone(), anna(&ctx));
            async move {
                seller::Entity::insert(anna.into_active_model()).exec_without_returning(&*txn).await?;
                txn.execute_raw(rate).await?;
                Ok::<_, crate::Error>(())
            }
        })
        .await
        .unwrap();
        db.migrate(migrations()).await.unwrap();

        let since_ever = Timestamp::from_micros(0);
        let [history] = seller_history::Entity::find().all(db.read()).await.unwrap().try_into().unwrap();
        assert_eq!((history.start_time, history.end_time), (since_ever, None));
        assert_eq!((history.seller_id, history.manager_id), (Uuid::from_u128(1), Some(Uuid::from_u128(2))));
        assert_eq!((history.team.as_deref(), history.region), (Some("Hunters"), None));
        let [rate] = exchange_rate::Entity::find().all(db.read()).await.unwrap().try_into().unwrap();
        assert_eq!((rate.effective_date, rate.rate.as_str(), rate.record_time), (20_240_101, "1.10", since_ever));
        let rewritten = db.write_txn(|txn| async move {
            txn.execute_unprepared("UPDATE exchange_rate SET rate = '2'").await?;
            Ok::<_, crate::Error>(())
        });
        assert!(rewritten.await.is_err(), "rates are appended only");
    }
}
