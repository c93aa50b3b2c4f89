//! Who approves what was spent, and how it is paid back.

use futures::future::join_all;
use rapport_platform::on_each_engine;
use rapport_platform::testing::{metadata, reason};
use rapport_proto::rapport::sales::v1 as proto;

use super::super::quotes::grant;
use super::{Office, euros};
use proto::ExpenseState as State;

on_each_engine! {
    async fn a_manager_approves_up_to_the_limit_and_a_grant_beyond(db: Database) {
        let office = Office::open(&db).await;
        let small = office.submitted(10_000).await;
        assert_eq!((small.state(), small.submitter.as_str()), (State::Submitted, "employees/sam"));
        let refused = office.otto.sign(&small).await.unwrap_err();
        assert_eq!(reason(&refused), "AUTHORITY_MISSING");
        let signed = office.meg.sign(&small).await.unwrap();
        assert_eq!((signed.state(), signed.approver.as_str(), signed.authority_grant.as_str()), (State::Approved, "employees/meg", ""));
        let large = office.submitted(10_001).await;
        assert_eq!(reason(&office.meg.sign(&large).await.unwrap_err()), "AUTHORITY_MISSING");
        let grant = proto::AuthorityGrant {
            max_total: euros(20_000),
            ..grant("otto", proto::AuthorityAction::ApproveExpenses, 1, 0)
        };
        let grant = office.back.grant(grant).await.unwrap();
        let now = office.otto.ctx.now;
        let otto = office.otto.with(|ctx| ctx.now = now);
        let signed = otto.sign(&large).await.unwrap();
        assert_eq!(signed.authority_grant, grant.name);
        let larger = office.submitted(20_001).await;
        assert_eq!(reason(&otto.sign(&larger).await.unwrap_err()), "AUTHORITY_MISSING");
        assert_eq!(otto.refuse(&larger).await.unwrap().state(), State::Rejected, "any grant will do to refuse");
    }

    async fn nobody_approves_what_he_spent_wrote_or_handed_in(db: Database) {
        let office = Office::open(&db).await;
        for who in ["sam", "meg", "back"] {
            let grant = grant(who, proto::AuthorityAction::ApproveExpenses, 1, 0);
            office.otto.grant(grant).await.unwrap();
        }
        let own = office.submitted(1_000).await;
        assert_eq!(reason(&office.sam.sign(&own).await.unwrap_err()), "SELF_APPROVAL");
        let draft = office.draft(1_000).await;
        let handed_in = office.meg.hand_in(&draft).await.unwrap();
        assert_eq!(reason(&office.meg.sign(&handed_in).await.unwrap_err()), "SELF_APPROVAL");
        assert_eq!(office.back.sign(&handed_in).await.unwrap().state(), State::Approved);
        let draft = office.draft(1_000).await;
        let written = office.back.write_anew(draft, &["title"]).await.unwrap();
        let handed_in = office.sam.hand_in(&written).await.unwrap();
        assert_eq!(reason(&office.back.sign(&handed_in).await.unwrap_err()), "SELF_APPROVAL");
        // Nor does somebody for whom he acts while he is away.
        office.sam.lend("employees/back").await.unwrap();
        let other = office.submitted(2_000).await;
        assert_eq!(reason(&office.back.sign(&other).await.unwrap_err()), "SELF_APPROVAL");
    }

    async fn those_who_sell_write_for_themselves_and_their_people_only(db: Database) {
        let office = Office::open(&db).await;
        let report = || office.report(vec![super::line("hotel", euros(100))]);
        assert!(office.meg.spend(report()).await.is_ok());
        assert!(office.back.spend(report()).await.is_ok());
        assert_eq!(reason(&office.otto.spend(report()).await.unwrap_err()), "NOT_SUBORDINATE");
        let draft = office.draft(100).await;
        assert_eq!(reason(&office.otto.hand_in(&draft).await.unwrap_err()), "NOT_SUBORDINATE");
        let renamed = proto::ExpenseReport { title: "Mine".to_owned(), ..draft };
        assert_eq!(reason(&office.otto.write_anew(renamed, &["title"]).await.unwrap_err()), "NOT_SUBORDINATE");
    }

    async fn a_report_goes_its_way_and_no_other(db: Database) {
        let office = Office::open(&db).await;
        let state = |refused: tonic::Status| metadata(&refused, "state");
        let draft = office.draft(1_000).await;
        assert_eq!(state(office.meg.sign(&draft).await.unwrap_err()), "DRAFT");
        assert_eq!(state(office.back.pay_back(&draft, "P").await.unwrap_err()), "UNAPPROVED");
        let submitted = office.sam.hand_in(&draft).await.unwrap();
        assert_eq!(state(office.sam.hand_in(&draft).await.unwrap_err()), "SUBMITTED");
        let edit = proto::ExpenseReport { etag: String::new(), ..submitted.clone() };
        assert_eq!(state(office.sam.write_anew(edit, &["title"]).await.unwrap_err()), "SUBMITTED");
        let refused = office.meg.refuse(&submitted).await.unwrap();
        assert_eq!(refused.decision_comment, "By train, please");
        let anew = office.sam.write_anew(refused, &["title"]).await.unwrap();
        assert_eq!(anew.state(), State::Draft);
        let again = office.sam.hand_in(&anew).await.unwrap();
        office.meg.sign(&again).await.unwrap();
        let paid = office.back.pay_back(&again, "P1").await.unwrap();
        assert_eq!((paid.state(), paid.payment_document.as_str()), (State::Reimbursed, "P1"));
        assert_eq!(office.back.pay_back(&again, "P1").await.unwrap().etag, paid.etag, "the same again changes nothing");
        assert_eq!(state(office.back.pay_back(&again, "P2").await.unwrap_err()), "REIMBURSED");
        assert_eq!(office.back.reports_that("state = REIMBURSED").await, 1);
        assert_eq!(office.back.reports_that(&format!("seller = \"{}\" AND state = DRAFT", office.seller)).await, 0);
        let kinds = office.back.announced().await;
        let kinds: Vec<&str> = kinds.iter().filter_map(|it| it.strip_prefix("ExpenseReport")).collect();
        assert_eq!(kinds, ["Created", "Submitted", "Decided", "Updated", "Submitted", "Decided", "Reimbursed"]);
    }

    async fn of_approvals_rejections_and_edits_at_once_one_counts(db: Database) {
        let office = Office::open(&db).await;
        for _ in 0..3 {
            let submitted = office.submitted(1_000).await;
            let decisions = join_all((0..4).map(|number| {
                let (meg, submitted) = (&office.meg, &submitted);
                async move {
                    match number % 2 {
                        0 => meg.sign(submitted).await,
                        _ => meg.refuse(submitted).await,
                    }
                }
            }));
            let decided = decisions.await.into_iter().filter(Result::is_ok).count();
            assert_eq!(decided, 1);
        }
        for _ in 0..3 {
            let draft = office.draft(1_000).await;
            let (written, submitted) = tokio::join!(
                office.sam.write_anew(draft.clone(), &["title"]),
                office.sam.hand_in(&draft),
            );
            assert!(written.is_ok() || submitted.is_ok());
            assert!(!(written.is_ok() && submitted.is_ok()) || submitted.unwrap().state() == State::Submitted);
        }
    }
}
