//! What the service tells others.

use prost::Message as _;
use rapport_platform::db::Database;
use rapport_platform::db::table::outbox::{Column, Entity};
use rapport_platform::on_each_engine;
use rapport_proto::rapport::event::v1::Event;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::{ColumnTrait as _, EntityTrait as _, QueryFilter as _, QueryOrder as _};

use super::{Desk, mask, to, usd};
use crate::testing::Caller;

/// What was told of a resource, by version: the kind without its package, and the fact.
pub(super) async fn told_of(db: &Database, aggregate: &str) -> Vec<(String, i64, Vec<u8>)> {
    let events = Entity::find()
        .filter(Column::Aggregate.eq(aggregate))
        .order_by_asc(Column::Version)
        .all(db.read())
        .await
        .unwrap();
    let told = events.into_iter().map(|row| {
        let event = Event::decode(row.payload.as_slice()).unwrap();
        let kind = row.kind.rsplit('.').next().unwrap().to_owned();
        (kind, row.version, event.data.unwrap().value)
    });
    told.collect()
}

fn kinds(told: &[(String, i64, Vec<u8>)]) -> Vec<(&str, i64)> {
    told.iter()
        .map(|(kind, version, _)| (kind.as_str(), *version))
        .collect()
}

on_each_engine! {
    async fn every_change_of_an_opportunity_is_told_with_its_version(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let opened = desk.open().await;
        let reminder = proto::Opportunity { name: opened.name.clone(), next_step: "Call".to_owned(), ..Default::default() };
        desk.update(reminder, &["next_step"]).await.unwrap();
        let dearer = proto::Opportunity { name: opened.name.clone(), amount: Some(usd(2_000)), ..Default::default() };
        desk.update(dearer, &["amount"]).await.unwrap();
        desk.step(to(&opened, "engaging")).await.unwrap();
        desk.step(proto::MoveOpportunityRequest { close_reason: "price".to_owned(), ..to(&opened, "lost") }).await.unwrap();
        let again = proto::ReopenOpportunityRequest { name: opened.name.clone(), stage: "engaging".to_owned(), ..Default::default() };
        desk.caller.opportunities().reopen_opportunity(again).await.unwrap();
        desk.step(to(&opened, "won")).await.unwrap();

        let told = told_of(&db, &opened.name).await;
        assert_eq!(kinds(&told), [
            ("OpportunityCreated", 1), ("OpportunityUpdated", 2), ("OpportunityUpdated", 3), ("OpportunityMoved", 4),
            ("OpportunityLost", 5), ("OpportunityReopened", 6), ("OpportunityWon", 7),
        ]);
        let reminded = proto::OpportunityUpdated::decode(told[1].2.as_slice()).unwrap();
        assert_eq!(reminded.stage_change, None, "nothing changed on which forecasts depend");
        let won = proto::OpportunityWon::decode(told[6].2.as_slice()).unwrap();
        let change = won.stage_change.unwrap();
        assert_eq!((change.amount, change.probability, won.opportunity.unwrap().amount), (Some(usd(2_000)), 100, Some(usd(2_000))));
    }

    async fn what_was_refused_is_not_told(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let opened = desk.open().await;
        desk.step(to(&opened, "lost")).await.unwrap_err();
        let stale = proto::Opportunity { name: opened.name.clone(), etag: "W/\"other\"".to_owned(), ..Default::default() };
        desk.update(stale, &["next_step"]).await.unwrap_err();
        assert_eq!(kinds(&told_of(&db, &opened.name).await), [("OpportunityCreated", 1)]);
    }

    async fn sellers_and_pipelines_are_told_of_too(db: Database) {
        let desk = Desk::of(Caller::of(&db).await).await;
        let leave = proto::DeactivateSellerRequest { name: desk.anna.name.clone(), ..Default::default() };
        desk.caller.sellers().deactivate_seller(leave).await.unwrap();
        assert_eq!(kinds(&told_of(&db, &desk.anna.name).await), [("SellerCreated", 1), ("SellerStateChanged", 2)]);
        let renamed = proto::Pipeline { name: desk.pipeline.name.clone(), display_name: "Renewals".to_owned(), ..Default::default() };
        let request = proto::UpdatePipelineRequest { pipeline: Some(renamed), update_mask: mask(&["display_name"]), ..Default::default() };
        desk.caller.pipelines().update_pipeline(request).await.unwrap();
        assert_eq!(kinds(&told_of(&db, &desk.pipeline.name).await), [("PipelineCreated", 1), ("PipelineUpdated", 2)]);
    }
}
