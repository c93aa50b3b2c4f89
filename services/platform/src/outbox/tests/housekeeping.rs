use rapport_proto::rapport::customer::v1::CancelDeliveryRequest;
use sea_orm::EntityTrait;

use super::*;
use crate::db::table::{idempotency, inbox};
use crate::idempotency::once;
use crate::on_each_engine;
use crate::outbox::{Housekeeping, HousekeepingConfig};
use crate::time::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn rows(db: &Database) -> [u64; 4] {
    [
        outbox::Entity::find().count(db.read()).await.unwrap(),
        inbox::Entity::find().count(db.read()).await.unwrap(),
        dead_letter::Entity::find().count(db.read()).await.unwrap(),
        idempotency::Entity::find().count(db.read()).await.unwrap(),
    ]
}

/// Housekeeping as it is done so long from now.
async fn clear_after(db: &Database, span: Duration) {
    let (clock, _hand) = Clock::manual(Clock::system().now().saturating_add(span));
    Housekeeping::new(db, clock, HousekeepingConfig::default())
        .clear()
        .await
        .unwrap();
}

on_each_engine! {
    async fn rows_go_when_their_time_has_come(db: Database) {
        with_tables(&db).await;
        let judge = Box::new(|_: &Deposited| Err(HandleError::Rejected("ACCOUNT_CLOSED")));
        let running = Running::start(&db, bus(&db, Bookkeeper { name: "books", judge }), quick());
        deposit(&db, "accounts/a", [1]).await;
        all_published(&db).await;
        running.stop().await;
        let request = CancelDeliveryRequest {
            request_id: "id".to_owned(),
            ..CancelDeliveryRequest::default()
        };
        once(&db, &context(), &request, |_| async {
            Ok::<_, PlatformError>(Deposited::default())
        })
        .await
        .unwrap();

        let after = [(0, [1, 1, 1, 1]), (2, [1, 1, 1, 0]), (8, [0, 1, 1, 0]), (31, [0, 0, 1, 0]), (91, [0; 4])];
        for (days, left) in after {
            clear_after(&db, days * DAY).await;
            assert_eq!(rows(&db).await, left, "after {days} days");
        }
    }

    async fn many_rows_go_in_portions_and_unpublished_events_stay(db: Database) {
        with_tables(&db).await;
        deposit(&db, "accounts/a", 1..=2_500).await;
        let publish = &outbox::Entity::update_many()
            .col_expr(outbox::Column::PublishTime, Expr::value(Timestamp::EPOCH))
            .filter(outbox::Column::Version.lte(2_499));
        db.write_txn(|txn| async move {
            publish.clone().exec(&*txn).await.map(|_| ()).map_err(PlatformError::from)
        })
        .await
        .unwrap();
        clear_after(&db, DAY).await;
        assert_eq!(rows(&db).await, [1, 0, 0, 0]);
    }

    async fn it_runs_until_it_is_stopped(db: Database) {
        with_tables(&db).await;
        let stop = CancellationToken::new();
        let housekeeping = Housekeeping::new(&db, Clock::system(), HousekeepingConfig::default());
        let running = tokio::spawn(housekeeping.run(stop.clone()));
        stop.cancel();
        tokio::time::timeout(Duration::from_secs(5), running).await.unwrap().unwrap();
    }
}
