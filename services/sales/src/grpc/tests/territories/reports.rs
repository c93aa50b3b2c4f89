//! What territories bring, now and as it was to be seen before.

use rapport_platform::on_each_engine;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;

use super::super::{day, to};
use super::{Map, answer, now};

/// Code, own and total weighted amount of each territory.
async fn forecast(map: &Map, time: Option<Timestamp>) -> Vec<(String, i64, i64)> {
    let request = proto::QueryTerritoryForecastRequest {
        start_date: Some(day(2026, 4, 1)),
        end_date: Some(day(2026, 7, 1)),
        as_of_time: time.map(Into::into),
        currency_code: "USD".to_owned(),
    };
    let mut forecasts = map.caller().forecasts();
    let rows = answer(forecasts.query_territory_forecast(request).await).rows;
    let weighted = |it: Option<proto::ForecastAmounts>| it.unwrap().weighted.unwrap().units;
    let rows = rows.into_iter();
    rows.map(|row| (row.territory_code, weighted(row.own), weighted(row.total)))
        .collect()
}

/// Code and won opportunities of each territory.
async fn sales(map: &Map, time: Option<Timestamp>) -> Vec<(String, i64)> {
    let request = proto::QuerySalesRequest {
        start_date: Some(day(2020, 1, 1)),
        end_date: Some(day(2029, 1, 1)),
        dimensions: vec![proto::SalesDimension::Territory.into()],
        territory_time: time.map(Into::into),
        ..Default::default()
    };
    let rows = answer(map.caller().reports().query_sales(request).await).rows;
    let mut rows: Vec<_> = rows
        .into_iter()
        .map(|it| (it.territory_code, it.won_count))
        .collect();
    rows.sort();
    rows
}

/// Code and open opportunities of each territory.
async fn open(map: &Map, time: Option<Timestamp>) -> Vec<(String, i64)> {
    let request = proto::QueryPipelineRequest {
        pipeline: map.both.desk.pipeline.name.clone(),
        as_of_time: time.map(Into::into),
        dimensions: vec![proto::SalesDimension::Territory.into()],
    };
    let rows = answer(map.caller().reports().query_pipeline(request).await).rows;
    let rows = rows.into_iter();
    rows.map(|it| (it.group.unwrap().territory_code, it.open_count))
        .collect()
}

/// Code of each territory, and how many entered the first stage there.
async fn begun(map: &Map, time: Option<Timestamp>) -> Vec<(String, i64)> {
    let request = proto::QueryStageFlowRequest {
        pipeline: map.both.desk.pipeline.name.clone(),
        start_date: Some(day(2020, 1, 1)),
        end_date: Some(day(2029, 1, 1)),
        dimensions: vec![proto::SalesDimension::Territory.into()],
        territory_time: time.map(Into::into),
        ..Default::default()
    };
    let stages = answer(map.caller().reports().query_stage_flow(request).await).stages;
    let first = stages.into_iter().filter(|it| it.stage == "prospecting");
    first
        .map(|it| (it.group.unwrap().territory_code, it.entered_count))
        .collect()
}

fn row(code: &str, own: i64, total: i64) -> (String, i64, i64) {
    (code.to_owned(), own, total)
}

on_each_engine! {
    async fn a_forecast_rolls_up_the_tree_and_is_exact_for_any_moment(db: Database) {
        let map = Map::of(&db).await;
        let (ada, bob, eve) = (map.person("CH").await, map.person("DE").await, map.person("FR").await);
        // Each brings 1,000 at 25 %.
        for customer in [&ada, &bob, &eve] {
            map.both.about(customer).await;
        }
        let unplanned = now();
        assert_eq!(forecast(&map, None).await, [row("", 750, 750)]);
        let model = map.countries(&["ch", "de"]).await.name;
        map.activate(&model).await;
        let before = now();
        let then = [row("world", 0, 500), row("ch", 250, 250), row("de", 250, 250), row("", 250, 250)];
        assert_eq!(forecast(&map, None).await, then);
        map.pin(&ada, "de").await.unwrap();
        assert_eq!(forecast(&map, None).await, [row("world", 0, 500), row("ch", 0, 0), row("de", 500, 500), row("", 250, 250)]);
        let merge = map.both.merge(&eve, &bob).await;
        map.becomes(&bob, "").await;
        assert_eq!(forecast(&map, None).await, [row("world", 0, 250), row("ch", 0, 0), row("de", 250, 250), row("", 500, 500)]);
        assert_eq!(forecast(&map, Some(before)).await, then, "also after the merge");
        assert_eq!(forecast(&map, Some(unplanned)).await, [row("", 750, 750)]);
        map.both.undo(merge).await;
        map.becomes(&bob, "de").await;
        map.both.erase(&bob).await;
        map.becomes(&bob, "").await;
        assert_eq!(forecast(&map, Some(before)).await, then, "also after he was erased");
        let narrow = map.countries(&["ch"]).await.name;
        map.activate(&narrow).await;
        assert_eq!(forecast(&map, Some(before)).await, then, "also after another model");
        assert_eq!(forecast(&map, None).await, [row("world", 0, 250), row("ch", 250, 250), row("", 500, 500)]);
    }

    async fn sales_count_for_the_territory_of_their_close_or_of_any_time(db: Database) {
        let map = Map::of(&db).await;
        let ada = map.person("CH").await;
        let early = map.both.about(&ada).await;
        map.both.desk.step(to(&early, "won")).await.unwrap();
        let model = map.countries(&["ch", "de"]).await.name;
        map.activate(&model).await;
        let sell = async || {
            let opportunity = map.both.about(&ada).await;
            let desk = super::super::Desk { caller: map.caller(), anna: map.both.desk.anna.clone(), pipeline: map.both.desk.pipeline.clone() };
            desk.step(to(&opportunity, "won")).await.unwrap();
        };
        sell().await;
        let before = now();
        map.pin(&ada, "de").await.unwrap();
        sell().await;
        let won = |code: &str, count| (code.to_owned(), count);
        assert_eq!(sales(&map, None).await, [won("", 1), won("ch", 1), won("de", 1)]);
        assert_eq!(sales(&map, Some(now())).await, [won("de", 3)]);
        assert_eq!(sales(&map, Some(before)).await, [won("ch", 3)]);
    }

    async fn an_opportunity_that_gets_another_customer_counts_where_that_one_belongs(db: Database) {
        let map = Map::of(&db).await;
        let (ada, bob) = (map.person("CH").await, map.person("DE").await);
        let model = map.countries(&["ch", "de"]).await.name;
        map.activate(&model).await;
        let hers = map.both.about(&ada).await;
        let before = now();
        let desk = super::super::Desk { caller: map.caller(), anna: map.both.desk.anna.clone(), pipeline: map.both.desk.pipeline.clone() };
        let his = proto::Opportunity { name: hers.name.clone(), customer: bob, ..Default::default() };
        desk.update(his, &["customer"]).await.unwrap();
        assert_eq!(forecast(&map, None).await, [row("world", 0, 250), row("ch", 0, 0), row("de", 250, 250)]);
        assert_eq!(forecast(&map, Some(before)).await, [row("world", 0, 250), row("ch", 250, 250), row("de", 0, 0)]);
        let one = |code: &str| [(code.to_owned(), 1)];
        assert_eq!((open(&map, None).await.as_slice(), open(&map, Some(before)).await.as_slice()), (&one("de")[..], &one("ch")[..]));
        assert_eq!(begun(&map, Some(now())).await, one("de"));
        assert_eq!(begun(&map, None).await, one(""), "it was opened before there were territories");
    }
}
