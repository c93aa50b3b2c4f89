//! The first page of a list looks at what it answers and little more, on both engines.

use rapport_platform::db::Database;
use rapport_platform::filter::FilterSchema;
use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use sea_orm::{Condition, EntityTrait as _};
use uuid::Uuid;

use super::super::plans::reads_little_always;
use super::Shop;
use crate::domain::receivable::NEVER;
use crate::grpc::{order, quote, receivable};
use crate::resource::CUSTOMER;
use crate::store::entity::{invoice, quote as quotes, sales_order};
use crate::store::rows::insert_all;
use crate::store::{invoice as invoices, order as orders, quote as offers};

/// So many are one owner's, one of twenty one customer's, and of these one of five is in state 1.
const COUNT: usize = 6_000;
/// The owner of all of them.
const OWNER: &str = "employees/olga";

fn state(number: usize) -> i16 {
    if number.is_multiple_of(100) { 1 } else { 5 }
}

/// The customer of one of twenty.
fn customer(number: usize, party: Uuid) -> Uuid {
    if number.is_multiple_of(20) {
        party
    } else {
        Uuid::from_u128(9)
    }
}

/// A page by the filter.
fn condition(db: &Database, schema: &FilterSchema, filter: &str) -> Condition {
    schema.parse(db.backend(), filter).unwrap()
}

on_each_engine! {
    async fn quotes_of_an_owner_in_a_state_and_of_a_customer_are_read_by_index(db: Database) {
        let shop = Shop::open(&db).await;
        let ctx = &shop.erp().ctx;
        let (row, party) = (quotes::Entity::find().one(db.read()).await.unwrap().unwrap(), new_id());
        let rows = (0..COUNT).map(|number| quotes::Model {
            quote_id: new_id(), owner: OWNER.to_owned(), state: state(number), customer_id: customer(number, party), ..row.clone()
        });
        let rows: Vec<_> = rows.collect();
        db.write_txn(|txn| { let rows = rows.clone(); async move { insert_all::<quotes::Entity>(&txn, rows).await } }).await.unwrap();
        let page = |filter: &str| offers::page(ctx, condition(&db, &quote::FILTER, filter), Some(Uuid::max()), 51);
        reads_little_always(&db, &[
            (page(&format!("owner = \"{OWNER}\" AND state = DRAFT")), "quote_by_owner_and_state"),
            (page(&format!("customer = \"{}\"", CUSTOMER.format(&[party]))), "quote_by_customer"),
        ]).await;
    }

    async fn orders_of_an_owner_in_a_state_and_of_a_customer_are_read_by_index(db: Database) {
        let shop = Shop::open(&db).await;
        let ctx = &shop.erp().ctx;
        let (row, party) = (sales_order::Entity::find().one(db.read()).await.unwrap().unwrap(), new_id());
        let rows = (0..COUNT).map(|number| sales_order::Model {
            order_id: new_id(), owner: OWNER.to_owned(), state: state(number), customer_id: Some(customer(number, party)), ..row.clone()
        });
        let rows: Vec<_> = rows.collect();
        db.write_txn(|txn| { let rows = rows.clone(); async move { insert_all::<sales_order::Entity>(&txn, rows).await } }).await.unwrap();
        let page = |filter: &str| orders::page(ctx, condition(&db, &order::FILTER, filter), Some(Uuid::max()), 51);
        reads_little_always(&db, &[
            (page(&format!("owner = \"{OWNER}\" AND state = OPEN")), "sales_order_by_owner_and_state"),
            (page(&format!("customer = \"{}\"", CUSTOMER.format(&[party]))), "sales_order_by_customer"),
        ]).await;
    }

    async fn what_a_customer_owes_is_read_by_index_however_much_he_has_paid(db: Database) {
        let shop = Shop::open(&db).await;
        let erp = shop.erp();
        erp.bill(vec![shop.invoice("I1", 1, 100)]).await;
        let (row, party) = (invoice::Entity::find().one(db.read()).await.unwrap().unwrap(), new_id());
        let rows = (0..COUNT).map(|number| invoice::Model {
            invoice_id: new_id(), document: format!("D{number}"), customer_id: Some(customer(number, party)),
            settled_date: if state(number) == 1 { NEVER } else { 20_260_101 }, ..row.clone()
        });
        let rows: Vec<_> = rows.collect();
        db.write_txn(|txn| { let rows = rows.clone(); async move { insert_all::<invoice::Entity>(&txn, rows).await } }).await.unwrap();
        let page = |filter: &str| invoices::page(&erp.ctx, condition(&db, &receivable::FILTER, filter), Some(Uuid::max()), 51);
        let his = CUSTOMER.format(&[party]);
        reads_little_always(&db, &[
            (page(&format!("customer = \"{his}\" AND open = true")), "invoice_by_customer_and_settled_date"),
            (page(&format!("customer = \"{his}\"")), "invoice_by_customer"),
        ]).await;
    }
}
