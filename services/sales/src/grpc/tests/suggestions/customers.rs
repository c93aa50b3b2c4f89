//! Suggestions when customers do not stay who they were.

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as customer;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::EntityTrait as _;
use tonic::Code;

use super::{Market, State};
use crate::store::entity::ownership;
use proto::SuggestionOutcome::Declined;

on_each_engine! {
    async fn a_merge_unites_what_they_own_and_moves_decisions_and_its_undoing_gives_back(db: Database) {
        let market = Market::stocked(&db).await;
        let sven = market.sven();
        let double = market.another(&[&market.cap]).await;
        market.count().await;
        let (hers, doubles) = (market.decide("renewal").await, sven.decide(&double, "renewal").await.unwrap());
        let only = sven.decide(&double, "call").await.unwrap();
        let merge = customer::CustomerMerge {
            name: format!("customerMerges/{}", new_id()),
            survivor: double.clone(),
            merged: market.her().to_owned(),
            ..Default::default()
        };
        let name = merge.name.clone();
        let customer_merge = Some(merge);
        sven.hear(&name, 1, &customer::CustomersMerged { customer_merge: customer_merge.clone(), ..Default::default() }).await;
        market.count().await;
        // The survivor has one for that situation, and keeps it.
        assert_eq!(sven.decide(&double, "renewal").await.unwrap().name, doubles.name);
        let united = sven.decide(&double, "visit").await.unwrap();
        assert_eq!(market.named(&united), market.ink_is(State::Open), "by the pen that was the other's");
        assert_eq!(sven.decision(&hers.name).await.unwrap().customer, market.her(), "left behind, for nobody asks for her any more");
        let owners = ownership::Entity::find().all(db.read()).await.unwrap();
        assert!(owners.iter().all(|row| !market.her().ends_with(&row.customer_id.to_string())));

        sven.hear(&name, 2, &customer::CustomerMergeUndone { customer_merge, ..Default::default() }).await;
        market.count().await;
        assert_eq!(market.decide("renewal").await.name, hers.name);
        assert_eq!(sven.decide(&double, "call").await.unwrap().name, only.name);
        assert!(sven.decide(&double, "fresh").await.unwrap().suggestions.is_empty());
    }

    async fn decisions_and_answers_follow_a_merge_and_find_back(db: Database) {
        let market = Market::stocked(&db).await;
        let sven = market.sven();
        let ada = market.company.another_customer().await;
        let hers = market.decide("renewal").await;
        sven.respond(&hers, &market.ink, Declined).await.unwrap();
        let merge = customer::CustomerMerge {
            name: format!("customerMerges/{}", new_id()),
            survivor: ada.clone(),
            merged: market.her().to_owned(),
            ..Default::default()
        };
        let name = merge.name.clone();
        let customer_merge = Some(merge);
        sven.hear(&name, 1, &customer::CustomersMerged { customer_merge: customer_merge.clone(), ..Default::default() }).await;
        let moved = sven.decide(&ada, "renewal").await.unwrap();
        assert_eq!((&moved.name, &moved.customer), (&hers.name, &ada));
        assert_eq!(market.named(&moved), market.ink_is(State::Declined));
        assert!(sven.decide(&ada, "call").await.unwrap().suggestions.is_empty(), "what either declined is declined");
        sven.hear(&name, 2, &customer::CustomerMergeUndone { customer_merge, ..Default::default() }).await;
        assert_eq!(market.decide("renewal").await.name, hers.name);
        assert_eq!((sven.responses(market.her()).await.len(), sven.responses(&ada).await.len()), (1, 0));
    }

    async fn what_is_decided_before_an_undoing_is_heard_of_holds_and_all_else_finds_back(db: Database) {
        let market = Market::stocked(&db).await;
        let sven = market.sven();
        let ada = market.company.another_customer().await;
        let hers = market.decide("renewal").await;
        sven.respond(&hers, &market.ink, Declined).await.unwrap();
        let merge = customer::CustomerMerge {
            name: format!("customerMerges/{}", new_id()),
            survivor: ada.clone(),
            merged: market.her().to_owned(),
            ..Default::default()
        };
        let name = merge.name.clone();
        let customer_merge = Some(merge);
        sven.hear(&name, 1, &customer::CustomersMerged { customer_merge: customer_merge.clone(), ..Default::default() }).await;
        // The customer service has told her apart again, and nobody heard of that here.
        let anew = market.decide("renewal").await;
        assert_ne!(anew.name, hers.name);
        sven.hear(&name, 2, &customer::CustomerMergeUndone { customer_merge, ..Default::default() }).await;
        assert_eq!(market.decide("renewal").await.name, anew.name);
        assert_eq!((sven.responses(market.her()).await.len(), sven.responses(&ada).await.len()), (1, 0));
        assert_eq!(sven.decision(&hers.name).await.unwrap_err().code(), Code::NotFound);
    }

    async fn an_erased_customer_is_neither_counted_nor_known(db: Database) {
        let market = Market::stocked(&db).await;
        let sven = market.sven();
        let decision = market.decide("renewal").await;
        sven.respond(&decision, &market.ink, Declined).await.unwrap();
        let fact = customer::CustomerErased { customer: market.her().to_owned(), ..Default::default() };
        sven.hear(market.her(), 9, &fact).await;
        assert_eq!(sven.decision(&decision.name).await.unwrap_err().code(), Code::NotFound);
        assert!(sven.responses(market.her()).await.is_empty());
        let owners = ownership::Entity::find().all(db.read()).await.unwrap();
        assert!(owners.iter().all(|row| !market.her().ends_with(&row.customer_id.to_string())), "at once");
        market.count().await;
        let ada = market.another(&[&market.pen]).await;
        market.count().await;
        let ink = sven.decide(&ada, "renewal").await.unwrap().suggestions.remove(0);
        assert_eq!((ink.owner_count, ink.customer_count), (5, 10));
    }
}
