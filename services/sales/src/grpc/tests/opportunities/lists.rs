//! The first page of a list looks at what it answers and little more, on both engines.

use rapport_platform::id::new_id;
use sea_orm::EntityTrait as _;
use uuid::Uuid;

use super::super::plans::reads_little_always;
use super::*;
use crate::grpc::opportunity::filter;
use crate::resource::{self, CUSTOMER};
use crate::store::entity::opportunity::{Entity, Model};
use crate::store::opportunity::page;
use crate::store::rows::insert_all;

/// So many are most of them in one pipeline, one of twenty another owner's and one customer's; few
/// are open.
const COUNT: usize = 6_000;

/// The key of a stage, and its state; the second is rare.
fn stage(number: usize) -> (&'static str, i16) {
    if number % 100 == 1 {
        ("engaging", 1)
    } else {
        ("won", 2)
    }
}

/// Whose one of twenty is, or else whose the others are.
fn whose(number: usize, few: Uuid, others: Uuid) -> Uuid {
    match number.is_multiple_of(20) {
        true => few,
        false => others,
    }
}

on_each_engine! {
    async fn my_open_opportunities_are_read_by_index_and_in_its_order(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        desk.open().await;
        let (bob, party) = (new_id(), new_id());
        let row = Entity::find().one(db.read()).await.unwrap().unwrap();
        let rows = (0..COUNT).map(|number| Model {
            opportunity_id: new_id(), stage: stage(number).0.to_owned(), state: stage(number).1,
            owner_id: whose(number, bob, row.owner_id), pipeline_id: if number.is_multiple_of(3) { Uuid::from_u128(3) } else { row.pipeline_id }, customer_id: Some(whose(number, party, Uuid::from_u128(9))), ..row.clone()
        });
        let rows: Vec<_> = rows.collect();
        db.write_txn(|txn| { let rows = rows.clone(); async move { insert_all::<Entity>(&txn, rows).await } }).await.unwrap();
        let ctx = &desk.caller.ctx;
        let page = |wanted: &str| page(ctx, filter().parse(db.backend(), wanted).unwrap(), Some(Uuid::nil()), 51);
        let (owner, pipeline) = (format!("owner = \"{}\"", desk.anna.name), format!("pipeline = \"{}\"", desk.pipeline.name));
        let customer = format!("customer = \"{}\"", CUSTOMER.format(&[party]));
        let also = |of: &str, what: &str| page(&format!("{of} AND {what}"));
        reads_little_always(&db, &[
            (page(&customer), "opportunity_by_customer"),
            (page(&format!("owner = \"{}\"", resource::seller(bob))), "opportunity_by_owner"),
            (page("stage = engaging"), "opportunity_by_stage"),
            (also(&owner, "state = OPEN"), "opportunity_by_owner_and_state"),
            (also(&owner, "stage = engaging"), "opportunity_by_owner_and_stage"),
            (also(&pipeline, "state = OPEN"), "opportunity_by_pipeline_and_state"),
            (also(&pipeline, "stage = engaging"), "opportunity_by_pipeline_and_stage"),
            (also(&customer, "state = WON"), "opportunity_by_customer_and_state"),
            (also(&customer, "stage = won"), "opportunity_by_customer_and_stage"),
        ]).await;
    }
}
