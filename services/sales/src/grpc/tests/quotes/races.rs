//! Several people at one quote.

use futures::future::join_all;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;
use tonic::{Code, Status};

use super::{Company, content, grant, rule};
use crate::testing::Caller;

/// How many succeeded; every other was ABORTED.
fn winners(outcomes: &[Result<proto::Quote, Status>]) -> usize {
    let lost = outcomes.iter().filter_map(|it| it.as_ref().err());
    for refused in lost {
        assert_eq!(refused.code(), Code::Aborted, "{refused}");
    }
    outcomes.iter().filter(|it| it.is_ok()).count()
}

/// That what binds is what somebody approved, or was free of approval.
async fn assert_honest(company: &Company, quote: &proto::Quote) {
    let quote = company.sven.read(quote).await.unwrap();
    if !quote.binding {
        return;
    }
    let revision = company.sven.revision(&quote, quote.revision).await;
    assert_eq!(revision.content_hash, quote.content_hash);
    let approved = revision
        .decisions
        .iter()
        .any(|it| it.content_hash == quote.content_hash);
    assert!(approved, "binding content that nobody approved");
}

async fn approvers(company: &Company, level: i32) -> Vec<Caller> {
    let admin = company.sven.acting_as("employees/admin");
    let mut approvers = Vec::new();
    for number in 0..4 {
        let name = format!("approver{number}");
        let action = proto::AuthorityAction::ApproveQuotes;
        admin
            .grant(grant(&name, action, level, 1_000_000))
            .await
            .unwrap();
        approvers.push(company.sven.acting_as(&format!("employees/{name}")));
    }
    approvers
}

on_each_engine! {
    async fn of_several_approvals_at_once_one_counts(db: Database) {
        let company = Company::open(&db).await;
        let approvers = approvers(&company, 2).await;
        let policy = proto::ApprovalPolicy { rules: vec![rule(1), rule(2)], ..Default::default() };
        company.sven.acting_as("employees/admin").set_policy(policy).await;
        let pending = company.sven.submit(&company.quote(150_000).await).await.unwrap();
        let outcomes = join_all(approvers.iter().map(|it| it.approve(&pending))).await;
        assert_eq!(winners(&outcomes), 1);
        let after = company.sven.read(&pending).await.unwrap();
        assert_eq!((after.pending_level, after.binding), (2, false), "one level, not two");
        assert_eq!(company.sven.revision(&pending, 1).await.decisions.len(), 1);
    }

    async fn of_approvals_and_edits_at_once_one_wins_and_nothing_unapproved_binds(db: Database) {
        let company = Company::open(&db).await;
        let approvers = approvers(&company, 1).await;
        for round in 0..6 {
            let pending = company.sven.submit(&company.quote(150_000).await).await.unwrap();
            let approving = approvers.iter().map(|it| it.approve(&pending));
            let edits = (0..4).map(|it| company.sven.revise(&pending, content(300_000 + round * 10 + it)));
            let (approvals, edits) = tokio::join!(join_all(approving), join_all(edits));
            assert_eq!(winners(&approvals) + winners(&edits), 1);
            assert_honest(&company, &pending).await;
        }
    }

    async fn of_edits_and_acceptance_at_once_one_wins(db: Database) {
        let company = Company::open(&db).await;
        for _ in 0..4 {
            let sent = company.sent(150_000).await;
            let (accepted, revised) = tokio::join!(
                company.sven.accept(&sent),
                company.sven.revise(&sent, content(500_000)),
            );
            assert!(accepted.is_ok() != revised.is_ok());
            assert_honest(&company, &sent).await;
        }
    }

    async fn two_quotes_do_not_take_each_other_s_place(db: Database) {
        let company = Company::open(&db).await;
        for _ in 0..4 {
            let (one, two) = (company.quote(0).await, company.quote(0).await);
            let (first, second) = tokio::join!(
                company.sven.supersede(&one, &two),
                company.sven.supersede(&two, &one),
            );
            assert!(first.is_ok() != second.is_ok());
        }
    }
}
