//! Whatever a caller sends gets an answer with a reason, and never a fault of ours.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;

use super::{Planned, draft};

on_each_engine! {
    async fn no_string_of_any_request_is_a_fault_of_ours(db: Database) {
        let planned = Planned::open(&db).await;
        let (sven, name) = (planned.sven(), planned.plan.name.clone());
        let action_id = planned.plan.actions[0].action_id.clone();
        let person = proto::PlanStakeholder {
            person: planned.market.her().to_owned(), role: "Buyer".into(), stance: proto::PlanStance::Champion.into(), note: "Kind".into(),
        };
        let whole = proto::AccountPlan { stakeholders: vec![person], ..draft(&planned.market) };
        let changed = proto::AccountPlan { name: name.clone(), ..whole.clone() };
        let mut calls = 0;
        calls += spoil!(sven.plans(), create_account_plan, CreateAccountPlanRequest { account_plan: Some(whole) });
        calls += spoil!(sven.plans(), get_account_plan, GetAccountPlanRequest { name: name.clone() });
        calls += spoil!(sven.plans(), list_account_plans, ListAccountPlansRequest { filter: "state = DRAFT".into() });
        calls += spoil!(sven.plans(), update_account_plan, UpdateAccountPlanRequest { account_plan: Some(changed) });
        calls += spoil!(sven.plans(), activate_account_plan, ActivateAccountPlanRequest { name: name.clone() });
        calls += spoil!(sven.plans(), complete_plan_action, CompletePlanActionRequest { name: name.clone(), action_id: action_id, outcome: "a".into() });
        calls += spoil!(sven.plans(), review_account_plan, ReviewAccountPlanRequest { name: name.clone(), note: "a".into() });
        calls += spoil!(sven.plans(), list_account_plan_reviews, ListAccountPlanReviewsRequest { parent: name.clone() });
        calls += spoil!(sven.plans(), close_account_plan, CloseAccountPlanRequest { name: name, summary: "a".into() });
        assert!(calls > 150, "{calls}");
    }
}
