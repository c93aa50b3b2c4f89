use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use prost_types::Duration as Answer;
use rapport_proto::rapport::customer::v1::{CancelDeliveryRequest, DeleteTemplateRequest};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use tokio::task::JoinSet;

use super::{KEPT_FOR, once};
use crate::db::table::{idempotency, lease};
use crate::db::{Database, platform_migrations};
use crate::error::PlatformError;
use crate::id::new_id;
use crate::identity::{Actor, Context, TenantId};
use crate::on_each_engine;
use crate::testing::context;

fn request(id: &str, number: u32) -> DeleteTemplateRequest {
    DeleteTemplateRequest {
        name: format!("templates/{number}"),
        request_id: id.to_owned(),
        ..DeleteTemplateRequest::default()
    }
}

/// Opens the account `name`, which may be done once, and answers with a number of its own.
async fn open(
    db: &Database,
    ctx: &Context,
    request: &DeleteTemplateRequest,
    name: &str,
) -> Result<Answer, PlatformError> {
    once(db, ctx, request, |txn| async move {
        let holder = new_id();
        let row = lease::ActiveModel {
            name: sea_orm::Set(name.to_owned()),
            holder: sea_orm::Set(holder),
            expire_time: sea_orm::Set(ctx.now),
        };
        lease::Entity::insert(row)
            .exec_without_returning(&*txn)
            .await
            .map_err(|_| PlatformError::AlreadyExists(name.to_owned()))?;
        Ok(Answer {
            seconds: i64::from(holder.as_fields().0),
            nanos: holder.as_bytes()[15].into(),
        })
    })
    .await
}

async fn accounts(db: &Database) -> u64 {
    lease::Entity::find().count(db.read()).await.unwrap()
}

on_each_engine! {
    async fn a_repeated_request_gets_the_same_answer_and_has_no_second_effect(db: Database) {
        db.migrate(platform_migrations()).await.unwrap();
        let id = new_id().to_string();
        let first = open(&db, &context(), &request(&id, 1), "a").await.unwrap();
        let second = open(&db, &context(), &request(&id, 1), "a").await.unwrap();
        assert_eq!(first, second);
        assert_eq!(accounts(&db).await, 1);
    }

    async fn calls_that_come_together_have_one_effect_and_one_answer(db: Database, storage: &Storage) {
        db.migrate(platform_migrations()).await.unwrap();
        let ctx = context();
        let mut calls = JoinSet::new();
        for _ in 0..8 {
            let (db, ctx) = (storage.connect().await, ctx.clone());
            calls.spawn(async move { open(&db, &ctx, &request("same", 1), "a").await.unwrap() });
        }
        let mut answers = calls.join_all().await;
        answers.dedup();
        assert_eq!(answers.len(), 1);
        assert_eq!(accounts(&db).await, 1);
    }

    async fn the_same_id_with_another_request_is_refused(db: Database) {
        db.migrate(platform_migrations()).await.unwrap();
        let ctx = context();
        open(&db, &ctx, &request("same", 1), "a").await.unwrap();
        let other_body = open(&db, &ctx, &request("same", 2), "b").await;
        assert!(matches!(other_body, Err(PlatformError::RequestIdReused)));
        let cancel = CancelDeliveryRequest {
            request_id: "same".to_owned(),
            ..CancelDeliveryRequest::default()
        };
        let other_request =
            once(&db, &ctx, &cancel, |_| async { Ok(Answer::default()) }).await;
        assert!(matches!(other_request, Err(PlatformError::RequestIdReused)));
        let bob = Context { actor: Actor::parse("employees/bob").unwrap(), ..ctx };
        let other_actor = open(&db, &bob, &request("same", 1), "a").await;
        assert!(matches!(other_actor, Err(PlatformError::RequestIdReused)));
        assert_eq!(accounts(&db).await, 1);
    }

    async fn tenants_may_choose_the_same_id(db: Database) {
        db.migrate(platform_migrations()).await.unwrap();
        let other = Context { tenant: TenantId::new(new_id()), ..context() };
        open(&db, &context(), &request("same", 1), "a").await.unwrap();
        open(&db, &other, &request("same", 2), "b").await.unwrap();
        assert_eq!(accounts(&db).await, 2);
    }

    async fn a_request_that_failed_can_be_repeated(db: Database) {
        db.migrate(platform_migrations()).await.unwrap();
        let ctx = &context();
        open(&db, ctx, &request("other", 1), "a").await.unwrap();
        let taken = open(&db, ctx, &request("same", 1), "a").await;
        assert!(matches!(taken, Err(PlatformError::AlreadyExists(_))));
        db.write_txn(|txn| async move {
            txn.execute_unprepared("DELETE FROM lease").await.map(|_| ()).map_err(PlatformError::from)
        })
        .await
        .unwrap();
        open(&db, ctx, &request("same", 1), "a").await.unwrap();
    }

    async fn after_a_day_an_id_may_be_used_again(db: Database) {
        db.migrate(platform_migrations()).await.unwrap();
        let today = context();
        let almost = today.now.saturating_add(KEPT_FOR - Duration::from_secs(1));
        let tomorrow = Context { now: today.now.saturating_add(KEPT_FOR), ..today.clone() };
        open(&db, &today, &request("same", 1), "a").await.unwrap();
        let refused =
            open(&db, &Context { now: almost, ..today.clone() }, &request("same", 2), "b").await;
        assert!(matches!(refused, Err(PlatformError::RequestIdReused)));
        let first = open(&db, &tomorrow, &request("same", 2), "b").await.unwrap();
        let second = open(&db, &tomorrow, &request("same", 2), "b").await.unwrap();
        assert_eq!(first, second);
        assert_eq!(accounts(&db).await, 2);
    }

    async fn without_an_id_every_request_counts(db: Database) {
        db.migrate(platform_migrations()).await.unwrap();
        let count = &AtomicU32::new(0);
        for _ in 0..2 {
            once(&db, &context(), &request("", 1), |_| async move {
                count.fetch_add(1, Ordering::Relaxed);
                Ok::<_, PlatformError>(Answer::default())
            })
            .await
            .unwrap();
        }
        assert_eq!(count.load(Ordering::Relaxed), 2);
        assert_eq!(idempotency::Entity::find().count(db.read()).await.unwrap(), 0);
    }

    async fn an_id_that_no_index_should_hold_is_refused(db: Database) {
        for id in [&"x".repeat(65), "\0", "a b", "é"] {
            let refused = open(&db, &context(), &request(id, 1), "a").await;
            assert!(matches!(refused, Err(PlatformError::Invalid(fields)) if fields[0].field == "request_id"));
        }
    }
}
