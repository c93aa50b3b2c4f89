//! Who approves what, and how far that reaches.

use rapport_platform::on_each_engine;
use rapport_platform::time::Clock;
use rapport_proto::rapport::sales::v1 as proto;
use tonic::{Code, Status};

use super::{Company, DAY, content, grant, inner, line, rule};
use crate::grpc::quote::sweep;
use crate::store::quote::Due;
use crate::testing::{fields, metadata, reason};

fn told(refused: &Status) -> (Code, String) {
    (refused.code(), reason(refused))
}

fn said(code: Code, reason: &str) -> (Code, String) {
    (code, reason.to_owned())
}

on_each_engine! {
    async fn a_seller_is_free_up_to_his_limit_and_a_manager_up_to_hers(db: Database) {
        let company = Company::open(&db).await;
        let free = company.sven.submit(&company.quote(100_000).await).await.unwrap();
        assert_eq!((free.state(), free.binding, free.pending_level), (proto::QuoteState::Approved, true, 0));

        let first = company.quote(120_000).await;
        let second = company.sven.revise(&first, content(140_000)).await.unwrap();
        let third = company.sven.revise(&second, content(150_000)).await.unwrap();
        let third = company.sven.submit(&third).await.unwrap();
        assert_eq!((third.revision, third.state(), third.pending_level), (3, proto::QuoteState::Pending, 1));
        assert!(!third.binding);

        let own = company.sven.approve(&third).await.unwrap_err();
        assert_eq!(told(&own), said(Code::PermissionDenied, "SELF_APPROVAL"));
        let approved = company.mona.approve(&third).await.unwrap();
        assert_eq!((approved.state(), approved.binding), (proto::QuoteState::Approved, true));
        assert_eq!(approved.content_hash, third.content_hash);

        let fourth = company.sven.revise(&approved, content(160_000)).await.unwrap();
        assert_eq!((fourth.revision, fourth.state(), fourth.binding), (4, proto::QuoteState::Draft, false));
        assert_ne!(fourth.content_hash, approved.content_hash);
        let late = company.mona.approve(&third).await.unwrap_err();
        assert_eq!(told(&late), said(Code::Aborted, "ETAG_MISMATCH"));
        let fresh_etag = proto::Quote { etag: fourth.etag.clone(), ..third.clone() };
        assert_eq!(told(&company.mona.approve(&fresh_etag).await.unwrap_err()), said(Code::Aborted, "ETAG_MISMATCH"));

        let pending = company.sven.submit(&fourth).await.unwrap();
        assert!(company.mona.approve(&pending).await.unwrap().binding);
        let decisions = company.sven.revision(&third, 3).await.decisions;
        assert_eq!(decisions.len(), 1);
        assert_eq!((decisions[0].approver.as_str(), decisions[0].level), ("employees/mona", 1));
        assert_eq!((decisions[0].content_hash.as_str(), decisions[0].comment.as_str()), (third.content_hash.as_str(), "Go ahead"));
    }

    async fn what_exceeds_the_approvers_limits_is_refused(db: Database) {
        let company = Company::open(&db).await;
        let deep = company.sven.submit(&company.quote(200_001).await).await.unwrap();
        let refused = company.mona.approve(&deep).await.unwrap_err();
        assert_eq!(told(&refused), said(Code::PermissionDenied, "AUTHORITY_MISSING"));
        assert_eq!((metadata(&refused, "resource"), metadata(&refused, "level")), (deep.name.clone(), "1".to_owned()));
        assert!(company.dora.approve(&deep).await.unwrap().binding);

        let hidden = proto::QuoteContent { lines: vec![line("100", 10_000, 0), line("1", 100, 250_000)], ..content(0) };
        let hidden = company.sven.create(&company.customer, hidden, 250_000).await.unwrap();
        let hidden = company.sven.submit(&hidden).await.unwrap();
        assert_eq!(hidden.pending_level, 1, "one small line is beyond his limit");
        assert_eq!(reason(&company.mona.approve(&hidden).await.unwrap_err()), "AUTHORITY_MISSING");
    }

    async fn nobody_approves_by_the_authority_of_the_submitter(db: Database) {
        let company = Company::open(&db).await;
        let (mona, bob) = (&company.mona, company.sven.acting_as("employees/bob"));
        mona.lend("employees/bob").await.unwrap();
        let hers = mona.create(&company.customer, content(150_000), 150_000).await.unwrap();
        let hers = mona.submit(&hers).await.unwrap();
        let own = mona.approve(&hers).await.unwrap_err();
        assert_eq!(told(&own), said(Code::PermissionDenied, "SELF_APPROVAL"));
        let lent = bob.approve(&hers).await.unwrap_err();
        assert_eq!(told(&lent), said(Code::PermissionDenied, "SELF_APPROVAL"));

        let svens = company.sven.submit(&company.quote(150_000).await).await.unwrap();
        let approved = bob.approve(&svens).await.unwrap();
        assert!(approved.binding, "he stands in for her where it is not hers");
        let decision = &company.sven.revision(&svens, 1).await.decisions[0];
        assert_eq!((decision.approver.as_str(), decision.on_behalf_of.as_str()), ("employees/bob", "employees/mona"));

        mona.lend("employees/dora").await.unwrap();
        let hers = mona.read(&hers).await.unwrap();
        let deputy = company.dora.approve(&hers).await.unwrap_err();
        assert_eq!(reason(&deputy), "SELF_APPROVAL", "she acts for her, whatever she may do herself");

        let handed = company.quote(150_000).await;
        let handed = mona.submit(&handed).await.unwrap();
        assert_eq!(reason(&company.sven.approve(&handed).await.unwrap_err()), "SELF_APPROVAL");
        assert_eq!(reason(&mona.approve(&handed).await.unwrap_err()), "SELF_APPROVAL", "she submitted it");
    }

    async fn whoever_wrote_the_present_words_does_not_approve_them(db: Database) {
        let company = Company::open(&db).await;
        let svens = company.quote(150_000).await;
        let hers = company.mona.revise(&svens, content(140_000)).await.unwrap();
        let pending = company.sven.submit(&hers).await.unwrap();
        assert_eq!(reason(&company.mona.approve(&pending).await.unwrap_err()), "SELF_APPROVAL");
        assert!(company.dora.approve(&pending).await.unwrap().binding);
    }

    async fn authority_that_ended_approves_nothing(db: Database) {
        let company = Company::open(&db).await;
        let admin = company.sven.acting_as("employees/admin");
        let tom = company.sven.acting_as("employees/tom");
        let action = proto::AuthorityAction::ApproveQuotes;
        let dated = |days: u32| proto::AuthorityGrant {
            valid_to_time: Some(admin.ctx.now.saturating_add(DAY * days).into()),
            ..grant("tom", action, 1, 200_000)
        };
        let pending = company.sven.submit(&company.quote(150_000).await).await.unwrap();
        admin.grant(dated(1)).await.unwrap();
        let late = tom.later(DAY).approve(&pending).await.unwrap_err();
        assert_eq!(told(&late), said(Code::PermissionDenied, "AUTHORITY_MISSING"));

        let revoked = admin.grant(dated(9)).await.unwrap();
        let revoke = proto::RevokeAuthorityRequest { name: revoked.name.clone(), ..Default::default() };
        inner(admin.later(DAY).authorities().revoke_authority(revoke).await).unwrap();
        assert_eq!(reason(&tom.later(DAY).approve(&pending).await.unwrap_err()), "AUTHORITY_MISSING");

        company.mona.lend("employees/eve").await.unwrap();
        let eve = company.sven.acting_as("employees/eve");
        assert_eq!(reason(&eve.later(DAY).approve(&pending).await.unwrap_err()), "AUTHORITY_MISSING", "she is back");
        assert!(tom.approve(&pending).await.unwrap().binding, "while it held");
    }

    async fn each_level_of_a_chain_approves_in_turn(db: Database) {
        let company = Company::open(&db).await;
        let admin = company.sven.acting_as("employees/admin");
        let large = proto::ApprovalRule { total_above: super::euros(50_000), ..rule(2) };
        let policy = proto::ApprovalPolicy { rules: vec![rule(1), large], ..Default::default() };
        admin.set_policy(policy).await;
        let pending = company.sven.submit(&company.quote(150_000).await).await.unwrap();
        assert_eq!((pending.pending_level, pending.policy_version), (1, 1));

        let first = company.dora.approve(&pending).await.unwrap();
        assert_eq!((first.state(), first.pending_level, first.binding), (proto::QuoteState::Pending, 2, false));
        assert_eq!(reason(&company.dora.approve(&first).await.unwrap_err()), "SELF_APPROVAL", "each level has its own");
        assert_eq!(reason(&company.mona.approve(&first).await.unwrap_err()), "AUTHORITY_MISSING", "level 1 only");
        admin.grant(grant("carl", proto::AuthorityAction::ApproveQuotes, 3, 1_000_000)).await.unwrap();
        let carl = company.sven.acting_as("employees/carl");
        assert!(carl.approve(&first).await.unwrap().binding);
        assert_eq!(company.sven.revision(&first, 1).await.needed_levels, [1, 2]);

        let free = company.sven.submit(&company.quote(50_000).await).await.unwrap();
        assert_eq!((free.state(), free.pending_level), (proto::QuoteState::Pending, 2), "he is free of level 1 only");
    }

    async fn who_declines_makes_a_draft_of_it_and_approvals_start_anew(db: Database) {
        let company = Company::open(&db).await;
        let admin = company.sven.acting_as("employees/admin");
        let policy = proto::ApprovalPolicy { rules: vec![rule(1), rule(2)], ..Default::default() };
        admin.set_policy(policy).await;
        let pending = company.sven.submit(&company.quote(150_000).await).await.unwrap();
        let first = company.mona.approve(&pending).await.unwrap();
        let declined = company.dora.decline(&first).await.unwrap();
        assert_eq!((declined.state(), declined.pending_level, declined.binding), (proto::QuoteState::Draft, 0, false));

        let again = company.sven.later(DAY).submit(&declined).await.unwrap();
        assert_eq!(again.pending_level, 1);
        let again = company.mona.later(DAY).approve(&again).await.unwrap();
        let approved = company.dora.later(DAY).approve(&again).await.unwrap();
        assert!(approved.binding);
        use proto::QuoteDecisionOutcome::{Approved, Declined};
        let decisions = company.sven.revision(&approved, 1).await.decisions;
        let outcomes: Vec<_> = decisions.iter().map(|it| (it.level, it.outcome())).collect();
        assert_eq!(outcomes, [(1, Approved), (2, Declined), (1, Approved), (2, Approved)]);
    }

    async fn later_content_within_what_was_approved_stays_approved(db: Database) {
        let company = Company::open(&db).await;
        let approved = company.approved(150_000).await;
        let kept = company.sven.revise(&approved, content(120_000)).await.unwrap();
        assert_eq!((kept.state(), kept.binding, kept.revision), (proto::QuoteState::Approved, true, 2));
        assert_eq!(company.sven.revision(&kept, 2).await.approved_by_revision, 1);
        let wider = company.sven.revise(&kept, content(150_000)).await.unwrap();
        assert!(wider.binding, "what was approved counts, not what came after");
        let beyond = company.sven.revise(&wider, content(150_001)).await.unwrap();
        assert_eq!((beyond.state(), beyond.binding), (proto::QuoteState::Draft, false));
        let back = company.sven.revise(&beyond, content(140_000)).await.unwrap();
        assert_eq!((back.state(), back.binding), (proto::QuoteState::Draft, false), "it has to be submitted again");

        let twice = proto::QuoteContent { lines: vec![line("20", 10_000, 150_000)], ..content(0) };
        let twice = company.sven.revise(&company.approved(150_000).await, twice).await.unwrap();
        assert!(!twice.binding, "twice as much is given away");
        let hers = company.approved(150_000).await;
        let edited = company.mona.revise(&hers, content(140_000)).await.unwrap();
        assert!(!edited.binding, "an approver's own words are approved by somebody else");
    }

    async fn words_and_prices_that_nobody_approved_do_not_bind(db: Database) {
        let company = Company::open(&db).await;
        let changed = |change: fn(&mut proto::QuoteContent)| {
            let mut content = content(150_000);
            change(&mut content);
            content
        };
        for change in [
            |it: &mut proto::QuoteContent| it.lines[0].unit_price = super::euros(1),
            |it: &mut proto::QuoteContent| it.lines[0].description = "Fountain pen".to_owned(),
            |it: &mut proto::QuoteContent| it.lines[0].tax_rate_ppm = 0,
            |it: &mut proto::QuoteContent| it.lines[0].quantity = "9".to_owned(),
            |it: &mut proto::QuoteContent| it.lines.push(line("1", 10_000, 0)),
        ] {
            let approved = company.approved(150_000).await;
            let revised = company.sven.revise(&approved, changed(change)).await.unwrap();
            assert_eq!((revised.state(), revised.binding), (proto::QuoteState::Draft, false));
        }
    }

    async fn a_stricter_policy_takes_the_later_content_s_approval(db: Database) {
        let company = Company::open(&db).await;
        let approved = company.approved(150_000).await;
        let policy = proto::ApprovalPolicy { rules: vec![rule(3)], ..Default::default() };
        company.sven.acting_as("employees/admin").set_policy(policy).await;
        assert!(company.sven.read(&approved).await.unwrap().binding, "what was approved stays so");
        let same = company.sven.revise(&approved, content(150_000)).await.unwrap();
        assert!(!same.binding);
    }

    async fn a_sent_quote_that_is_revised_has_to_be_sent_again(db: Database) {
        let company = Company::open(&db).await;
        let sent = company.sent(150_000).await;
        let same = company.sven.revise(&sent, content(150_000)).await.unwrap();
        assert_eq!((same.state(), same.binding, same.send_time), (proto::QuoteState::Approved, true, None));
        let early = company.sven.accept(&same).await.unwrap_err();
        assert_eq!(told(&early), said(Code::FailedPrecondition, "INVALID_STATE"));
    }

    async fn a_level_that_does_not_decide_in_time_is_passed_over(db: Database) {
        let company = Company::open(&db).await;
        let policy = proto::ApprovalPolicy {
            rules: vec![rule(9)],
            escalate_after: Some(prost_types::Duration { seconds: 86_400, nanos: 0 }),
            ..Default::default()
        };
        company.sven.acting_as("employees/admin").set_policy(policy).await;
        let pending = company.sven.submit(&company.quote(150_000).await).await.unwrap();
        assert_eq!((pending.asked_level, pending.escalate_time), (9, Some(company.sven.ctx.now.saturating_add(DAY).into())));

        let (clock, hands) = Clock::manual(company.sven.ctx.now);
        assert_eq!(sweep(&db, &clock, Due::Escalation).await.unwrap(), 0, "not yet");
        hands.advance(DAY);
        assert_eq!(sweep(&db, &clock, Due::Escalation).await.unwrap(), 1);
        let asked = company.sven.read(&pending).await.unwrap();
        assert_eq!((asked.pending_level, asked.asked_level, asked.escalate_time), (9, 10, None));
        assert_eq!(company.sven.titles("asked_level = 10").await.unwrap(), ["Pens"]);
        assert_eq!(company.sven.announced().await.last().unwrap(), "QuoteEscalated");
        assert_eq!(told(&company.mona.approve(&pending).await.unwrap_err()).0, Code::Aborted, "it changed");
    }

    async fn policies_are_kept_in_versions(db: Database) {
        let company = Company::open(&db).await;
        let admin = company.sven.acting_as("employees/admin");
        let get = |version| proto::GetApprovalPolicyRequest { name: "approvalPolicy".into(), version };
        let initial = inner(admin.policies().get_approval_policy(get(None)).await).unwrap();
        assert_eq!((initial.version, initial.rules.len(), initial.rules[0].level), (0, 1, 1));
        let first = admin.set_policy(proto::ApprovalPolicy { rules: Vec::new(), etag: initial.etag.clone(), ..initial.clone() }).await;
        assert_eq!((first.version, first.author.as_str()), (1, "employees/admin"));
        let stale = proto::SetApprovalPolicyRequest { approval_policy: Some(initial.clone()), ..Default::default() };
        let stale = admin.policies().set_approval_policy(stale).await.unwrap_err();
        assert_eq!(told(&stale), said(Code::Aborted, "ETAG_MISMATCH"));
        assert_eq!(inner(admin.policies().get_approval_policy(get(Some(0))).await).unwrap(), initial);
        let none = admin.policies().get_approval_policy(get(Some(7))).await.unwrap_err();
        assert_eq!(none.code(), Code::NotFound);
        let free = company.sven.submit(&company.quote(900_000).await).await.unwrap();
        assert!(free.binding, "without rules nothing needs approval");
        assert_eq!(free.policy_version, 1);
        let wrong = proto::ApprovalPolicy { rules: vec![rule(1), rule(11)], ..Default::default() };
        let wrong = proto::SetApprovalPolicyRequest { approval_policy: Some(wrong), ..Default::default() };
        let wrong = admin.policies().set_approval_policy(wrong).await.unwrap_err();
        assert_eq!(fields(&wrong), ["approval_policy.rules[1].level"]);
    }
}
