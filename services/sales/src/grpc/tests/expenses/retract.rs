//! Taking back what was handed in, and removing drafts.

use futures::future::join_all;
use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_platform::testing::{metadata, reason};
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::{EntityTrait as _, PaginatorTrait as _};

use super::Office;
use crate::store::entity::expense_line;
use proto::ExpenseState as State;

on_each_engine! {
    async fn what_was_handed_in_can_be_taken_back_until_it_is_decided(db: Database) {
        let office = Office::open(&db).await;
        let state = |refused: tonic::Status| metadata(&refused, "state");
        let draft = office.draft(1_000).await;
        assert_eq!(state(office.sam.take_back(&draft).await.unwrap_err()), "DRAFT");
        let submitted = office.sam.hand_in(&draft).await.unwrap();
        assert_eq!(reason(&office.otto.take_back(&submitted).await.unwrap_err()), "NOT_SUBORDINATE");
        let back = office.sam.take_back(&submitted).await.unwrap();
        assert_eq!((back.state(), back.submitter.as_str(), back.submit_time), (State::Draft, "", None));
        assert_eq!(reason(&office.meg.sign(&submitted).await.unwrap_err()), "ETAG_MISMATCH", "what she read is no longer asked");
        let again = office.sam.hand_in(&back).await.unwrap();
        let signed = office.meg.sign(&again).await.unwrap();
        assert_eq!(state(office.sam.take_back(&signed).await.unwrap_err()), "APPROVED");
        let kinds = office.back.announced().await;
        let kinds: Vec<&str> = kinds.iter().filter_map(|it| it.strip_prefix("ExpenseReport")).collect();
        assert_eq!(kinds, ["Created", "Submitted", "Withdrawn", "Submitted", "Decided"]);
    }

    async fn a_draft_goes_with_its_lines_and_once(db: Database) {
        let office = Office::open(&db).await;
        let draft = office.draft(1_000).await;
        assert_eq!(reason(&office.otto.remove(&draft, "").await.unwrap_err()), "NOT_SUBORDINATE");
        let old = proto::ExpenseReport { etag: "\"0\"".to_owned(), ..draft.clone() };
        assert_eq!(reason(&office.sam.remove(&old, "").await.unwrap_err()), "ETAG_MISMATCH");
        let id = new_id().to_string();
        office.sam.remove(&draft, &id).await.unwrap();
        office.sam.remove(&draft, &id).await.expect("a retry gets the first answer");
        assert_eq!(reason(&office.sam.remove(&draft, "").await.unwrap_err()), "RESOURCE_NOT_FOUND");
        assert_eq!(reason(&office.sam.hand_in(&draft).await.unwrap_err()), "RESOURCE_NOT_FOUND");
        assert_eq!(expense_line::Entity::find().count(db.read()).await.unwrap(), 0);
        let submitted = office.submitted(2_000).await;
        assert_eq!(metadata(&office.sam.remove(&submitted, "").await.unwrap_err(), "state"), "SUBMITTED");
        let kinds = office.back.announced().await;
        assert_eq!(kinds.iter().filter(|it| *it == "ExpenseReportDeleted").count(), 1);
    }

    async fn of_a_decision_and_a_withdrawal_at_once_one_counts(db: Database) {
        let office = Office::open(&db).await;
        for _ in 0..3 {
            let submitted = office.submitted(1_000).await;
            let steps = join_all((0..4).map(|number| {
                let (office, submitted) = (&office, &submitted);
                async move {
                    match number % 2 {
                        0 => office.meg.sign(submitted).await,
                        _ => office.sam.take_back(submitted).await,
                    }
                }
            }));
            assert_eq!(steps.await.into_iter().filter(Result::is_ok).count(), 1);
        }
    }

    async fn of_a_removal_and_a_submission_at_once_one_counts(db: Database) {
        let office = Office::open(&db).await;
        for _ in 0..3 {
            let draft = office.draft(1_000).await;
            let (removed, submitted) = tokio::join!(office.sam.remove(&draft, ""), office.sam.hand_in(&draft));
            assert!(removed.is_ok() != submitted.is_ok(), "{removed:?} {submitted:?}");
        }
    }
}
