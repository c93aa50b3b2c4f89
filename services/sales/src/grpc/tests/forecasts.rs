//! What sales will bring, now and as it was to be seen before.

mod replay;

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use tonic::{Code, Status};

use super::sellers::seller;
use super::{Category, Desk, day, mask, to, usd};
use crate::testing::{Caller, fields, metadata, reason};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn query(as_of: Option<Timestamp>) -> proto::QueryForecastRequest {
    proto::QueryForecastRequest {
        start_date: Some(day(2026, 4, 1)),
        end_date: Some(day(2026, 7, 1)),
        as_of_time: as_of.map(Into::into),
        currency_code: "USD".to_owned(),
        ..Default::default()
    }
}

async fn forecast(
    caller: &Caller,
    request: proto::QueryForecastRequest,
) -> Result<Vec<proto::ForecastRow>, Status> {
    let answer = caller.forecasts().query_forecast(request).await;
    answer.map(|it| it.into_inner().rows)
}

/// The forecast of one seller.
async fn of(caller: &Caller, seller: &str, as_of: Option<Timestamp>) -> proto::ForecastRow {
    let rows = forecast(caller, query(as_of)).await.unwrap();
    rows.into_iter().find(|it| it.seller == seller).unwrap()
}

fn weighted(row: &proto::ForecastRow) -> i64 {
    row.team.as_ref().unwrap().weighted.as_ref().unwrap().units
}

async fn quota(caller: &Caller, seller: &str, units: i64) -> Result<proto::Quota, Status> {
    let quota = proto::Quota {
        seller: seller.to_owned(),
        start_date: Some(day(2026, 4, 1)),
        end_date: Some(day(2026, 7, 1)),
        amount: Some(usd(units)),
        ..Default::default()
    };
    let request = proto::SetQuotaRequest {
        quota: Some(quota),
        ..Default::default()
    };
    let answer = caller.forecasts().set_quota(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn adjust(
    caller: &Caller,
    seller: &str,
    units: i64,
) -> Result<proto::ForecastAdjustment, Status> {
    let adjustment = proto::ForecastAdjustment {
        seller: seller.to_owned(),
        start_date: Some(day(2026, 4, 1)),
        end_date: Some(day(2026, 7, 1)),
        amount: Some(usd(units)),
        note: "They told me".to_owned(),
        ..Default::default()
    };
    let request = proto::AdjustForecastRequest {
        forecast_adjustment: Some(adjustment),
        ..Default::default()
    };
    let answer = caller.forecasts().adjust_forecast(request).await;
    answer.map(tonic::Response::into_inner)
}

async fn rate(caller: &Caller, from: &str, (year, month, date): (i32, i32, i32), rate: &str) {
    let rate = proto::ExchangeRate {
        from_currency: from.to_owned(),
        to_currency: "USD".to_owned(),
        effective_date: Some(day(year, month, date)),
        rate: rate.to_owned(),
    };
    let request = proto::SetExchangeRateRequest {
        exchange_rate: Some(rate),
        ..Default::default()
    };
    caller.forecasts().set_exchange_rate(request).await.unwrap();
}

/// Has somebody managed by another, or by nobody.
async fn under(caller: &Caller, seller: &proto::Seller, manager: &str) {
    let request = proto::UpdateSellerRequest {
        seller: Some(proto::Seller {
            name: seller.name.clone(),
            manager: manager.to_owned(),
            ..Default::default()
        }),
        update_mask: mask(&["manager"]),
        ..Default::default()
    };
    caller.sellers().update_seller(request).await.unwrap();
}

on_each_engine! {
    async fn open_is_weighted_and_lost_is_nothing(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let worth = |units| proto::Opportunity { amount: Some(usd(units)), ..desk.opportunity() };
        let sure = desk.record(worth(100_000)).await.unwrap();
        desk.step(to(&sure, "engaging")).await.unwrap();
        desk.record(worth(40_000)).await.unwrap();
        let lost = desk.record(worth(60_000)).await.unwrap();
        desk.step(proto::MoveOpportunityRequest { close_reason: "price".to_owned(), close_date: Some(day(2026, 5, 1)), ..to(&lost, "lost") }).await.unwrap();
        desk.record(proto::Opportunity { close_date: Some(day(2026, 7, 1)), ..worth(7) }).await.unwrap();
        desk.record(proto::Opportunity { close_date: None, ..worth(7) }).await.unwrap();
        desk.record(proto::Opportunity { forecast_category: Category::Omitted.into(), ..worth(7) }).await.unwrap();

        let row = of(&desk.caller, &desk.anna.name, None).await;
        assert_eq!(weighted(&row), 60_000);
        let own = row.own.unwrap();
        assert_eq!((own.best_case, own.pipeline), (Some(usd(100_000)), Some(usd(40_000))));
        assert_eq!((own.open_count, own.won_count, own.adjustment), (2, 0, Some(usd(0))));
    }

    async fn a_team_is_rolled_up_along_the_tree(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let boss = seller(&desk.caller, "boss", "").await;
        let lead = seller(&desk.caller, "lead", &boss.name).await;
        let bob = seller(&desk.caller, "bob", &lead.name).await;
        for (owner, units) in [(&lead, 400), (&bob, 800), (&desk.anna, 1_600)] {
            desk.record(proto::Opportunity { owner: owner.name.clone(), amount: Some(usd(units)), ..desk.opportunity() }).await.unwrap();
        }
        assert_eq!(weighted(&of(&desk.caller, &boss.name, None).await), 300);
        let team = proto::QueryForecastRequest { seller: lead.name.clone(), ..query(None) };
        let rows = forecast(&desk.caller, team).await.unwrap();
        let names: Vec<_> = rows.iter().map(|it| (it.seller.as_str(), weighted(it))).collect();
        assert_eq!(names, [(lead.name.as_str(), 300), (bob.name.as_str(), 200)]);
        let stranger = desk.caller.of_another_tenant();
        assert!(forecast(&stranger, query(None)).await.unwrap().is_empty());
        let theirs = proto::QueryForecastRequest { seller: lead.name, ..query(None) };
        assert_eq!(forecast(&stranger, theirs).await.unwrap_err().code(), Code::NotFound);
    }

    async fn what_changed_since_does_not_change_the_past(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let opened = desk.open().await;
        let then = desk.caller.ctx.now;
        let later = desk.caller.later(DAY);
        later.opportunities().move_opportunity(to(&opened, "engaging")).await.unwrap();
        let bob = seller(&desk.caller, "bob", "").await;
        let given = proto::UpdateOpportunityRequest {
            opportunity: Some(proto::Opportunity { name: opened.name.clone(), owner: bob.name.clone(), ..Default::default() }),
            ..Default::default()
        };
        let last = later.later(DAY);
        last.opportunities().update_opportunity(given).await.unwrap();
        assert_eq!(weighted(&of(&last, &desk.anna.name, Some(then)).await), 250);
        assert_eq!(weighted(&of(&last, &desk.anna.name, Some(later.ctx.now)).await), 500);
        assert_eq!(weighted(&of(&last, &desk.anna.name, None).await), 0);
        assert_eq!(weighted(&of(&last, &bob.name, None).await), 500);
        let future = forecast(&desk.caller, query(Some(last.ctx.now))).await.unwrap_err();
        assert_eq!(fields(&future), ["as_of_time"]);
    }

    async fn quotas_are_set_for_others_and_never_for_oneself(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let boss = seller(&desk.caller, "boss", "").await;
        let bob = seller(&desk.caller, "bob", &boss.name).await;
        let as_boss = desk.caller.acting_as("employees/boss");
        let as_bob = desk.caller.acting_as("employees/bob");
        let first = quota(&as_boss, &bob.name, 1_000).await.unwrap();
        assert_eq!((first.actor.as_str(), first.amount), ("employees/boss", Some(usd(1_000))));
        for (caller, seller) in [(&as_boss, &boss), (&as_bob, &bob), (&as_bob, &boss), (&as_bob, &desk.anna)] {
            let refused = quota(caller, &seller.name, 1).await.unwrap_err();
            assert_eq!((refused.code(), reason(&refused).as_str()), (Code::PermissionDenied, "NOT_SUBORDINATE"));
            assert_eq!(metadata(&refused, "resource"), seller.name);
        }
        quota(&desk.caller, &boss.name, 5_000).await.unwrap();

        let then = desk.caller.ctx.now;
        quota(&as_boss.later(DAY), &bob.name, 2_000).await.unwrap();
        let last = desk.caller.later(DAY * 2);
        assert_eq!(of(&last, &bob.name, Some(then)).await.quota, Some(usd(1_000)));
        assert_eq!(of(&last, &bob.name, None).await.quota, Some(usd(2_000)));
        let list = proto::ListQuotasRequest { parent: bob.name, page_size: 1, ..Default::default() };
        let page = last.forecasts().list_quotas(list.clone()).await.unwrap().into_inner();
        assert_eq!((page.quotas[0].amount.clone(), page.quotas.len()), (Some(usd(2_000)), 1));
        let next = proto::ListQuotasRequest { page_token: page.next_page_token, ..list };
        let page = last.forecasts().list_quotas(next).await.unwrap().into_inner();
        assert_eq!((page.quotas[0].name.as_str(), page.next_page_token.as_str()), (first.name.as_str(), ""));
    }

    async fn adjustments_stand_apart_from_the_facts(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        desk.open().await;
        let boss = seller(&desk.caller, "boss", "").await;
        let as_anna = desk.caller.acting_as("employees/anna");
        adjust(&as_anna, &desk.anna.name, 500).await.unwrap();
        adjust(&desk.caller, &desk.anna.name, -200).await.unwrap();
        let refused = adjust(&as_anna, &boss.name, 1).await.unwrap_err();
        assert_eq!(reason(&refused), "NOT_SUBORDINATE");
        let own = of(&desk.caller, &desk.anna.name, None).await.own.unwrap();
        assert_eq!((own.adjustment, own.weighted, own.pipeline), (Some(usd(300)), Some(usd(250)), Some(usd(1_000))));
        let list = proto::ListForecastAdjustmentsRequest { parent: desk.anna.name.clone(), ..Default::default() };
        let noted = desk.caller.forecasts().list_forecast_adjustments(list).await.unwrap().into_inner().forecast_adjustments;
        assert_eq!(noted.iter().map(|it| it.amount.as_ref().unwrap().units).collect::<Vec<_>>(), [-200, 500]);
    }

    async fn other_currencies_are_converted_by_the_rate_of_the_day(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let mut euros = usd(1_000);
        euros.currency_code = "EUR".to_owned();
        let begun: Timestamp = "2024-01-10T00:00:00Z".parse().unwrap();
        desk.record(proto::Opportunity { amount: Some(euros), open_time: Some(begun.into()), ..desk.opportunity() }).await.unwrap();
        let missing = forecast(&desk.caller, query(None)).await.unwrap_err();
        assert_eq!((reason(&missing).as_str(), metadata(&missing, "state").as_str()), ("INVALID_STATE", "RATE_MISSING"));
        rate(&desk.caller, "EUR", (2024, 1, 1), "9").await;
        rate(&desk.caller, "EUR", (2024, 1, 1), "1.10").await;
        rate(&desk.caller, "EUR", (2024, 2, 1), "1.20").await;
        let at = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        assert_eq!(weighted(&of(&desk.caller, &desk.anna.name, at("2024-01-31T12:00:00Z")).await), 275);
        assert_eq!(weighted(&of(&desk.caller, &desk.anna.name, at("2024-02-01T00:00:00Z")).await), 300);
        let list = proto::ListExchangeRatesRequest { page_size: 1, ..Default::default() };
        let page = desk.caller.forecasts().list_exchange_rates(list.clone()).await.unwrap().into_inner();
        assert_eq!(page.exchange_rates[0].rate, "1.10");
        let next = proto::ListExchangeRatesRequest { page_token: page.next_page_token, ..list };
        let page = desk.caller.forecasts().list_exchange_rates(next).await.unwrap().into_inner();
        assert_eq!((page.exchange_rates[0].rate.as_str(), page.next_page_token.as_str()), ("1.20", ""));
    }

    async fn a_reorganization_does_not_change_the_past(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let boss = seller(&desk.caller, "boss", "").await;
        desk.open().await;
        let (first, second) = (desk.caller.later(DAY), desk.caller.later(DAY * 2));
        under(&first, &desk.anna, &boss.name).await;
        under(&second, &desk.anna, "").await;
        let team = async |time: Timestamp| {
            let request = proto::QueryForecastRequest { seller: boss.name.clone(), ..query(Some(time)) };
            let rows = forecast(&second, request).await.unwrap();
            rows.iter().map(|it| (it.seller.clone(), it.manager.clone(), weighted(it))).collect::<Vec<_>>()
        };
        let alone = vec![(boss.name.clone(), String::new(), 0)];
        let together = vec![(boss.name.clone(), String::new(), 250), (desk.anna.name.clone(), boss.name.clone(), 250)];
        assert_eq!(team(desk.caller.ctx.now).await, alone);
        assert_eq!(team(first.ctx.now).await, together);
        assert_eq!(team(second.ctx.now.saturating_sub(Duration::from_micros(1))).await, together);
        assert_eq!(team(second.ctx.now).await, alone);
        assert_eq!(weighted(&of(&second, &boss.name, Some(first.ctx.now)).await), 250, "also without a root");
    }

    async fn a_rate_that_is_corrected_does_not_change_the_past(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let mut euros = usd(1_000);
        euros.currency_code = "EUR".to_owned();
        desk.record(proto::Opportunity { amount: Some(euros), ..desk.opportunity() }).await.unwrap();
        let then = desk.caller.ctx.now;
        rate(&desk.caller, "EUR", (2024, 1, 1), "1.20").await;
        let later = desk.caller.later(DAY);
        rate(&later, "EUR", (2024, 1, 1), "2.00").await;
        rate(&later, "EUR", (2023, 1, 1), "9.00").await;
        assert_eq!(weighted(&of(&later, &desk.anna.name, Some(then)).await), 300);
        assert_eq!(weighted(&of(&later, &desk.anna.name, None).await), 500);
        let list = |filter: &str| proto::ListExchangeRatesRequest { filter: filter.to_owned(), ..Default::default() };
        let told = async |filter: &str| {
            let answer = later.forecasts().list_exchange_rates(list(filter)).await.unwrap().into_inner();
            answer.exchange_rates.into_iter().map(|it| it.rate).collect::<Vec<_>>()
        };
        assert_eq!(told("").await, ["9.00", "2.00"], "each as it was corrected last");
        assert_eq!(told("from_currency = EUR AND to_currency = USD AND effective_date >= \"2024-01-01\"").await, ["2.00"]);
        assert!(told("from_currency = CHF").await.is_empty());
        let refused = later.forecasts().list_exchange_rates(list("rate = 2")).await.unwrap_err();
        assert_eq!(reason(&refused), "INVALID_FILTER");
    }

    async fn what_nobody_could_mean_is_refused(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let refused = forecast(&desk.caller, proto::QueryForecastRequest { currency_code: "XAU".to_owned(), ..query(None) }).await.unwrap_err();
        assert_eq!(fields(&refused), ["currency_code"]);
        let negative = quota(&desk.caller, &desk.anna.name, -1).await.unwrap_err();
        assert_eq!(fields(&negative), ["quota.amount"]);
        let nobody = quota(&desk.caller, "sellers/018f0000-0000-7000-8000-000000000000", 1).await.unwrap_err();
        assert_eq!(nobody.code(), Code::NotFound);
        let rate = proto::ExchangeRate { from_currency: "USD".to_owned(), to_currency: "USD".to_owned(), rate: "0".to_owned(), ..Default::default() };
        let request = proto::SetExchangeRateRequest { exchange_rate: Some(rate), ..Default::default() };
        assert_eq!(fields(&desk.caller.forecasts().set_exchange_rate(request).await.unwrap_err()), ["exchange_rate.to_currency"]);
    }
}
