//! What is to be achieved with customers, and how far it is.

mod hostile;
mod writing;

use rapport_platform::db::Database;
use rapport_platform::testing::answer;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::account_plan_service_client::AccountPlanServiceClient;
use tonic::{Response, Status};

use super::suggestions::Market;
use super::{day, usd};
use crate::domain::date;
use crate::testing::{Caller, Link};

/// A market with a plan for its customer: 100 USD and two pens from 2026 until this year ends.
struct Planned {
    market: Market,
    plan: proto::AccountPlan,
}

impl Planned {
    async fn open(db: &Database) -> Self {
        let market = Market::stocked(db).await;
        let plan = market.sven().account_plan(draft(&market)).await.unwrap();
        Self { market, plan }
    }

    fn sven(&self) -> &Caller {
        self.market.sven()
    }

    async fn now(&self) -> proto::AccountPlan {
        let name = self.plan.name.clone();
        let request = proto::GetAccountPlanRequest { name };
        answer(self.sven().plans().get_account_plan(request).await)
    }

    async fn update(
        &self,
        plan: proto::AccountPlan,
        paths: &[&str],
    ) -> Result<proto::AccountPlan, Status> {
        let request = proto::UpdateAccountPlanRequest {
            account_plan: Some(proto::AccountPlan {
                name: self.plan.name.clone(),
                ..plan
            }),
            update_mask: super::mask(paths),
            ..Default::default()
        };
        inner(self.sven().plans().update_account_plan(request).await)
    }

    async fn activate(&self) -> Result<proto::AccountPlan, Status> {
        let name = self.plan.name.clone();
        let request = proto::ActivateAccountPlanRequest {
            name,
            ..Default::default()
        };
        inner(self.sven().plans().activate_account_plan(request).await)
    }

    async fn close(&self) -> Result<proto::AccountPlan, Status> {
        let request = proto::CloseAccountPlanRequest {
            name: self.plan.name.clone(),
            summary: "Well done".to_owned(),
            ..Default::default()
        };
        inner(self.sven().plans().close_account_plan(request).await)
    }
}

fn draft(market: &Market) -> proto::AccountPlan {
    let anna = &market.desk.anna.name;
    proto::AccountPlan {
        customer: market.her().to_owned(),
        owner: anna.clone(),
        title: "Stationery 2026".to_owned(),
        start_date: Some(day(2026, 1, 1)),
        end_date: Some(day(next_year(market), 1, 1)),
        objective: "Become her only stationer".to_owned(),
        revenue_target: Some(usd(100)),
        product_goals: vec![proto::PlanProductGoal {
            product: market.pen.name.clone(),
            quantity: 2,
        }],
        actions: vec![proto::PlanAction {
            title: "Show her the ink".to_owned(),
            owner: anna.clone(),
            due_date: Some(day(2026, 1, 15)),
            ..Default::default()
        }],
        next_review_date: Some(day(2026, 3, 31)),
        ..Default::default()
    }
}

/// After which everything of these stories is past.
fn next_year(market: &Market) -> i32 {
    i32::from(date::of(market.sven().ctx.now).year()) + 1
}

fn inner<T>(answer: Result<Response<T>, Status>) -> Result<T, Status> {
    answer.map(Response::into_inner)
}

impl Caller {
    fn plans(&self) -> AccountPlanServiceClient<Link> {
        AccountPlanServiceClient::new(self.link())
    }

    async fn account_plan(&self, plan: proto::AccountPlan) -> Result<proto::AccountPlan, Status> {
        let request = proto::CreateAccountPlanRequest {
            account_plan: Some(plan),
            ..Default::default()
        };
        inner(self.plans().create_account_plan(request).await)
    }

    async fn plans_that(&self, filter: &str) -> Vec<String> {
        let request = proto::ListAccountPlansRequest {
            filter: filter.to_owned(),
            ..Default::default()
        };
        let listed = answer(self.plans().list_account_plans(request).await);
        listed.account_plans.into_iter().map(|it| it.name).collect()
    }
}
