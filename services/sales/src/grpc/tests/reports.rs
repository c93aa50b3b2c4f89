//! How selling went.

use rapport_platform::on_each_engine;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::SalesDimension as By;

use super::products::product;
use super::sellers::seller;
use super::{Desk, day, usd};
use crate::testing::{Caller, fields};

fn instant(text: &str) -> Option<prost_types::Timestamp> {
    Some(text.parse::<Timestamp>().unwrap().into())
}

/// A sale that began and ended on these days of 2025, of these products.
fn sale(
    desk: &Desk,
    id: &str,
    (begun, ended): (&str, &str),
    stage: &str,
    lines: &[(&proto::Product, i64)],
) -> proto::OpportunityImport {
    let midnight = |day: &str| instant(&format!("2025-{day}T00:00:00Z"));
    let moved = |stage: &str, day: &str| proto::OpportunityMove {
        stage: stage.to_owned(),
        time: midnight(day),
        close_reason: if stage == "lost" {
            "price".to_owned()
        } else {
            String::new()
        },
        ..Default::default()
    };
    let line = |(product, units): &(&proto::Product, i64)| proto::OpportunityLine {
        product: product.name.clone(),
        quantity: 1,
        amount: Some(usd(*units)),
    };
    proto::OpportunityImport {
        opportunity: Some(proto::Opportunity {
            external_id: id.to_owned(),
            open_time: midnight(begun),
            close_date: None,
            amount: None,
            lines: lines.iter().map(line).collect(),
            ..desk.opportunity()
        }),
        moves: vec![moved("engaging", begun), moved(stage, ended)],
    }
}

async fn import(desk: &Desk, rows: Vec<proto::OpportunityImport>) {
    let request = proto::ImportOpportunitiesRequest {
        rows,
        ..Default::default()
    };
    let answer = desk
        .caller
        .opportunities()
        .import_opportunities(request)
        .await
        .unwrap();
    for result in answer.into_inner().results {
        assert_eq!(
            result.outcome(),
            proto::ImportOutcome::Created,
            "{result:?}"
        );
    }
}

async fn report(caller: &Caller, by: &[By]) -> Vec<proto::SalesRow> {
    let request = proto::QuerySalesRequest {
        start_date: Some(day(2025, 1, 1)),
        end_date: Some(day(2026, 1, 1)),
        dimensions: by.iter().map(|it| i32::from(*it)).collect(),
        ..Default::default()
    };
    caller
        .reports()
        .query_sales(request)
        .await
        .unwrap()
        .into_inner()
        .rows
}

fn revenue(row: &proto::SalesRow) -> i64 {
    row.revenue.as_ref().map_or(0, |it| it.units)
}

on_each_engine! {
    async fn sales_are_counted_by_whatever_is_asked_for(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let boss = seller(&desk.caller, "boss", "").await;
        let bob = seller(&desk.caller, "bob", &boss.name).await;
        let (pro, basic) = (product(&desk.caller, "pro", 1).await, product(&desk.caller, "basic", 1).await);
        let mut bobs = sale(&desk, "3", ("03-01", "05-10"), "won", &[(&pro, 1_000)]);
        bobs.opportunity.as_mut().unwrap().owner = bob.name.clone();
        import(&desk, vec![
            sale(&desk, "1", ("01-01", "01-11"), "won", &[(&pro, 300), (&basic, 100)]),
            sale(&desk, "2", ("01-01", "02-10"), "lost", &[(&basic, 50)]),
            bobs,
        ]).await;
        desk.open().await;

        let [all] = report(&desk.caller, &[]).await.try_into().unwrap();
        assert_eq!((all.won_count, all.lost_count, revenue(&all)), (2, 1, 1_400));
        assert_eq!(all.lost_amount, Some(usd(50)));
        assert_eq!((all.win_rate, all.mean_won_cycle_days, all.mean_lost_cycle_days), (2.0 / 3.0, 40.0, 40.0));

        let by_quarter = report(&desk.caller, &[By::Quarter]).await;
        let quarters: Vec<_> = by_quarter.iter().map(|it| (it.period.unwrap(), it.won_count, revenue(it))).collect();
        assert_eq!(quarters, [(day(2025, 1, 1), 1, 400), (day(2025, 4, 1), 1, 1_000)]);
        let months = report(&desk.caller, &[By::Month]).await;
        let months: Vec<_> = months.iter().map(|it| it.period.unwrap()).collect();
        assert_eq!(months, [day(2025, 1, 1), day(2025, 2, 1), day(2025, 5, 1)]);

        let by_product = report(&desk.caller, &[By::Product]).await;
        let mut products: Vec<_> = by_product.iter().map(|it| (it.product.as_str(), it.won_count, revenue(it))).collect();
        products.sort_by_key(|it| it.2);
        assert_eq!(products, [(basic.name.as_str(), 1, 100), (pro.name.as_str(), 2, 1_300)]);

        let by_manager = report(&desk.caller, &[By::Manager]).await;
        let bosss = by_manager.iter().find(|it| it.manager == boss.name).unwrap();
        assert_eq!((bosss.won_count, revenue(bosss)), (1, 1_000));
        assert_eq!(report(&desk.caller, &[By::Owner, By::Region]).await.len(), 2);
        assert!(report(&desk.caller.of_another_tenant(), &[By::Owner]).await.is_empty());
    }

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

    async fn a_report_has_bounds(db: Database) {
        let caller = Caller::of(&db).await;
        let request = |end| proto::QuerySalesRequest { start_date: Some(day(2025, 1, 1)), end_date: end, ..Default::default() };
        for end in [None, Some(day(2025, 1, 1)), Some(day(2035, 1, 2))] {
            let refused = caller.reports().query_sales(request(end)).await.unwrap_err();
            assert_eq!(fields(&refused), ["end_date"]);
        }
        let twice = proto::QuerySalesRequest { dimensions: vec![1, 1], ..request(Some(day(2025, 2, 1))) };
        assert_eq!(fields(&caller.reports().query_sales(twice).await.unwrap_err()), ["dimensions[1]"]);
    }
}
