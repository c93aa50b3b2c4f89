//! The first page of a list looks at what it answers and little more, on both engines.

use sea_orm::EntityTrait as _;
use uuid::Uuid;

use super::super::plans::{reads_little, reads_little_always};
use super::*;
use crate::grpc::task::FILTER;
use crate::store::entity::task::{Entity, Model};
use crate::store::rows::insert_all;
use crate::store::task;

on_each_engine! {
    async fn tasks_are_read_by_index_and_in_its_order(db: Database) {
        let team = Team::open(&db).await;
        team.ann.note(team.task()).await.unwrap();
        let row = Entity::find().one(db.read()).await.unwrap().unwrap();
        let assignee = |number: usize| if number.is_multiple_of(20) { row.assignee_id } else { Uuid::from_u128(9) };
        let state = |number: usize| if number.is_multiple_of(30) { 1 } else { 3 };
        let rows = (0..6_000).map(|number| Model {
            task_id: new_id(), assignee_id: assignee(number), state: state(number), next_reminder_time: None, ..row.clone()
        });
        let rows: Vec<_> = rows.collect();
        db.write_txn(|txn| { let rows = rows.clone(); async move { insert_all::<Entity>(&txn, rows).await } }).await.unwrap();
        let ctx = &team.back.ctx;
        let page = |assignee: Option<Uuid>, filter: &str| {
            let wanted = FILTER.parse(db.backend(), filter).unwrap();
            task::page(ctx, wanted.add(task::that(ctx, assignee, "")), Some(Uuid::max()), 51)
        };
        let ann = Some(row.assignee_id);
        reads_little_always(&db, &[(page(ann, ""), "task_by_assignee"), (page(None, "state = OPEN"), "task_by_state")]).await;
        // Without statistics PostgreSQL may take either of two.
        reads_little(&db, &page(ann, "state = OPEN"), "task_by_assignee_and_state").await;
        let due = task::overdue_page(ctx, (row.assignee_id, Timestamp::MAX), None, 51);
        reads_little(&db, &due, "task_by_time").await;
    }
}
