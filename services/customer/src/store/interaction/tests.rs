use rapport_platform::db::Database;
use rapport_platform::identity::Context;
use rapport_platform::on_each_engine;
use rapport_platform::testing::{context, plan};
use rapport_platform::time::Timestamp;
use sea_orm::{Condition, ConnectionTrait as _, EntityTrait as _, QueryTrait as _};
use uuid::Uuid;

use super::timeline::{select, select_latest_of_each, select_linked};
use super::{Timeline, activity, append, new_row};
use crate::domain::channel::Channel;
use crate::domain::interaction::{Direction, InteractionParts, NewInteraction};
use crate::error::Error;
use crate::store::entity::interaction::{Entity, Model};
use crate::store::migration::migrations;
use rapport_platform::db::place::{Order, Place};

const ADA: Uuid = Uuid::from_u128(1);
const BOB: Uuid = Uuid::from_u128(2);

/// A contact with `customer`, the `second` of its kind, known to the dialler by `call`.
fn contact(ctx: &Context, customer: Uuid, second: i64, call: &str) -> Model {
    let parts = InteractionParts {
        channel: Channel::Phone.number(),
        direction: Direction::Inbound.number(),
        conversation: Some(customer),
        summary: "call",
        occur_time: Some(Timestamp::from_micros(second * 1_000_000)),
        links: vec!["quotes/1"],
        external_id: Some(("dialler", call)),
        ..InteractionParts::default()
    };
    let contact = NewInteraction::parse(&parts, ctx.actor.as_str(), ctx.now).unwrap();
    new_row(ctx, customer, &contact)
}

async fn append_all(db: &Database, ctx: &Context, rows: &[Model]) -> usize {
    db.write_txn(|txn| async move { Ok::<_, Error>(append(ctx, &txn, rows).await?.len()) })
        .await
        .unwrap()
}

/// Contacts of two customers, far more than a page.
async fn filled(db: &Database, ctx: &Context) {
    db.migrate(migrations()).await.unwrap();
    let rows: Vec<_> = (0..4_000)
        .map(|number| {
            contact(
                ctx,
                if number % 4 == 0 { BOB } else { ADA },
                number,
                &number.to_string(),
            )
        })
        .collect();
    append_all(db, ctx, &rows).await;
    db.write_txn(|txn| async move { Ok::<_, Error>(txn.execute_unprepared("ANALYZE").await?) })
        .await
        .unwrap();
}

/// Asserts that a plan is one range of an index, without anything read in vain.
fn reads_in_order(plan: &str, index: &str) {
    assert!(plan.contains(index), "{plan}");
    for extra in [
        "Sort",
        "TEMP B-TREE",
        "Seq Scan",
        "SCAN interaction",
        "Filter",
    ] {
        assert!(!plan.contains(extra), "{plan}");
    }
}

/// Whether the range begins where the page does.
fn starts_at_a_place(plan: &str) -> bool {
    plan.replace(' ', "")
        .contains("(occur_time,interaction_id)")
}

on_each_engine! {
    async fn thousands_are_appended_and_counted_once(db: Database) {
        let ctx = &context();
        db.migrate(migrations()).await.unwrap();
        let known: Vec<_> = (0..500).map(|it| contact(ctx, ADA, it, &it.to_string())).collect();
        assert_eq!(append_all(&db, ctx, &known).await, 500);

        let mut rows: Vec<_> = (0..2_500)
            .map(|it| contact(ctx, if it % 5 == 0 { BOB } else { ADA }, it, &it.to_string()))
            .collect();
        rows.push(contact(ctx, BOB, 9_000, "2499"));
        assert_eq!(append_all(&db, ctx, &rows).await, 2_000, "500 known, one twice");
        assert_eq!(append_all(&db, ctx, &rows).await, 0);

        for (customer, count, last) in [(ADA, 2_100, 2_499), (BOB, 400, 2_495)] {
            let counted = activity(ctx, db.read(), &[customer]).await.unwrap();
            assert_eq!(counted.len(), 1);
            assert_eq!((counted[0].inbound_count, counted[0].outbound_count), (count, 0));
            assert_eq!(counted[0].last_time, Timestamp::from_micros(last * 1_000_000));
        }
    }

    async fn what_was_recorded_can_not_be_rewritten(db: Database) {
        let ctx = &context();
        db.migrate(migrations()).await.unwrap();
        append_all(&db, ctx, &[contact(ctx, ADA, 1, "1")]).await;
        let before = Entity::find().all(db.read()).await.unwrap();

        let columns = "customer_id channel direction purpose conversation_id agent \
             contact_point_id summary body outcome occur_time duration_seconds links \
             external_system external_id recorder record_time";
        for column in columns.split_whitespace() {
            let sql = &format!("UPDATE interaction SET {column} = {column}");
            let rewritten: Result<_, Error> = db
                .write_txn(|txn| async move { Ok(txn.execute_unprepared(sql).await?) })
                .await;
            assert!(rewritten.is_err(), "{column}");
        }
        assert_eq!(Entity::find().all(db.read()).await.unwrap(), before);
    }

    async fn any_page_of_a_timeline_is_read_in_order_from_the_index(db: Database) {
        let ctx = &context();
        filled(&db, ctx).await;
        let middle = Place { time: Timestamp::from_micros(2_000_000_000), id: Uuid::max() };
        for order in [Order::LatestFirst, Order::OldestFirst] {
            for after in [None, Some(middle)] {
                let filter = Condition::all();
                let part = Timeline { members: vec![ADA], filter, order, after, limit: 51 };
                let plan = plan(&db, select(ctx, ADA, &part).build(db.backend())).await;
                reads_in_order(&plan, "interaction_timeline");
                assert_eq!(starts_at_a_place(&plan), after.is_some(), "{plan}");
            }
        }
    }

    async fn the_latest_of_conversations_are_read_from_the_index(db: Database) {
        let ctx = &context();
        filled(&db, ctx).await;
        let latest = select_latest_of_each(ctx, &[ADA, BOB], 5).unwrap();
        let plan = plan(&db, db.backend().build(&latest)).await;
        reads_in_order(&plan, "interaction_by_conversation");
    }

    async fn what_concerns_a_resource_is_read_in_order(db: Database) {
        let ctx = &context();
        filled(&db, ctx).await;
        let middle = Place { time: Timestamp::from_micros(2_000_000_000), id: Uuid::max() };
        let linked = select_linked(ctx, "quotes/1", Some(middle), 51).build(db.backend());
        let plan = plan(&db, linked).await;
        reads_in_order(&plan, "interaction_link");
        assert!(starts_at_a_place(&plan), "{plan}");
    }
}
