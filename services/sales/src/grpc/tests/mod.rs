//! Stories that callers of the service would tell, on both engines.

/// Calls an RPC with each string of its request hostile, in turn.
macro_rules! spoil {
    ($client:expr, $rpc:ident, $message:ident { $($field:ident: $value:expr),* $(,)? }) => {{
        #[allow(clippy::needless_update, reason = "some requests have no other field")]
        let message = proto::$message { $($field: $value,)* ..Default::default() };
        rapport_platform::spoil!($client, $rpc, message)
    }};
}

mod account_plans;
mod announcements;
mod calendar;
mod customers;
mod expenses;
mod forecasts;
mod imports;
mod opportunities;
mod orders;
mod pipelines;
mod plans;
mod prices;
mod products;
mod proposals;
mod quotes;
mod races;
mod reports;
mod sellers;
mod suggestions;
mod tasks;
mod territories;

use prost_types::FieldMask;
use rapport_proto::google::r#type::{Date, Money};
use rapport_proto::rapport::sales::v1 as proto;
use tonic::Status;

use crate::testing::Caller;
use proto::{ForecastCategory as Category, OpportunityState as State};

fn usd(units: i64) -> Money {
    Money {
        currency_code: "USD".to_owned(),
        units,
        nanos: 0,
    }
}

fn day(year: i32, month: i32, day: i32) -> Date {
    Date { year, month, day }
}

fn mask(paths: &[&str]) -> Option<FieldMask> {
    let paths = paths.iter().map(|path| (*path).to_owned()).collect();
    Some(FieldMask { paths })
}

fn stage(key: &str, state: State, probability: i32, category: Category) -> proto::Stage {
    proto::Stage {
        key: key.to_owned(),
        display_name: key.to_owned(),
        state: state.into(),
        probability,
        forecast_category: category.into(),
        stalled_after_days: 30,
    }
}

fn new_business() -> proto::Pipeline {
    proto::Pipeline {
        display_name: "New business".to_owned(),
        stages: vec![
            stage("prospecting", State::Open, 25, Category::Pipeline),
            stage("engaging", State::Open, 50, Category::BestCase),
            stage("won", State::Won, 100, Category::Closed),
            stage("lost", State::Lost, 0, Category::Omitted),
        ],
        close_reasons: vec![proto::CloseReason {
            key: "price".to_owned(),
            display_name: "Price".to_owned(),
            state: State::Lost.into(),
        }],
        ..Default::default()
    }
}

/// A caller with what opportunities need: a seller and a pipeline.
struct Desk {
    caller: Caller,
    anna: proto::Seller,
    pipeline: proto::Pipeline,
}

impl Desk {
    async fn of(caller: Caller) -> Self {
        let request = proto::CreatePipelineRequest {
            pipeline: Some(new_business()),
            ..Default::default()
        };
        let pipeline = caller.pipelines().create_pipeline(request).await;
        Self {
            anna: sellers::seller(&caller, "anna", "").await,
            pipeline: pipeline.unwrap().into_inner(),
            caller,
        }
    }

    fn opportunity(&self) -> proto::Opportunity {
        proto::Opportunity {
            display_name: "Big deal".to_owned(),
            owner: self.anna.name.clone(),
            pipeline: self.pipeline.name.clone(),
            amount: Some(usd(1_000)),
            close_date: Some(day(2026, 6, 30)),
            ..Default::default()
        }
    }

    async fn open(&self) -> proto::Opportunity {
        self.record(self.opportunity()).await.unwrap()
    }

    async fn record(&self, opportunity: proto::Opportunity) -> Result<proto::Opportunity, Status> {
        let request = proto::CreateOpportunityRequest {
            opportunity: Some(opportunity),
            ..Default::default()
        };
        let answer = self
            .caller
            .opportunities()
            .create_opportunity(request)
            .await;
        answer.map(tonic::Response::into_inner)
    }

    async fn step(
        &self,
        request: proto::MoveOpportunityRequest,
    ) -> Result<proto::Opportunity, Status> {
        let answer = self.caller.opportunities().move_opportunity(request).await;
        answer.map(tonic::Response::into_inner)
    }

    async fn update(
        &self,
        opportunity: proto::Opportunity,
        paths: &[&str],
    ) -> Result<proto::Opportunity, Status> {
        let request = proto::UpdateOpportunityRequest {
            opportunity: Some(opportunity),
            update_mask: mask(paths),
            ..Default::default()
        };
        let answer = self
            .caller
            .opportunities()
            .update_opportunity(request)
            .await;
        answer.map(tonic::Response::into_inner)
    }

    /// The history, oldest first.
    async fn history(&self, opportunity: &str) -> Vec<proto::StageChange> {
        let request = proto::ListStageChangesRequest {
            parent: opportunity.to_owned(),
            ..Default::default()
        };
        let answer = self
            .caller
            .opportunities()
            .list_stage_changes(request)
            .await;
        let mut changes = answer.unwrap().into_inner().stage_changes;
        changes.reverse();
        changes
    }

    async fn list(&self, filter: &str) -> Vec<String> {
        let request = proto::ListOpportunitiesRequest {
            filter: filter.to_owned(),
            ..Default::default()
        };
        let answer = self
            .caller
            .opportunities()
            .list_opportunities(request)
            .await;
        let all = answer.unwrap().into_inner().opportunities.into_iter();
        all.map(|it| it.name).collect()
    }
}

fn to(opportunity: &proto::Opportunity, stage: &str) -> proto::MoveOpportunityRequest {
    proto::MoveOpportunityRequest {
        name: opportunity.name.clone(),
        stage: stage.to_owned(),
        ..Default::default()
    }
}
