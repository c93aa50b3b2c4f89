//! What is open in the stages of a pipeline.

use std::time::Duration;

use tonic::Code;

use super::super::to;
use super::*;
use crate::testing::reason;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

async fn content(
    caller: &Caller,
    desk: &Desk,
    time: Option<Timestamp>,
    by: &[By],
) -> Vec<proto::PipelineRow> {
    let request = proto::QueryPipelineRequest {
        pipeline: desk.pipeline.name.clone(),
        as_of_time: time.map(Into::into),
        dimensions: numbers(by),
    };
    let answer = caller.reports().query_pipeline(request).await;
    answer.unwrap().into_inner().rows
}

/// Stage, count and units of the weighted amount.
fn rows(content: &[proto::PipelineRow]) -> Vec<(&str, i64, Option<i64>)> {
    let row = |it: &'_ proto::PipelineRow| it.weighted_amount.as_ref().map(|it| it.units);
    content
        .iter()
        .map(|it| (it.stage.as_str(), it.open_count, row(it)))
        .collect()
}

fn common(row: &proto::PipelineRow) -> &proto::SalesGroup {
    row.group.as_ref().unwrap()
}

on_each_engine! {
    async fn all_that_is_open_is_told_also_without_amount_or_date(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let worth = |units| proto::Opportunity { amount: Some(usd(units)), ..desk.opportunity() };
        for units in [1_000, 10] {
            let opened = desk.record(worth(units)).await.unwrap();
            desk.step(to(&opened, "engaging")).await.unwrap();
        }
        desk.record(proto::Opportunity { close_date: None, ..worth(100) }).await.unwrap();
        desk.record(proto::Opportunity { amount: None, close_date: None, ..worth(0) }).await.unwrap();
        let lost = desk.record(worth(5)).await.unwrap();
        desk.step(proto::MoveOpportunityRequest { close_reason: "price".to_owned(), ..to(&lost, "lost") }).await.unwrap();

        let mut told = content(&desk.caller, &desk, None, &[]).await;
        told[..2].sort_by_key(|it| it.amount.is_none());
        assert_eq!(rows(&told), [("prospecting", 1, Some(25)), ("prospecting", 1, None), ("engaging", 2, Some(505))]);
        assert_eq!(told[2].amount, Some(usd(1_010)));
        let months = content(&desk.caller, &desk, None, &[By::Month, By::Owner]).await;
        let undated: Vec<_> = months.iter().filter(|it| common(it).period.is_none()).collect();
        assert_eq!((months.len(), undated.len()), (3, 2));
        assert_eq!(common(&months[2]).period, Some(day(2026, 6, 1)));
        assert!(months.iter().all(|it| common(it).owner == desk.anna.name));
        let stranger = desk.caller.of_another_tenant();
        let theirs = proto::QueryPipelineRequest { pipeline: desk.pipeline.name.clone(), ..Default::default() };
        assert_eq!(stranger.reports().query_pipeline(theirs).await.unwrap_err().code(), Code::NotFound);
    }

    async fn age_and_stalling_count_from_the_day_a_stage_was_entered(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let begun = desk.caller.ctx.now.saturating_sub(DAY * 40);
        let opened = desk.record(proto::Opportunity { open_time: Some(begun.into()), ..desk.opportunity() }).await.unwrap();
        // A change that is no move does not make it younger.
        let dearer = proto::Opportunity { name: opened.name.clone(), amount: Some(usd(2_000)), ..Default::default() };
        desk.update(dearer, &["amount"]).await.unwrap();
        desk.open().await;
        let [now] = content(&desk.caller, &desk, None, &[]).await.try_into().unwrap();
        assert_eq!((now.open_count, now.stalled_count, now.mean_age_days), (2, 1, 20.0));
        assert_eq!((now.amount, now.weighted_amount), (Some(usd(3_000)), Some(usd(750))));
        let [then] = content(&desk.caller, &desk, Some(begun.saturating_add(DAY * 10)), &[]).await.try_into().unwrap();
        assert_eq!((then.open_count, then.stalled_count, then.mean_age_days, then.amount), (1, 0, 10.0, Some(usd(1_000))));
        let later = desk.caller.later(DAY);
        later.opportunities().move_opportunity(to(&opened, "engaging")).await.unwrap();
        let told = content(&later, &desk, None, &[]).await;
        let stalled: Vec<_> = told.iter().map(|it| (it.stage.as_str(), it.stalled_count, it.mean_age_days)).collect();
        assert_eq!(stalled, [("prospecting", 0, 1.0), ("engaging", 0, 0.0)]);
    }

    async fn the_past_is_told_with_the_organization_of_then(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let boss = seller(&desk.caller, "boss", "").await;
        desk.open().await;
        let later = desk.caller.later(DAY);
        belong(&later, &desk.anna, &boss.name, "Hunters").await;
        let teams = async |time| {
            let [row] = content(&later, &desk, time, &[By::Team, By::Manager]).await.try_into().unwrap();
            (common(&row).team.clone(), common(&row).manager.clone())
        };
        assert_eq!(teams(None).await, ("Hunters".to_owned(), boss.name.clone()));
        assert_eq!(teams(Some(desk.caller.ctx.now)).await, (String::new(), String::new()));
    }

    async fn what_products_would_bring_is_told_of_now_alone(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let (pro, basic) = (product(&desk.caller, "pro", 1).await, product(&desk.caller, "basic", 1).await);
        let line = |of: &proto::Product, units| proto::OpportunityLine { product: of.name.clone(), quantity: 1, amount: Some(usd(units)) };
        desk.record(proto::Opportunity { amount: None, lines: vec![line(&pro, 600), line(&basic, 200), line(&basic, 200)], ..desk.opportunity() }).await.unwrap();
        let told = content(&desk.caller, &desk, None, &[By::Product]).await;
        let mut told: Vec<_> = told.iter().map(|it| (common(it).product.as_str(), it.open_count, it.amount.as_ref().unwrap().units)).collect();
        told.sort_by_key(|it| it.2);
        assert_eq!(told, [(basic.name.as_str(), 1, 400), (pro.name.as_str(), 1, 600)]);
        let request = |time: Timestamp, by: &[By]| proto::QueryPipelineRequest {
            pipeline: desk.pipeline.name.clone(), as_of_time: Some(time.into()), dimensions: numbers(by),
        };
        let now = desk.caller.ctx.now;
        for hostile in [request(now, &[By::Product]), request(now.saturating_add(DAY), &[])] {
            let refused = desk.caller.reports().query_pipeline(hostile).await.unwrap_err();
            assert_eq!((reason(&refused).as_str(), fields(&refused)), ("INVALID_FIELD", vec!["as_of_time".to_owned()]));
        }
    }
}
