//! How selling went.

mod content;
mod flow;

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

/// Another pipeline with the same stages.
async fn another(caller: &Caller) -> proto::Pipeline {
    let pipeline = proto::Pipeline {
        display_name: "Renewals".to_owned(),
        ..super::new_business()
    };
    let request = proto::CreatePipelineRequest {
        pipeline: Some(pipeline),
        ..Default::default()
    };
    let answer = caller.pipelines().create_pipeline(request).await;
    answer.unwrap().into_inner()
}

/// Says where a seller belongs.
async fn belong(caller: &Caller, seller: &proto::Seller, manager: &str, team: &str) {
    let request = proto::UpdateSellerRequest {
        seller: Some(proto::Seller {
            name: seller.name.clone(),
            manager: manager.to_owned(),
            team: team.to_owned(),
            ..Default::default()
        }),
        update_mask: super::mask(&["manager", "team"]),
        ..Default::default()
    };
    caller.sellers().update_seller(request).await.unwrap();
}

fn numbers(by: &[By]) -> Vec<i32> {
    by.iter().map(|it| i32::from(*it)).collect()
}

/// What was closed in 2025.
fn query(by: &[By]) -> proto::QuerySalesRequest {
    proto::QuerySalesRequest {
        start_date: Some(day(2025, 1, 1)),
        end_date: Some(day(2026, 1, 1)),
        dimensions: numbers(by),
        ..Default::default()
    }
}

async fn report(caller: &Caller, by: &[By]) -> Vec<proto::SalesRow> {
    caller
        .reports()
        .query_sales(query(by))
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
        // 3 closed x 2 / 3 won x mean 700 / mean 40 days
        assert_eq!(all.velocity_per_day, Some(usd(35)));

        let by_quarter = report(&desk.caller, &[By::Quarter]).await;
        let quarters: Vec<_> = by_quarter.iter().map(|it| (it.period.unwrap(), it.won_count, revenue(it))).collect();
        assert_eq!(quarters, [(day(2025, 1, 1), 1, 400), (day(2025, 4, 1), 1, 1_000)]);
        assert_eq!(by_quarter[0].velocity_per_day, Some(usd(40)));
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

    async fn sales_are_told_apart_by_pipeline_and_by_why_they_ended(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let other = Desk { pipeline: another(&desk.caller).await, caller: desk.caller.acting_as(desk.caller.ctx.actor.as_str()), anna: desk.anna.clone() };
        let pro = product(&desk.caller, "pro", 1).await;
        import(&desk, vec![
            sale(&desk, "1", ("01-01", "01-11"), "won", &[(&pro, 300)]),
            sale(&desk, "2", ("01-01", "01-31"), "lost", &[(&pro, 200)]),
            sale(&other, "3", ("01-01", "01-31"), "lost", &[(&pro, 100)]),
        ]).await;
        let by_reason = report(&desk.caller, &[By::CloseReason]).await;
        let mut reasons: Vec<_> = by_reason.iter().map(|it| (it.close_reason.as_str(), it.won_count, it.lost_count)).collect();
        reasons.sort();
        assert_eq!(reasons, [("", 1, 0), ("price", 0, 2)]);
        let by_pipeline = report(&desk.caller, &[By::Pipeline]).await;
        let theirs = by_pipeline.iter().find(|it| it.pipeline == other.pipeline.name).unwrap();
        assert_eq!((by_pipeline.len(), theirs.won_count, theirs.lost_count), (2, 0, 1));
        let only = proto::QuerySalesRequest { pipeline: other.pipeline.name.clone(), ..query(&[]) };
        let [only] = desk.caller.reports().query_sales(only).await.unwrap().into_inner().rows.try_into().unwrap();
        assert_eq!((only.won_count, only.lost_count, only.lost_amount), (0, 1, Some(usd(100))));
        assert_eq!(only.velocity_per_day, None, "nothing was won");
    }

    async fn sales_count_for_the_organization_of_now_or_of_any_time(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let [one, two] = [seller(&desk.caller, "one", "").await, seller(&desk.caller, "two", "").await];
        let pro = product(&desk.caller, "pro", 1).await;
        import(&desk, vec![sale(&desk, "1", ("01-01", "01-11"), "won", &[(&pro, 300)])]).await;
        let day = std::time::Duration::from_secs(24 * 60 * 60);
        let (first, second) = (desk.caller.later(day), desk.caller.later(day * 2));
        belong(&first, &desk.anna, &one.name, "Hunters").await;
        belong(&second, &desk.anna, &two.name, "Farmers").await;
        let belonged = async |time: Option<Timestamp>| {
            let request = proto::QuerySalesRequest { organization_time: time.map(Into::into), ..query(&[By::Manager, By::Team]) };
            let [row] = second.reports().query_sales(request).await.unwrap().into_inner().rows.try_into().unwrap();
            (row.manager, row.team)
        };
        assert_eq!(belonged(None).await, (two.name.clone(), "Farmers".to_owned()));
        assert_eq!(belonged(Some(second.ctx.now)).await, (two.name.clone(), "Farmers".to_owned()));
        assert_eq!(belonged(Some(first.ctx.now)).await, (one.name, "Hunters".to_owned()));
        assert_eq!(belonged(Some(desk.caller.ctx.now)).await, (String::new(), String::new()));
    }

    async fn a_report_has_bounds(db: Database) {
        let caller = Caller::of(&db).await;
        let request = |end| proto::QuerySalesRequest { start_date: Some(day(2025, 1, 1)), end_date: end, ..Default::default() };
        for end in [None, Some(day(2025, 1, 1)), Some(day(2035, 1, 2))] {
            let refused = caller.reports().query_sales(request(end)).await.unwrap_err();
            assert_eq!(fields(&refused), ["end_date"]);
        }
        let future = instant("2999-01-01T00:00:00Z");
        for (request, field) in [
            (proto::QuerySalesRequest { territory_time: future, ..query(&[]) }, "territory_time"),
            (proto::QuerySalesRequest { organization_time: future, ..query(&[]) }, "organization_time"),
        ] {
            assert_eq!(fields(&caller.reports().query_sales(request).await.unwrap_err()), [field]);
        }
        let twice = proto::QuerySalesRequest { dimensions: vec![1, 1], ..request(Some(day(2025, 2, 1))) };
        assert_eq!(fields(&caller.reports().query_sales(twice).await.unwrap_err()), ["dimensions[1]"]);
    }
}
