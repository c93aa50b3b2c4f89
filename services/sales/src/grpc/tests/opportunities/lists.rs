//! The first page of a list looks at what it answers and little more, on both engines.

use rapport_platform::id::new_id;
use sea_orm::EntityTrait as _;
use uuid::Uuid;

use super::super::plans::reads_little_always;
use super::*;
use crate::grpc::opportunity::filter;
use crate::resource::{self, CUSTOMER, PIPELINE};
use crate::store::entity::opportunity::{Entity, Model};
use crate::store::opportunity::page;
use crate::store::rows::insert_all;

/// One of ten is Bob's, one the party's, one in the other pipeline; of each of these, one of ten
/// is open. So by either of two fields alone, ten times as much would be read as by both.
const COUNT: usize = 6_000;

/// The key of a stage, and its state.
fn stage(number: usize) -> (String, i16) {
    match (number / 10).is_multiple_of(10) {
        true => ("engaging".to_owned(), 1),
        false => ("won".to_owned(), 2),
    }
}

/// What one of ten has, or else what the others have.
fn one_of_ten(number: usize, which: usize, few: Uuid, others: Uuid) -> Uuid {
    match number % 10 == which {
        true => few,
        false => others,
    }
}

on_each_engine! {
    async fn my_open_opportunities_are_read_by_index_and_in_its_order(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        desk.open().await;
        let (bob, party, pipeline) = (new_id(), new_id(), new_id());
        let row = Entity::find().one(db.read()).await.unwrap().unwrap();
        let rows = (0..COUNT).map(|number| {
            let (stage, state) = stage(number);
            Model {
                opportunity_id: new_id(),
                stage,
                state,
                owner_id: one_of_ten(number, 0, bob, row.owner_id),
                pipeline_id: one_of_ten(number, 3, pipeline, row.pipeline_id),
                customer_id: Some(one_of_ten(number, 7, party, Uuid::from_u128(9))),
                ..row.clone()
            }
        });
        let rows: Vec<_> = rows.collect();
        db.write_txn(|txn| { let rows = rows.clone(); async move { insert_all::<Entity>(&txn, rows).await } }).await.unwrap();
        let ctx = &desk.caller.ctx;
        let page = |wanted: &str| page(ctx, filter().parse(db.backend(), wanted).unwrap(), Some(Uuid::nil()), 51);
        let owner = format!("owner = \"{}\"", resource::seller(bob));
        let pipeline = format!("pipeline = \"{}\"", PIPELINE.format(&[pipeline]));
        let customer = format!("customer = \"{}\"", CUSTOMER.format(&[party]));
        let and_open = |of: &str| page(&format!("{of} AND state = OPEN"));
        let and_engaging = |of: &str| page(&format!("{of} AND stage = engaging"));
        reads_little_always(&db, &[
            (page(&customer), "opportunity_by_customer"),
            (page(&owner), "opportunity_by_owner"),
            (page("stage = engaging"), "opportunity_by_stage"),
            (and_open(&owner), "opportunity_by_owner_and_state"),
            (and_engaging(&owner), "opportunity_by_owner_and_stage"),
            (and_open(&pipeline), "opportunity_by_pipeline_and_state"),
            (and_engaging(&pipeline), "opportunity_by_pipeline_and_stage"),
            (and_open(&customer), "opportunity_by_customer_and_state"),
            (and_engaging(&customer), "opportunity_by_customer_and_stage"),
        ]).await;
    }
}
