//! Opportunities that began elsewhere.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::ImportOutcome as Outcome;
use tonic::Code;

use super::products::product;
use super::sellers::seller;
use super::{Desk, State, mask, usd};
use crate::testing::{Caller, fields, reason};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What began forty days ago, was engaged after ten and won after twenty.
fn won(desk: &Desk, id: &str) -> proto::OpportunityImport {
    let begun = desk.caller.ctx.now.saturating_sub(DAY * 40);
    let moved = |stage: &str, days: u32| proto::OpportunityMove {
        stage: stage.to_owned(),
        time: Some(begun.saturating_add(DAY * days).into()),
        ..Default::default()
    };
    let close = proto::OpportunityMove {
        amount: Some(usd(900)),
        ..moved("won", 20)
    };
    proto::OpportunityImport {
        opportunity: Some(proto::Opportunity {
            external_id: id.to_owned(),
            open_time: Some(begun.into()),
            ..desk.opportunity()
        }),
        moves: vec![moved("engaging", 10), close],
    }
}

async fn import(desk: &Desk, rows: Vec<proto::OpportunityImport>) -> Vec<proto::ImportResult> {
    let request = proto::ImportOpportunitiesRequest {
        rows,
        ..Default::default()
    };
    let answer = desk
        .caller
        .opportunities()
        .import_opportunities(request)
        .await;
    answer.unwrap().into_inner().results
}

fn outcomes(results: &[proto::ImportResult]) -> Vec<Outcome> {
    results.iter().map(proto::ImportResult::outcome).collect()
}

on_each_engine! {
    async fn a_row_brings_its_history_along(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let results = import(&desk, vec![won(&desk, "crm:1")]).await;
        assert_eq!(outcomes(&results), [Outcome::Created]);
        let request = proto::GetOpportunityRequest { name: results[0].opportunity.clone() };
        let read = desk.caller.opportunities().get_opportunity(request).await.unwrap().into_inner();
        assert_eq!((read.state(), read.age_days, read.amount), (State::Won, 20, Some(usd(900))));
        let history = desk.history(&read.name).await;
        let amounts: Vec<_> = history.iter().map(|it| (it.to_stage.as_str(), it.amount.as_ref().unwrap().units)).collect();
        assert_eq!(amounts, [("prospecting", 1_000), ("engaging", 1_000), ("won", 900)]);
    }

    async fn the_same_rows_again_change_nothing(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let rows = || vec![won(&desk, "crm:1"), won(&desk, "crm:2")];
        let first = import(&desk, rows()).await;
        let again = import(&desk, rows()).await;
        assert_eq!(outcomes(&again), [Outcome::Known; 2]);
        assert_eq!(again[0].opportunity, first[0].opportunity);
        assert_eq!(desk.list("").await.len(), 2);
    }

    async fn a_bad_row_is_reported_and_the_others_go_on(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let mut nobody = won(&desk, "crm:1");
        nobody.opportunity.as_mut().unwrap().owner = "sellers/018f0000-0000-7000-8000-000000000000".to_owned();
        let mut backwards = won(&desk, "crm:2");
        backwards.moves.swap(0, 1);
        let mut timeless = won(&desk, "crm:3");
        timeless.moves[0].time = None;
        let rows = vec![nobody, backwards, timeless, won(&desk, ""), won(&desk, "crm:5"), won(&desk, "crm:5")];
        let results = import(&desk, rows).await;
        let faults: Vec<_> = results.iter().map(|it| it.faults.first().map_or("", |it| it.field.as_str())).collect();
        assert_eq!(faults, [
            "opportunity.owner", "moves[1]", "moves[0].time", "opportunity.external_id", "", "opportunity.external_id",
        ]);
        assert_eq!(outcomes(&results)[4], Outcome::Created);
        assert_eq!(desk.list("").await.len(), 1);
    }

    async fn what_is_over_may_name_who_left_and_what_is_retired(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let (bob, old) = (seller(&desk.caller, "bob", "").await, product(&desk.caller, "old", 1).await);
        let left = proto::DeactivateSellerRequest { name: bob.name.clone(), ..Default::default() };
        desk.caller.sellers().deactivate_seller(left).await.unwrap();
        let retire = proto::UpdateProductRequest {
            product: Some(proto::Product { name: old.name.clone(), retired: true, ..Default::default() }),
            update_mask: mask(&["retired"]),
            ..Default::default()
        };
        desk.caller.products().update_product(retire).await.unwrap();
        let bobs = |id: &str, moves: usize| {
            let mut row = won(&desk, id);
            row.moves.truncate(moves);
            let opportunity = row.opportunity.as_mut().unwrap();
            opportunity.owner = bob.name.clone();
            opportunity.amount = None;
            opportunity.lines = vec![proto::OpportunityLine { product: old.name.clone(), quantity: 1, amount: Some(usd(1_000)) }];
            row.moves.iter_mut().for_each(|it| it.amount = None);
            row
        };
        let results = import(&desk, vec![bobs("crm:1", 2), bobs("crm:2", 1), bobs("crm:3", 0)]).await;
        assert_eq!(outcomes(&results), [Outcome::Created, Outcome::Refused, Outcome::Refused], "{results:?}");
        for open in &results[1..] {
            let faults: Vec<_> = open.faults.iter().map(|it| it.field.as_str()).collect();
            assert_eq!(faults, ["opportunity.owner", "opportunity.lines[0].product"]);
        }
        let refused = desk.record(proto::Opportunity { owner: bob.name.clone(), ..desk.opportunity() }).await.unwrap_err();
        assert_eq!(fields(&refused), ["opportunity.owner"]);
    }

    async fn two_who_import_the_same_at_once_record_it_once(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let rows = || (0..50).map(|id| won(&desk, &format!("crm:{id}"))).collect();
        let (one, other) = tokio::join!(import(&desk, rows()), import(&desk, rows()));
        let created = |results: &[proto::ImportResult]| outcomes(results).iter().filter(|it| **it == Outcome::Created).count();
        assert_eq!(created(&one) + created(&other), 50);
        assert_eq!(desk.list("").await.len(), 50);
    }

    async fn a_call_has_a_bound(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        for count in [0, 501] {
            let rows = vec![proto::OpportunityImport::default(); count];
            let request = proto::ImportOpportunitiesRequest { rows, ..Default::default() };
            let refused = desk.caller.opportunities().import_opportunities(request).await.unwrap_err();
            assert_eq!((refused.code(), reason(&refused).as_str()), (Code::InvalidArgument, "INVALID_FIELD"));
        }
        let many = (0..500).map(|id| won(&desk, &format!("crm:{id}"))).collect();
        assert!(outcomes(&import(&desk, many).await).iter().all(|it| *it == Outcome::Created));
    }
}
