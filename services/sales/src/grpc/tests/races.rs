//! What happens when several change one opportunity at once.

use futures::future::join_all;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;
use tonic::Code;

use super::{Desk, mask, to, usd};
use crate::testing::Caller;

on_each_engine! {
    async fn of_many_who_move_what_they_read_one_does(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let opened = desk.open().await;
        let moves = (0..8).map(|_| desk.step(proto::MoveOpportunityRequest {
            etag: opened.etag.clone(),
            ..to(&opened, "engaging")
        }));
        let (done, refused): (Vec<_>, Vec<_>) = join_all(moves).await.into_iter().partition(Result::is_ok);
        assert_eq!((done.len(), refused.len()), (1, 7));
        assert!(refused.iter().all(|it| it.as_ref().unwrap_err().code() == Code::Aborted));
        assert_eq!(desk.history(&opened.name).await.len(), 2);
    }

    async fn concurrent_changes_leave_one_unbroken_history(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let opened = desk.open().await;
        let changes = (1..=8).map(|units| {
            let dearer = proto::Opportunity { name: opened.name.clone(), amount: Some(usd(units)), ..Default::default() };
            desk.update(dearer, &["amount"])
        });
        for done in join_all(changes).await {
            done.unwrap();
        }
        let history = desk.history(&opened.name).await;
        assert_eq!(history.len(), 9);
        let times: Vec<_> = history.iter().map(|it| it.change_time.unwrap().seconds).collect();
        assert!(times.is_sorted());
    }

    async fn a_stage_is_not_taken_away_from_whoever_enters_it(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        for _ in 0..5 {
            let opened = desk.open().await;
            let mut without = proto::Pipeline { etag: String::new(), ..desk.pipeline.clone() };
            without.stages.remove(1);
            let removal = proto::UpdatePipelineRequest { pipeline: Some(without), update_mask: mask(&["stages"]), ..Default::default() };
            let mut pipelines = desk.caller.pipelines();
            let (moved, removed) = tokio::join!(
                desk.step(to(&opened, "engaging")),
                pipelines.update_pipeline(removal),
            );
            assert_ne!(moved.is_ok(), removed.is_ok(), "{moved:?} {removed:?}");
            if let Ok(moved) = moved {
                desk.step(to(&moved, "won")).await.unwrap();
            }
            let restored = proto::Pipeline { etag: String::new(), ..desk.pipeline.clone() };
            let restore = proto::UpdatePipelineRequest { pipeline: Some(restored), ..Default::default() };
            desk.caller.pipelines().update_pipeline(restore).await.unwrap();
        }
    }
}
