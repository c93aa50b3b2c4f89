//! The tenant's pipelines.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;
use tonic::{Code, Status};

use super::{Desk, mask, new_business, to};
use crate::testing::{Caller, fields, metadata, reason};

async fn update(
    caller: &Caller,
    pipeline: proto::Pipeline,
    paths: &[&str],
) -> Result<proto::Pipeline, Status> {
    let request = proto::UpdatePipelineRequest {
        pipeline: Some(pipeline),
        update_mask: mask(paths),
        ..Default::default()
    };
    let answer = caller.pipelines().update_pipeline(request).await;
    answer.map(tonic::Response::into_inner)
}

on_each_engine! {
    async fn a_pipeline_comes_back_as_it_was_recorded(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let request = proto::GetPipelineRequest { name: desk.pipeline.name.clone() };
        let read = desk.caller.pipelines().get_pipeline(request.clone()).await.unwrap().into_inner();
        assert_eq!(read, desk.pipeline);
        assert_eq!((read.stages, read.close_reasons), (new_business().stages, new_business().close_reasons));
        let stranger = desk.caller.of_another_tenant();
        assert_eq!(stranger.pipelines().get_pipeline(request).await.unwrap_err().code(), Code::NotFound);
        let list = proto::ListPipelinesRequest::default();
        assert!(stranger.pipelines().list_pipelines(list.clone()).await.unwrap().into_inner().pipelines.is_empty());
        assert_eq!(desk.caller.pipelines().list_pipelines(list).await.unwrap().into_inner().pipelines.len(), 1);
    }

    async fn a_stage_that_opportunities_are_in_stays(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let opportunity = desk.open().await;
        let mut without = desk.pipeline.clone();
        without.stages.remove(0);
        let refused = update(&desk.caller, without.clone(), &["stages"]).await.unwrap_err();
        assert_eq!((reason(&refused).as_str(), metadata(&refused, "dependents").as_str()), ("RESOURCE_IN_USE", "1"));
        desk.step(to(&opportunity, "engaging")).await.unwrap();
        let updated = update(&desk.caller, without, &["stages"]).await.unwrap();
        assert_eq!(updated.stages[0].key, "engaging");
    }

    async fn a_change_is_refused_where_it_would_rewrite_history(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let mut turned = desk.pipeline.clone();
        turned.stages[0].state = proto::OpportunityState::Won.into();
        turned.stages[0].probability = 100;
        turned.stages[0].forecast_category = proto::ForecastCategory::Closed.into();
        let refused = update(&desk.caller, turned, &["stages"]).await.unwrap_err();
        assert_eq!(fields(&refused), ["pipeline.stages[0].state"]);
        let renamed = proto::Pipeline { display_name: "Renewals".to_owned(), ..desk.pipeline.clone() };
        assert_eq!(update(&desk.caller, renamed.clone(), &["display_name"]).await.unwrap().display_name, "Renewals");
        let stale = update(&desk.caller, renamed, &["display_name"]).await.unwrap_err();
        assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "ETAG_MISMATCH"));
    }

    async fn what_an_opportunity_took_from_its_stage_stays(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let opportunity = desk.open().await;
        let mut surer = desk.pipeline.clone();
        surer.stages[0].probability = 90;
        update(&desk.caller, surer, &["stages"]).await.unwrap();
        let request = proto::GetOpportunityRequest { name: opportunity.name };
        let read = desk.caller.opportunities().get_opportunity(request).await.unwrap().into_inner();
        assert_eq!(read.probability, Some(25));
    }
}
