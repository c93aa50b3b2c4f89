//! How opportunities are recorded, proceed and end.

mod lists;

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_platform::time::Timestamp;
use rapport_proto::rapport::sales::v1 as proto;
use tonic::Code;

use super::products::product;
use super::sellers::seller;
use super::{Category, Desk, State, day, to, usd};
use crate::testing::{Caller, fields, metadata, reason};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn micros(time: Option<prost_types::Timestamp>) -> i64 {
    Timestamp::try_from(time.unwrap()).unwrap().as_micros()
}

on_each_engine! {
    async fn it_begins_in_the_first_stage_and_comes_back_as_recorded(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let opened = desk.open().await;
        assert_eq!((opened.stage.as_str(), opened.state(), opened.probability), ("prospecting", State::Open, Some(25)));
        assert_eq!((opened.forecast_category(), opened.stalled), (Category::Pipeline, false));
        let request = proto::GetOpportunityRequest { name: opened.name.clone() };
        let read = desk.caller.opportunities().get_opportunity(request.clone()).await.unwrap().into_inner();
        assert_eq!(read, opened);
        let stranger = desk.caller.of_another_tenant();
        assert_eq!(stranger.opportunities().get_opportunity(request).await.unwrap_err().code(), Code::NotFound);
    }

    async fn every_reference_must_be_good(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let nothing = "018f0000-0000-7000-8000-000000000000";
        let refused = desk.record(proto::Opportunity {
            owner: format!("sellers/{nothing}"),
            pipeline: format!("pipelines/{nothing}"),
            lines: vec![proto::OpportunityLine { product: format!("products/{nothing}"), amount: Some(usd(1)), ..Default::default() }],
            amount: None,
            ..desk.opportunity()
        }).await.unwrap_err();
        assert_eq!(fields(&refused), ["opportunity.owner", "opportunity.lines[0].product", "opportunity.pipeline"]);
        let leave = proto::DeactivateSellerRequest { name: desk.anna.name.clone(), ..Default::default() };
        desk.caller.sellers().deactivate_seller(leave).await.unwrap();
        let refused = desk.record(desk.opportunity()).await.unwrap_err();
        assert_eq!(fields(&refused), ["opportunity.owner"]);
    }

    async fn every_move_is_in_the_history_with_what_was_true(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let opened = desk.open().await;
        let engaged = desk.step(proto::MoveOpportunityRequest {
            amount: Some(usd(2_000)),
            probability: Some(60),
            close_date: Some(day(2026, 7, 31)),
            ..to(&opened, "engaging")
        }).await.unwrap();
        assert_eq!((engaged.probability, engaged.amount.clone()), (Some(60), Some(usd(2_000))));
        let won = desk.step(to(&engaged, "won")).await.unwrap();
        assert_eq!((won.state(), won.probability, won.forecast_category()), (State::Won, Some(100), Category::Closed));
        assert!(won.close_time.is_some() && won.stall_time.is_none());

        let history = desk.history(&opened.name).await;
        let steps: Vec<_> = history.iter().map(|it| (it.from_stage.as_str(), it.to_stage.as_str(), it.probability)).collect();
        assert_eq!(steps, [("", "prospecting", 25), ("prospecting", "engaging", 60), ("engaging", "won", 100)]);
        let amounts: Vec<_> = history.iter().map(|it| it.amount.as_ref().unwrap().units).collect();
        assert_eq!(amounts, [1_000, 2_000, 2_000]);
        assert_eq!(history[1].close_date, Some(day(2026, 7, 31)));
        assert!(history.iter().all(|it| it.actor == "employees/ada" && it.owner == desk.anna.name));
    }

    async fn what_is_closed_stays_so_until_it_is_reopened(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let opened = desk.open().await;
        let lost = desk.step(to(&opened, "lost")).await.unwrap_err();
        assert_eq!(fields(&lost), ["close_reason"]);
        let lost = proto::MoveOpportunityRequest { close_reason: "price".to_owned(), note: "Too dear".to_owned(), ..to(&opened, "lost") };
        let lost = desk.step(lost).await.unwrap();
        assert_eq!((lost.close_reason.as_str(), lost.close_note.as_str()), ("price", "Too dear"));
        let again = desk.step(to(&lost, "engaging")).await.unwrap_err();
        assert_eq!((reason(&again).as_str(), metadata(&again, "state").as_str()), ("INVALID_STATE", "LOST"));
        let cheaper = proto::Opportunity { amount: Some(usd(1)), ..lost.clone() };
        let cheaper = desk.update(cheaper, &["amount"]).await.unwrap_err();
        assert_eq!(reason(&cheaper), "INVALID_STATE");
        let request = proto::ReopenOpportunityRequest { name: lost.name.clone(), stage: "engaging".to_owned(), ..Default::default() };
        let open = desk.caller.opportunities().reopen_opportunity(request.clone()).await.unwrap().into_inner();
        assert_eq!((open.state(), open.close_reason.as_str(), open.close_time), (State::Open, "", None));
        let twice = desk.caller.opportunities().reopen_opportunity(request).await.unwrap_err();
        assert_eq!(metadata(&twice, "state"), "OPEN");
    }

    async fn a_move_of_the_past_is_neither_in_the_future_nor_before_the_last(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let begun = desk.caller.ctx.now.saturating_sub(DAY * 10);
        let opened = desk.record(proto::Opportunity { open_time: Some(begun.into()), ..desk.opportunity() }).await.unwrap();
        assert_eq!(opened.age_days, 10);
        let at = |time: Timestamp| proto::MoveOpportunityRequest { time: Some(time.into()), ..to(&opened, "engaging") };
        for time in [begun.saturating_sub(DAY), desk.caller.ctx.now.saturating_add(DAY)] {
            assert_eq!(fields(&desk.step(at(time)).await.unwrap_err()), ["time"]);
        }
        let moved = desk.step(at(begun.saturating_add(DAY))).await.unwrap();
        assert_eq!(moved.stage_age_days, 9);
        let won = proto::MoveOpportunityRequest { time: Some(begun.saturating_add(DAY * 2).into()), ..to(&opened, "won") };
        let won = desk.step(won).await.unwrap();
        assert_eq!(micros(won.close_time), begun.saturating_add(DAY * 2).as_micros());
        assert_eq!(won.age_days, 2, "an opportunity that ended does not age");
    }

    async fn changes_that_weigh_are_in_the_history_and_others_are_not(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let opened = desk.open().await;
        let reminder = proto::Opportunity { next_step: "Call".to_owned(), ..opened.clone() };
        let reminded = desk.update(reminder, &["next_step"]).await.unwrap();
        assert_eq!((reminded.next_step.as_str(), desk.history(&opened.name).await.len()), ("Call", 1));
        let bob = seller(&desk.caller, "bob", "").await;
        let given = proto::Opportunity { owner: bob.name.clone(), amount: Some(usd(5)), probability: Some(99), ..reminded.clone() };
        let given = desk.update(given, &["owner", "amount", "probability"]).await.unwrap();
        let history = desk.history(&opened.name).await;
        let last = history.last().unwrap();
        assert_eq!((last.from_stage.as_str(), last.to_stage.as_str()), ("prospecting", "prospecting"));
        assert_eq!((last.owner.as_str(), last.probability, last.amount.clone()), (bob.name.as_str(), 99, Some(usd(5))));
        let back = desk.update(proto::Opportunity { probability: None, ..given }, &["probability"]).await.unwrap();
        assert_eq!(back.probability, Some(25), "as its stage says");
        let stale = desk.update(reminded, &["next_step"]).await.unwrap_err();
        assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "ETAG_MISMATCH"));
    }

    async fn the_stage_is_not_changed_by_an_update(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let opened = desk.open().await;
        let jump = proto::Opportunity { stage: "won".to_owned(), state: State::Won.into(), ..opened.clone() };
        let named = desk.update(jump.clone(), &["stage"]).await.unwrap_err();
        assert_eq!(reason(&named), "INVALID_UPDATE_MASK");
        let all = desk.update(jump, &["*"]).await.unwrap();
        assert_eq!((all.stage.as_str(), all.state()), ("prospecting", State::Open));
    }

    async fn lines_add_up_to_the_amount(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let (pro, basic) = (product(&desk.caller, "pro", 300).await, product(&desk.caller, "basic", 100).await);
        let line = |product: &proto::Product, quantity| proto::OpportunityLine { product: product.name.clone(), quantity, amount: None };
        let opened = desk.record(proto::Opportunity {
            amount: None, lines: vec![line(&pro, 2), line(&basic, 0)], ..desk.opportunity()
        }).await.unwrap();
        assert_eq!(opened.amount, Some(usd(700)));
        let more = proto::Opportunity { lines: vec![line(&pro, 3)], ..opened.clone() };
        let more = desk.update(more, &["lines"]).await.unwrap();
        assert_eq!(more.amount, Some(usd(900)));
        let won = desk.step(proto::MoveOpportunityRequest { amount: Some(usd(800)), ..to(&opened, "won") }).await.unwrap();
        assert_eq!((won.amount, won.lines[0].amount.clone()), (Some(usd(800)), Some(usd(800))));
        let retired = proto::Product { retired: true, ..basic.clone() };
        let request = proto::UpdateProductRequest { product: Some(retired), ..Default::default() };
        desk.caller.products().update_product(request).await.unwrap();
        let refused = desk.record(proto::Opportunity { amount: None, lines: vec![line(&basic, 1)], ..desk.opportunity() }).await.unwrap_err();
        assert!(fields(&refused).contains(&"opportunity.lines[0].product".to_owned()));
    }

    async fn it_stalls_when_it_does_not_move(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let opened = desk.open().await;
        let later = desk.caller.later(DAY * 31);
        let request = proto::GetOpportunityRequest { name: opened.name.clone() };
        let stalled = later.opportunities().get_opportunity(request).await.unwrap().into_inner();
        assert!(stalled.stalled && stalled.stage_age_days == 31);
        let due = format!("stall_time < \"{}\"", later.ctx.now);
        assert_eq!(desk.list(&due).await, std::slice::from_ref(&opened.name));
        let moved = later.opportunities().move_opportunity(to(&opened, "engaging")).await.unwrap().into_inner();
        assert!(!moved.stalled);
        assert!(desk.list(&due).await.is_empty());
    }

    async fn lists_are_filtered_by_each_field_and_paged(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let first = desk.record(proto::Opportunity { external_id: "crm:1".to_owned(), ..desk.opportunity() }).await.unwrap();
        let second = desk.record(proto::Opportunity { close_date: Some(day(2027, 1, 1)), ..desk.opportunity() }).await.unwrap();
        desk.step(to(&second, "engaging")).await.unwrap();
        let only_first = [first.name.clone()];
        for filter in [
            format!("owner = \"{}\" AND stage = prospecting", desk.anna.name),
            format!("pipeline = \"{}\" AND forecast_category = PIPELINE", desk.pipeline.name),
            "state = OPEN AND close_date < \"2026-12-31\"".to_owned(),
            "external_id = \"crm:1\"".to_owned(),
        ] {
            assert_eq!(desk.list(&filter).await, only_first, "{filter}");
        }
        let mut request = proto::ListOpportunitiesRequest { page_size: 1, ..Default::default() };
        let page = desk.caller.opportunities().list_opportunities(request.clone()).await.unwrap().into_inner();
        assert_eq!(page.opportunities[0].name, first.name);
        request.page_token = page.next_page_token;
        let page = desk.caller.opportunities().list_opportunities(request).await.unwrap().into_inner();
        assert_eq!((page.opportunities[0].name.as_str(), page.next_page_token.as_str()), (second.name.as_str(), ""));
        assert!(Desk::of(desk.caller.of_another_tenant()).await.list("").await.is_empty());
    }

    async fn an_external_id_is_given_once(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let known = proto::Opportunity { external_id: "crm:1".to_owned(), ..desk.opportunity() };
        let first = desk.record(known.clone()).await.unwrap();
        let taken = desk.record(known).await.unwrap_err();
        assert_eq!((taken.code(), metadata(&taken, "resource")), (Code::AlreadyExists, first.name));
    }

    async fn a_repeated_move_moves_once(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let opened = desk.open().await;
        let request = proto::MoveOpportunityRequest {
            request_id: "018f0000-0000-7000-8000-000000000001".to_owned(),
            ..to(&opened, "engaging")
        };
        let first = desk.step(request.clone()).await.unwrap();
        assert_eq!(desk.step(request).await.unwrap(), first);
        assert_eq!(desk.history(&opened.name).await.len(), 2);
    }

    async fn garbage_is_refused_with_its_fields(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let refused = desk.record(proto::Opportunity {
            display_name: "\u{202E}".to_owned(),
            customer: "customers/me".to_owned(),
            owner: "sellers/".to_owned(),
            pipeline: String::new(),
            amount: Some(usd(-1)),
            close_date: Some(day(2026, 2, 30)),
            probability: Some(101),
            ..Default::default()
        }).await.unwrap_err();
        let expected = ["display_name", "customer", "owner", "pipeline", "amount", "close_date", "probability"];
        assert_eq!(fields(&refused), expected.map(|it| format!("opportunity.{it}")));
        for name in ["opportunities/x", "", "opportunities/018f0000-0000-7000-8000-00000000000G"] {
            let request = proto::MoveOpportunityRequest { name: name.to_owned(), stage: "won".to_owned(), ..Default::default() };
            assert_eq!(desk.step(request).await.unwrap_err().code(), Code::InvalidArgument);
        }
    }
}
