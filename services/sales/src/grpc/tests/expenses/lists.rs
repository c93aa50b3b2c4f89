//! The first page of a list looks at what it answers and little more, on both engines.

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use sea_orm::EntityTrait as _;
use uuid::Uuid;

use super::super::plans::reads_little_always;
use super::Office;
use crate::grpc::expense::FILTER;
use crate::store::entity::expense_report::{Entity, Model};
use crate::store::expense;
use crate::store::rows::insert_all;

on_each_engine! {
    async fn reports_of_a_seller_in_a_state_are_read_by_index(db: Database) {
        let office = Office::open(&db).await;
        office.draft(100).await;
        let row = Entity::find().one(db.read()).await.unwrap().unwrap();
        let seller = |number: usize| if number.is_multiple_of(20) { row.seller_id } else { Uuid::from_u128(9) };
        let state = |number: usize| if number.is_multiple_of(100) { 1 } else { 5 };
        let rows = (0..6_000).map(|number| Model {
            report_id: new_id(), seller_id: seller(number), state: state(number), ..row.clone()
        });
        let rows: Vec<_> = rows.collect();
        db.write_txn(|txn| { let rows = rows.clone(); async move { insert_all::<Entity>(&txn, rows).await } }).await.unwrap();
        let page = |filter: &str| expense::page(&office.back.ctx, FILTER.parse(db.backend(), filter).unwrap(), Some(Uuid::max()), 51);
        reads_little_always(&db, &[
            (page(&format!("seller = \"{}\" AND state = DRAFT", office.seller)), "expense_report_by_seller_and_state"),
            (page(&format!("seller = \"{}\"", office.seller)), "expense_report_by_seller"),
        ]).await;
    }
}
