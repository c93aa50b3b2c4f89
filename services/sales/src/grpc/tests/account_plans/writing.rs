//! Plans are written, worked by, looked at and closed; what they tell is measured.

use std::slice::from_ref;

use futures::future::join_all;
use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_platform::testing::{answer, fields, metadata, reason};
use rapport_proto::rapport::customer::v1 as customer;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::ConnectionTrait as _;
use tonic::Code;

use super::super::{day, usd};
use super::{Planned, draft, inner, next_year};

on_each_engine! {
    async fn progress_is_measured_from_what_was_won_and_is_open(db: Database) {
        let planned = Planned::open(&db).await;
        let market = &planned.market;
        // Stocked: a pen for 10 USD was won.
        let _open = market.desk.record(proto::Opportunity { customer: market.her().to_owned(), amount: Some(usd(30)), ..market.desk.opportunity() }).await.unwrap();
        let other = market.another(&[&market.pen]).await;
        let plan = planned.now().await;
        let progress = plan.progress.unwrap();
        let pen = &progress.products[0];
        assert_eq!((progress.won_amount, progress.open_amount, progress.weighted_amount), (Some(usd(10)), Some(usd(30)), Some(usd_cents(750))));
        assert_eq!((progress.gap_amount, progress.attainment_ppm, progress.open_count), (Some(usd(90)), 100_000, 1));
        assert_eq!((pen.target_quantity, pen.won_quantity, pen.open_quantity), (2, 1, 0));
        assert_eq!((progress.overdue_action_count, progress.other_currency_count), (1, 0));
        let white: Vec<_> = progress.white_space.iter().map(|it| it.product.clone()).collect();
        assert_eq!(white, from_ref(&market.ink.name));

        let with = planned.update(proto::AccountPlan { accounts: vec![other], ..Default::default() }, &["accounts"]).await.unwrap();
        assert_eq!(with.progress, None, "told by reading alone");
        let progress = planned.now().await.progress.unwrap();
        assert_eq!((progress.won_amount, progress.products[0].won_quantity), (Some(usd(20)), 2));
        let past = proto::AccountPlan { start_date: Some(day(2025, 1, 1)), end_date: Some(day(2026, 1, 1)), ..Default::default() };
        planned.update(past, &["start_date", "end_date"]).await.unwrap();
        let progress = planned.now().await.progress.unwrap();
        assert_eq!((progress.won_amount, progress.open_amount, progress.attainment_ppm), (Some(usd(0)), Some(usd(0)), 0));
    }

    async fn a_plan_is_begun_closed_and_begun_again(db: Database) {
        let planned = Planned::open(&db).await;
        assert_eq!(planned.plan.state(), proto::AccountPlanState::Draft);
        assert_eq!(planned.activate().await.unwrap().state(), proto::AccountPlanState::Active);
        assert_eq!(metadata(&planned.activate().await.unwrap_err(), "state"), "ACTIVE");
        let closed = planned.close().await.unwrap();
        assert_eq!((closed.state(), closed.close_summary.as_str()), (proto::AccountPlanState::Closed, "Well done"));
        let changed = planned.update(proto::AccountPlan { title: "Other".to_owned(), ..Default::default() }, &["title"]).await;
        assert_eq!(metadata(&changed.unwrap_err(), "state"), "CLOSED");
        let again = planned.activate().await.unwrap();
        assert_eq!((again.state(), again.close_summary.as_str()), (proto::AccountPlanState::Active, ""));
        let told = planned.sven().announced().await;
        let told: Vec<_> = told.iter().filter(|it| it.starts_with("AccountPlan")).collect();
        assert_eq!(told, ["AccountPlanCreated", "AccountPlanStateChanged", "AccountPlanStateChanged", "AccountPlanStateChanged"]);
    }

    async fn a_step_that_is_done_stays_done_and_is_done_once(db: Database) {
        let planned = Planned::open(&db).await;
        let step = planned.plan.actions[0].clone();
        let done = proto::CompletePlanActionRequest {
            name: planned.plan.name.clone(), action_id: step.action_id.clone(), outcome: "She likes it".to_owned(), ..Default::default()
        };
        let plan = answer(planned.sven().plans().complete_plan_action(done.clone()).await);
        assert_eq!((plan.actions[0].outcome.as_str(), plan.actions[0].complete_time.is_some()), ("She likes it", true));
        let again = planned.sven().plans().complete_plan_action(done).await.unwrap_err();
        assert_eq!(metadata(&again, "state"), "DONE");
        let renamed = proto::PlanAction { title: "Show the ink".to_owned(), complete_time: None, outcome: String::new(), ..step.clone() };
        let more = proto::PlanAction { action_id: String::new(), ..step.clone() };
        let plan = planned.update(proto::AccountPlan { actions: vec![renamed, more], ..Default::default() }, &["actions"]).await.unwrap();
        assert_eq!((plan.actions[0].title.as_str(), plan.actions[0].outcome.as_str()), ("Show the ink", "She likes it"));
        assert_ne!(plan.actions[1].action_id, step.action_id);
        assert_eq!(planned.now().await.progress.unwrap().overdue_action_count, 1);
        let strange = proto::PlanAction { action_id: new_id().to_string(), ..step };
        let refused = planned.update(proto::AccountPlan { actions: vec![strange], ..Default::default() }, &["actions"]).await.unwrap_err();
        assert_eq!(fields(&refused), ["account_plan.actions[0].action_id"]);
    }

    async fn a_review_keeps_what_was_measured(db: Database) {
        let planned = Planned::open(&db).await;
        let review = proto::ReviewAccountPlanRequest {
            name: planned.plan.name.clone(), note: "On our way".to_owned(), next_review_date: Some(day(2026, 6, 30)), request_id: new_id().to_string(), ..Default::default()
        };
        let early = inner(planned.sven().plans().review_account_plan(review.clone()).await).unwrap_err();
        assert_eq!(metadata(&early, "state"), "DRAFT");
        planned.activate().await.unwrap();
        let looked = answer(planned.sven().plans().review_account_plan(review.clone()).await);
        assert_eq!(answer(planned.sven().plans().review_account_plan(review).await), looked, "a repeated request");
        assert_eq!((looked.next_review_date, looked.progress.unwrap().won_amount), (Some(day(2026, 6, 30)), Some(usd(10))));
        planned.market.wins(planned.market.her(), &[&planned.market.cap]).await;
        let request = proto::ListAccountPlanReviewsRequest { parent: planned.plan.name.clone(), ..Default::default() };
        let reviews = answer(planned.sven().plans().list_account_plan_reviews(request).await).account_plan_reviews;
        assert_eq!((reviews.len(), reviews[0].note.as_str(), reviews[0].won_amount.clone()), (1, "On our way", Some(usd(10))));
    }

    async fn of_many_who_change_what_they_read_one_does(db: Database) {
        let planned = Planned::open(&db).await;
        let etag = &planned.plan.etag;
        let changes = (0..6).map(|number| planned.update(proto::AccountPlan { title: format!("Plan {number}"), etag: etag.clone(), ..Default::default() }, &["title"]));
        let (done, refused): (Vec<_>, Vec<_>) = join_all(changes).await.into_iter().partition(Result::is_ok);
        assert_eq!((done.len(), refused.len()), (1, 5));
        assert!(refused.iter().all(|it| reason(it.as_ref().unwrap_err()) == "ETAG_MISMATCH"));
    }

    async fn plans_are_listed_by_owner_customer_state_and_period(db: Database) {
        let planned = Planned::open(&db).await;
        let (sven, market, year) = (planned.sven(), &planned.market, next_year(&planned.market));
        let later = proto::AccountPlan { start_date: Some(day(year, 1, 1)), end_date: Some(day(year + 1, 1, 1)), ..draft(market) };
        let later = sven.account_plan(later).await.unwrap();
        planned.activate().await.unwrap();
        let (first, owner) = (planned.plan.name.clone(), &market.desk.anna.name);
        assert_eq!(sven.plans_that(&format!("owner = \"{owner}\" AND state = ACTIVE")).await, from_ref(&first));
        assert_eq!(sven.plans_that(&format!("customer = \"{}\"", market.her())).await, [later.name.clone(), first]);
        assert_eq!(sven.plans_that(&format!("start_date >= \"{year}-01-01\"")).await, [later.name]);
        assert!(sven.of_another_tenant().plans_that("").await.is_empty());
        let request = proto::GetAccountPlanRequest { name: planned.plan.name.clone() };
        let stranger = sven.of_another_tenant().plans().get_account_plan(request).await.unwrap_err();
        assert_eq!(stranger.code(), Code::NotFound);
    }

    async fn what_does_not_exist_is_not_planned_with(db: Database) {
        let planned = Planned::open(&db).await;
        let (sven, good) = (planned.sven(), draft(&planned.market));
        let nobody = format!("customers/{}", new_id());
        let stakeholder = proto::PlanStakeholder { person: nobody.clone(), stance: proto::PlanStance::Neutral.into(), ..Default::default() };
        for (plan, field) in [
            (proto::AccountPlan { customer: nobody.clone(), ..good.clone() }, "account_plan.customer"),
            (proto::AccountPlan { accounts: vec![nobody], ..good.clone() }, "account_plan.accounts[0]"),
            (proto::AccountPlan { stakeholders: vec![stakeholder], ..good.clone() }, "account_plan.stakeholders[0].person"),
            (proto::AccountPlan { owner: format!("sellers/{}", new_id()), ..good.clone() }, "account_plan.owner"),
            (proto::AccountPlan { end_date: good.start_date, ..good.clone() }, "account_plan.end_date"),
            (proto::AccountPlan { revenue_target: None, ..good.clone() }, "account_plan.revenue_target"),
            (proto::AccountPlan { product_goals: vec![good.product_goals[0].clone(); 2], ..good.clone() }, "account_plan.product_goals[1]"),
        ] {
            assert_eq!(fields(&sven.account_plan(plan).await.unwrap_err()), [field]);
        }
    }

    async fn what_was_written_of_who_is_erased_is_gone(db: Database) {
        let planned = Planned::open(&db).await;
        let (sven, hers) = (planned.sven(), planned.plan.customer.clone());
        planned.activate().await.unwrap();
        let review = proto::ReviewAccountPlanRequest { name: planned.plan.name.clone(), note: "She is ill".to_owned(), ..Default::default() };
        answer(sven.plans().review_account_plan(review).await);
        sven.hear(&hers, 9, &customer::CustomerErased { customer: hers.clone(), ..Default::default() }).await;
        let plan = planned.now().await;
        assert_eq!((plan.title.as_str(), plan.objective.as_str(), plan.actions.len()), ("", "", 0));
        assert_eq!((plan.owner, plan.revenue_target), (planned.plan.owner.clone(), Some(usd(100))));
        let request = proto::ListAccountPlanReviewsRequest { parent: planned.plan.name.clone(), ..Default::default() };
        assert!(answer(sven.plans().list_account_plan_reviews(request).await).account_plan_reviews.is_empty());
    }

    async fn many_large_opportunities_are_measured(db: Database) {
        let planned = Planned::open(&db).await;
        let market = &planned.market;
        for _ in 0..5 {
            market.desk.record(proto::Opportunity { customer: market.her().to_owned(), amount: Some(usd(30)), ..market.desk.opportunity() }).await.unwrap();
        }
        // As much as thousands of the largest.
        let large = db.write_txn(|txn| async move {
            txn.execute_unprepared("UPDATE opportunity SET amount = 90000000000000001 WHERE amount = 3000").await?;
            Ok::<_, crate::Error>(())
        });
        large.await.unwrap();
        let progress = planned.now().await.progress.unwrap();
        // Five times 22,500,000,000,000,000.25 cents.
        assert_eq!(progress.weighted_amount, Some(usd_cents(112_500_000_000_000_001)));
    }

    async fn who_has_a_say_finds_back_after_a_merge_whatever_was_written_meanwhile(db: Database) {
        let planned = Planned::open(&db).await;
        let (sven, company) = (planned.sven(), &planned.market.company);
        let (ada, bob) = (company.another_customer().await, company.another_customer().await);
        let buyers = proto::AccountPlan { stakeholders: vec![buyer(&ada, "Buyer")], ..Default::default() };
        planned.update(buyers, &["stakeholders"]).await.unwrap();
        let (merged, undone) = (merge(&ada, &bob), merge_undone(&ada, &bob));
        sven.hear(NAME, 1, &merged).await;
        planned.update(proto::AccountPlan { title: "Other".to_owned(), ..Default::default() }, &["title"]).await.unwrap();
        let chief = proto::AccountPlan { stakeholders: vec![buyer(&bob, "Chief")], ..Default::default() };
        planned.update(chief, &["stakeholders"]).await.unwrap();
        sven.hear(NAME, 2, &undone).await;
        assert_eq!(planned.now().await.stakeholders, [buyer(&ada, "Chief")]);
    }

    async fn two_of_a_plan_who_became_one_are_one_until_they_are_two_again(db: Database) {
        let planned = Planned::open(&db).await;
        let (sven, company) = (planned.sven(), &planned.market.company);
        let (ada, bob) = (company.another_customer().await, company.another_customer().await);
        let both = vec![buyer(&ada, "Buyer"), buyer(&bob, "User")];
        let plan = proto::AccountPlan { accounts: vec![ada.clone(), bob.clone()], stakeholders: both, ..Default::default() };
        planned.update(plan, &["accounts", "stakeholders"]).await.unwrap();
        let (merged, undone) = (merge(&ada, &bob), merge_undone(&ada, &bob));
        sven.hear(NAME, 1, &merged).await;
        let titled = planned.update(proto::AccountPlan { title: "Other".to_owned(), ..Default::default() }, &["title"]).await.unwrap();
        assert_eq!((titled.accounts.as_slice(), titled.stakeholders.as_slice()), (from_ref(&bob), from_ref(&buyer(&bob, "Buyer"))));
        let chief = proto::AccountPlan { stakeholders: vec![buyer(&bob, "Chief")], ..Default::default() };
        planned.update(chief, &["stakeholders"]).await.unwrap();
        sven.hear(NAME, 2, &undone).await;
        let back = planned.now().await;
        assert_eq!(back.accounts, [ada.clone(), bob.clone()]);
        assert_eq!(back.stakeholders, [buyer(&ada, "Chief"), buyer(&bob, "User")]);
    }

    async fn one_customer_is_not_planned_with_under_two_names(db: Database) {
        let planned = Planned::open(&db).await;
        let (sven, company) = (planned.sven(), &planned.market.company);
        let (ada, bob) = (company.another_customer().await, company.another_customer().await);
        company.beside.merge(&sven.ctx, &bob, &ada).await;
        let plan = proto::AccountPlan { accounts: vec![bob.clone(), ada.clone()], ..draft(&planned.market) };
        assert_eq!(fields(&sven.account_plan(plan).await.unwrap_err()), ["account_plan.accounts[1]"]);
        let plan = proto::AccountPlan { stakeholders: vec![buyer(&ada, ""), buyer(&bob, "")], ..draft(&planned.market) };
        assert_eq!(fields(&sven.account_plan(plan).await.unwrap_err()), ["account_plan.stakeholders[1].person"]);
    }

    async fn plans_follow_a_merge_and_find_back_and_forget_who_was_erased(db: Database) {
        let planned = Planned::open(&db).await;
        let (sven, ada) = (planned.sven(), planned.market.company.another_customer().await);
        let person = planned.market.company.another_customer().await;
        let buyer = proto::PlanStakeholder { person: person.clone(), role: "Buyer".to_owned(), stance: proto::PlanStance::Sceptic.into(), ..Default::default() };
        planned.update(proto::AccountPlan { stakeholders: vec![buyer], ..Default::default() }, &["stakeholders"]).await.unwrap();
        let merge = customer::CustomerMerge {
            name: format!("customerMerges/{}", new_id()), survivor: ada.clone(), merged: planned.plan.customer.clone(), ..Default::default()
        };
        let name = merge.name.clone();
        let customer_merge = Some(merge);
        sven.hear(&name, 1, &customer::CustomersMerged { customer_merge: customer_merge.clone(), ..Default::default() }).await;
        assert_eq!(planned.now().await.customer, ada);
        sven.hear(&name, 2, &customer::CustomerMergeUndone { customer_merge, ..Default::default() }).await;
        let back = planned.now().await;
        assert_eq!((&back.customer, back.stakeholders.len()), (&planned.plan.customer, 1));
        sven.hear(&person, 9, &customer::CustomerErased { customer: person.clone(), ..Default::default() }).await;
        assert!(planned.now().await.stakeholders.is_empty());
        let hers = planned.plan.customer.clone();
        sven.hear(&hers, 9, &customer::CustomerErased { customer: hers.clone(), ..Default::default() }).await;
        let plan = planned.now().await;
        assert_eq!((plan.customer.as_str(), plan.progress.unwrap().won_amount), ("", Some(usd(0))));
    }
}

const NAME: &str = "customerMerges/019aa000-0000-7000-8000-000000000001";

fn merge_of(merged: &str, survivor: &str) -> Option<customer::CustomerMerge> {
    Some(customer::CustomerMerge {
        name: NAME.to_owned(),
        survivor: survivor.to_owned(),
        merged: merged.to_owned(),
        ..Default::default()
    })
}

fn merge(merged: &str, survivor: &str) -> customer::CustomersMerged {
    customer::CustomersMerged {
        customer_merge: merge_of(merged, survivor),
        ..Default::default()
    }
}

fn merge_undone(merged: &str, survivor: &str) -> customer::CustomerMergeUndone {
    customer::CustomerMergeUndone {
        customer_merge: merge_of(merged, survivor),
        ..Default::default()
    }
}

fn buyer(person: &str, role: &str) -> proto::PlanStakeholder {
    proto::PlanStakeholder {
        person: person.to_owned(),
        role: role.to_owned(),
        stance: proto::PlanStance::Neutral.into(),
        ..Default::default()
    }
}

fn usd_cents(cents: i64) -> rapport_proto::google::r#type::Money {
    let nanos = i32::try_from(cents % 100).unwrap() * 10_000_000;
    rapport_proto::google::r#type::Money {
        nanos,
        ..usd(cents / 100)
    }
}
