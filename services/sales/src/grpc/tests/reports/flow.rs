//! How opportunities went through their stages.

use super::*;

fn flow(desk: &Desk, by: &[By]) -> proto::QueryStageFlowRequest {
    proto::QueryStageFlowRequest {
        pipeline: desk.pipeline.name.clone(),
        start_date: Some(day(2025, 1, 1)),
        end_date: Some(day(2026, 1, 1)),
        dimensions: numbers(by),
        ..Default::default()
    }
}

/// What passed through a stage.
async fn through(
    caller: &Caller,
    request: proto::QueryStageFlowRequest,
    stage: &str,
) -> Vec<proto::StageFlow> {
    let answer = caller.reports().query_stage_flow(request).await;
    let mut stages = answer.unwrap().into_inner().stages;
    stages.retain(|it| it.stage == stage);
    stages
}

fn common(flow: &proto::StageFlow) -> &proto::SalesGroup {
    flow.group.as_ref().unwrap()
}

on_each_engine! {
    async fn a_stage_tells_how_many_went_on_and_how_long_they_stayed(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let pro = product(&desk.caller, "pro", 1).await;
        import(&desk, vec![
            sale(&desk, "1", ("01-01", "01-11"), "won", &[(&pro, 300)]),
            sale(&desk, "2", ("01-01", "01-31"), "lost", &[(&pro, 300)]),
        ]).await;
        let request = proto::QueryStageFlowRequest {
            pipeline: desk.pipeline.name.clone(),
            start_date: Some(day(2025, 1, 1)),
            end_date: Some(day(2025, 2, 1)),
            ..Default::default()
        };
        let flow = desk.caller.reports().query_stage_flow(request.clone()).await.unwrap().into_inner().stages;
        assert_eq!(flow.len(), 4);
        assert_eq!((flow[0].entered_count, flow[0].advanced_count, flow[0].conversion), (2, 2, 1.0));
        let engaging = &flow[1];
        assert_eq!((engaging.entered_count, engaging.won_count, engaging.lost_count), (2, 1, 1));
        assert_eq!((engaging.conversion, engaging.mean_days), (0.5, 20.0));
        let later = proto::QueryStageFlowRequest { start_date: Some(day(2025, 1, 20)), ..request };
        let flow = desk.caller.reports().query_stage_flow(later).await.unwrap().into_inner().stages;
        assert_eq!((flow[1].entered_count, flow[1].won_count, flow[1].lost_count), (0, 0, 1));
    }

    async fn what_passed_is_told_apart_by_seller_product_time_and_reason(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let boss = seller(&desk.caller, "boss", "").await;
        let bob = seller(&desk.caller, "bob", &boss.name).await;
        let (pro, basic) = (product(&desk.caller, "pro", 1).await, product(&desk.caller, "basic", 1).await);
        let mut bobs = sale(&desk, "3", ("03-01", "05-10"), "won", &[(&pro, 1_000)]);
        bobs.opportunity.as_mut().unwrap().owner = bob.name.clone();
        import(&desk, vec![
            sale(&desk, "1", ("01-01", "01-11"), "won", &[(&pro, 300), (&basic, 100)]),
            sale(&desk, "2", ("01-01", "02-10"), "lost", &[(&basic, 50), (&basic, 10)]),
            bobs,
        ]).await;
        let told = async |by: &[By], of: fn(&proto::SalesGroup) -> String| {
            let flow = through(&desk.caller, flow(&desk, by), "engaging").await;
            let mut told: Vec<_> = flow.iter().map(|it| (of(common(it)), it.entered_count, it.won_count, it.lost_count)).collect();
            told.sort();
            told
        };
        let row = |of: &str, entered, won, lost| (of.to_owned(), entered, won, lost);
        let mut owners = [row(&desk.anna.name, 2, 1, 1), row(&bob.name, 1, 1, 0)];
        owners.sort();
        assert_eq!(told(&[By::Owner], |it| it.owner.clone()).await, owners);
        assert_eq!(told(&[By::Manager], |it| it.manager.clone()).await, [row("", 2, 1, 1), row(&boss.name, 1, 1, 0)]);
        let mut products = [row(&pro.name, 2, 2, 0), row(&basic.name, 2, 1, 1)];
        products.sort();
        assert_eq!(told(&[By::Product], |it| it.product.clone()).await, products, "two lines of one product count once");
        let month = |it: &proto::SalesGroup| it.period.unwrap().month.to_string();
        assert_eq!(told(&[By::Month], month).await, [row("1", 2, 1, 0), row("2", 0, 0, 1), row("3", 1, 0, 0), row("5", 0, 1, 0)]);
        assert_eq!(told(&[By::Quarter], month).await, [row("1", 3, 1, 1), row("4", 0, 1, 0)]);
        assert_eq!(told(&[By::CloseReason], |it| it.close_reason.clone()).await, [row("", 3, 2, 0), row("price", 0, 0, 1)]);
        assert_eq!(told(&[By::Region, By::Team, By::Pipeline], |it| it.region.clone()).await, [row("Central", 3, 2, 1)]);
        assert!(through(&desk.caller, proto::QueryStageFlowRequest { start_date: Some(day(2025, 12, 1)), ..flow(&desk, &[By::Owner]) }, "engaging").await.is_empty());
    }
}
