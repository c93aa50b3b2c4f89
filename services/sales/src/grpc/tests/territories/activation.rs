//! Making plans hold, and what happens beside that.

use std::collections::BTreeMap;

use futures::future::join_all;
use prost::Message as _;
use rapport_platform::id::new_id;
use rapport_platform::identity::TenantId;
use rapport_platform::on_each_engine;
use rapport_platform::time::Clock;
use rapport_proto::rapport::customer::v1 as customer;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};
use tonic::Code;
use uuid::Uuid;

use super::super::announcements::told_of;
use super::super::mask;
use super::{Map, answer, counts, now};
use crate::events::facts::fact_of;
use crate::grpc::territory::round;
use crate::store::entity::{customer_territory, territory_desk};
use crate::store::rows::insert_all;
use crate::store::territory::fact;
use crate::testing::metadata;
use proto::{TerritoryModelState as State, TerritoryPreparationState as Preparation};

/// Who was told to have moved where under a model, in the order in which it was told.
async fn told_moves(map: &Map, model: &str) -> Vec<Vec<(String, String)>> {
    let told = told_of(&map.db, &format!("{model}/moves")).await;
    let read = told.into_iter().map(|(_, _, fact)| {
        let fact = proto::CustomerTerritoriesChanged::decode(fact.as_slice()).unwrap();
        let moves = fact.moves.into_iter();
        moves
            .map(|it| (it.customer, it.to_territory_code))
            .collect()
    });
    read.collect()
}

/// So many customers in a country, as the customer service would have told of them.
async fn crowd(map: &Map, count: usize, region: &str) {
    let ctx = &map.caller().ctx;
    let customer = |_| customer::Customer {
        name: crate::resource::customer(new_id()),
        region_code: region.to_owned(),
        ..Default::default()
    };
    let people = (0..count).map(customer);
    let facts = &people
        .filter_map(|it| fact_of(ctx, &it, now()))
        .collect::<Vec<_>>();
    let kept = map.db.write_txn(|txn| async move {
        fact::put(ctx, &txn, facts.clone())
            .await
            .map(|told| told.len())
    });
    assert_eq!(kept.await.unwrap(), count);
}

async fn customers_of(map: &Map, territory: &str) -> usize {
    let request = proto::ListTerritoryCustomersRequest {
        parent: territory.to_owned(),
        page_size: 1_000,
        ..Default::default()
    };
    let there = map.covers().list_territory_customers(request).await;
    answer(there).customer_territories.len()
}

on_each_engine! {
    async fn many_customers_are_worked_out_and_told_of_batch_by_batch(db: Database) {
        let map = Map::of(&db).await;
        let model = map.countries(&["ch", "de"]).await.name;
        map.work().await;
        crowd(&map, 700, "CH").await;
        crowd(&map, 500, "DE").await;
        map.try_activate(&model).await.unwrap();
        assert!(map.step().await);
        let begun = map.get(&model).await;
        assert_eq!((begun.processed_count, begun.preparation_state(), begun.state()), (500, Preparation::Running, State::Planning));
        map.work().await;
        let held = map.get(&model).await;
        assert_eq!((held.processed_count, held.moved_count), (1_200, 1_200));
        let told = told_moves(&map, &model).await;
        assert_eq!(told.iter().map(Vec::len).collect::<Vec<_>>(), [500, 500, 200]);
        let all: BTreeMap<_, _> = told.into_iter().flatten().collect();
        assert_eq!((all.len(), all.values().filter(|it| *it == "de").count()), (1_200, 500));
        assert_eq!(counts(&map.summary(&model).await), [("", "ch", 700), ("", "de", 500)]);
    }

    async fn a_model_holds_at_once_for_everybody(db: Database) {
        let map = Map::of(&db).await;
        let (ada, bob) = (map.person("CH").await, map.person("DE").await);
        let first = map.countries(&["ch", "de"]).await;
        let held = map.activate(&first.name).await;
        assert_eq!((held.state(), held.moved_count, held.activator.as_str()), (State::Active, 2, "employees/ada"));
        let before = now();
        let second = map.model(&first.name).await.name;
        let dach = map.territory(&second, "ch").await;
        let wider = proto::Territory { name: dach.name, rule: "region_code = CH OR region_code = DE".to_owned(), ..Default::default() };
        let request = proto::UpdateTerritoryRequest { territory: Some(wider), update_mask: mask(&["rule"]), ..Default::default() };
        map.territories().update_territory(request).await.unwrap();
        map.prepare(&second).await;
        assert_eq!(counts(&map.summary(&second).await), [("de", "ch", 1)]);
        map.try_activate(&second).await.unwrap();
        assert_eq!(map.of_now(&bob).await, "de", "until it is done the other one holds");
        map.work().await;
        assert_eq!((map.of_now(&ada).await, map.of_now(&bob).await), ("ch".to_owned(), "ch".to_owned()));
        assert_eq!(map.at(&bob, Some(before)).await, "de");
        assert_eq!(map.get(&first.name).await.state(), State::Archived);
        let request = proto::ListTerritoryModelsRequest { filter: "state = ACTIVE".to_owned(), ..Default::default() };
        let active = answer(map.models().list_territory_models(request).await).territory_models;
        assert_eq!(active.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), [second.as_str()]);
        let request = proto::ListCustomerTerritoriesRequest { customer: bob.clone(), ..Default::default() };
        let stays = answer(map.covers().list_customer_territories(request).await).customer_territories;
        let codes: Vec<_> = stays.iter().map(|it| (it.territory_code.as_str(), it.end_time.is_some())).collect();
        assert_eq!(codes, [("ch", false), ("de", true)]);
        assert_eq!(stays[0].start_time, stays[1].end_time);
    }

    async fn an_activation_is_told_once_and_its_moves_in_batches(db: Database) {
        let map = Map::of(&db).await;
        let people = join_all((0..3).map(|_| map.person("CH"))).await;
        map.person("FR").await;
        let model = map.countries(&["ch"]).await.name;
        map.activate(&model).await;
        let told = told_of(&db, &model).await;
        let activated = told.iter().filter(|(kind, _, _)| kind == "TerritoryModelActivated");
        let activated: Vec<_> = activated.map(|(_, _, fact)| proto::TerritoryModelActivated::decode(fact.as_slice()).unwrap()).collect();
        assert_eq!(activated.len(), 1);
        assert_eq!((activated[0].previous_model.as_str(), activated[0].territory_model.as_ref().unwrap().moved_count), ("", 3));
        let moves = told_moves(&map, &model).await;
        assert_eq!(moves.len(), 1, "one event for all of them");
        let expected: BTreeMap<_, _> = people.into_iter().map(|it| (it, "ch".to_owned())).collect();
        assert_eq!(moves[0].iter().cloned().collect::<BTreeMap<_, _>>(), expected);
    }

    async fn of_two_activations_at_once_one_goes_on(db: Database) {
        let map = Map::of(&db).await;
        for _ in 0..3 {
            let models = [map.countries(&["ch"]).await.name, map.countries(&["ch"]).await.name];
            let tried = join_all(models.iter().map(|it| map.try_activate(it))).await;
            let refused: Vec<_> = tried.iter().filter_map(|it| it.as_ref().err()).collect();
            assert_eq!(refused.len(), 1, "{tried:?}");
            assert_eq!(metadata(refused[0], "state"), "ACTIVATING");
            map.work().await;
        }
        let request = proto::ListTerritoryModelsRequest { filter: "state = ACTIVE".to_owned(), ..Default::default() };
        assert_eq!(answer(map.models().list_territory_models(request).await).territory_models.len(), 1);
    }

    async fn what_is_about_to_hold_is_not_edited_until_that_is_cancelled(db: Database) {
        let map = Map::of(&db).await;
        map.person("CH").await;
        let model = map.countries(&["ch"]).await.name;
        let idle = proto::CancelTerritoryModelRequest { name: model.clone(), ..Default::default() };
        assert_eq!(metadata(&map.models().cancel_territory_model(idle.clone()).await.unwrap_err(), "state"), "PLANNING");
        map.try_activate(&model).await.unwrap();
        let refused = map.add(&model, ("de", ""), "").await.unwrap_err();
        assert_eq!(metadata(&refused, "state"), "ACTIVATING");
        let cancelled = answer(map.models().cancel_territory_model(idle.clone()).await);
        assert_eq!((cancelled.activating, cancelled.preparation_state()), (false, Preparation::Unspecified));
        map.work().await;
        assert_eq!(map.get(&model).await.state(), State::Planning);
        map.add(&model, ("de", ""), "").await.unwrap();
        map.activate(&model).await;
        assert_eq!(metadata(&map.models().cancel_territory_model(idle).await.unwrap_err(), "state"), "ACTIVE");
    }

    async fn an_edit_beside_the_work_is_never_lost(db: Database) {
        let map = Map::of(&db).await;
        let ada = map.person("CH").await;
        let model = map.countries(&["ch"]).await.name;
        for round in 0..5 {
            let request = proto::PrepareTerritoryModelRequest { name: model.clone(), ..Default::default() };
            map.models().prepare_territory_model(request).await.unwrap();
            let code = format!("t{round}");
            let (worked, added) = tokio::join!(map.work(), map.add(&model, (&code, ""), ""));
            let () = worked;
            added.unwrap();
            map.work().await;
            assert_eq!(map.get(&model).await.preparation_state(), Preparation::Unspecified, "it was edited after it was begun");
        }
        map.activate(&model).await;
        assert_eq!(map.of_now(&ada).await, "ch");
    }

    async fn whatever_crashes_in_the_middle_the_next_goes_on(db: Database) {
        let map = Map::of(&db).await;
        let people = join_all((0..3).map(|_| map.person("CH"))).await;
        let model = map.countries(&["ch"]).await.name;
        map.try_activate(&model).await.unwrap();
        let mut steps = 0;
        // Each step is done by another process, as after a crash; some are done by two at once.
        loop {
            let (one, other) = tokio::join!(map.step(), map.step());
            steps += 1;
            if !one && !other {
                break;
            }
        }
        assert!(steps < 20, "{steps}");
        for person in &people {
            assert_eq!(map.of_now(person).await, "ch");
        }
        let told: usize = told_moves(&map, &model).await.iter().map(Vec::len).sum();
        assert_eq!(told, 3, "nobody is told of twice");
        let told = told_of(&db, &model).await;
        assert_eq!(told.iter().filter(|(kind, _, _)| kind == "TerritoryModelActivated").count(), 1);
    }

    async fn pins_outlast_models_and_are_told_where_they_are_lost(db: Database) {
        let map = Map::of(&db).await;
        let (ada, bob) = (map.person("CH").await, map.person("CH").await);
        let first = map.countries(&["ch", "de"]).await.name;
        map.activate(&first).await;
        let nowhere = map.pin(&ada, "atlantis").await.unwrap_err();
        assert_eq!(crate::testing::fields(&nowhere), ["territory_pin.territory_code"]);
        map.pin(&ada, "de").await.unwrap();
        assert_eq!(map.of_now(&ada).await, "de", "at once");
        assert_eq!(map.look_up(&[&ada], None).await.customer_territories[0].cause(), proto::TerritoryCause::Manual);
        let second = map.model(&first).await.name;
        let third = map.countries(&["ch"]).await.name;
        map.activate(&second).await;
        assert_eq!((map.of_now(&ada).await, map.of_now(&bob).await), ("de".to_owned(), "ch".to_owned()), "it survives");
        map.prepare(&third).await;
        let summary = map.summary(&third).await;
        assert_eq!((counts(&summary), summary.lost_pin_count), (vec![("de", "ch", 1)], 1));
        let request = proto::ListTerritoryPinsRequest { lost_in_model: third.clone(), ..Default::default() };
        let lost = answer(map.covers().list_territory_pins(request).await).territory_pins;
        assert_eq!(lost.iter().map(|it| it.customer.as_str()).collect::<Vec<_>>(), [ada.as_str()]);
        assert_eq!(map.activate(&third).await.lost_pin_count, 1);
        assert_eq!(map.of_now(&ada).await, "ch");
        map.activate(&map.model(&second).await.name).await;
        assert_eq!(map.of_now(&ada).await, "de", "the territory is there again");
        let unpin = proto::UnpinCustomerRequest { customer: ada.clone(), ..Default::default() };
        map.covers().unpin_customer(unpin.clone()).await.unwrap();
        assert_eq!(map.of_now(&ada).await, "ch");
        assert_eq!(map.covers().unpin_customer(unpin).await.unwrap_err().code(), Code::NotFound);
    }

    async fn a_preview_that_is_worked_out_anew_tells_nothing_of_the_one_before(db: Database) {
        let map = Map::of(&db).await;
        let model = map.countries(&["ch", "de"]).await.name;
        map.work().await;
        crowd(&map, 700, "CH").await;
        map.prepare(&model).await;
        let ch = map.territory(&model, "ch").await.name;
        assert_eq!(customers_of(&map, &ch).await, 700);
        let nobody = proto::Territory { name: ch.clone(), rule: "region_code = AQ".to_owned(), ..Default::default() };
        let request = proto::UpdateTerritoryRequest { territory: Some(nobody), update_mask: mask(&["rule"]), ..Default::default() };
        map.territories().update_territory(request).await.unwrap();
        let request = proto::PrepareTerritoryModelRequest { name: model.clone(), ..Default::default() };
        map.models().prepare_territory_model(request).await.unwrap();
        for processed in [0, 500, 700] {
            let summary = map.summary(&model).await;
            assert_eq!((summary.processed_count, counts(&summary)), (processed, vec![]));
            assert_eq!((map.moves(&model).await, customers_of(&map, &ch).await), (vec![], 0));
            map.step().await;
        }
    }

    async fn a_model_that_is_given_up_has_no_customers_and_leaves_nothing(db: Database) {
        let map = Map::of(&db).await;
        let model = map.countries(&["ch"]).await.name;
        map.work().await;
        crowd(&map, 700, "CH").await;
        map.prepare(&model).await;
        let ch = map.territory(&model, "ch").await.name;
        let archive = proto::ArchiveTerritoryModelRequest { name: model, ..Default::default() };
        map.models().archive_territory_model(archive).await.unwrap();
        assert_eq!(customers_of(&map, &ch).await, 0);
        let rows = async || customer_territory::Entity::find().count(db.read()).await.unwrap();
        assert_eq!(rows().await, 700);
        assert!(map.step().await);
        assert_eq!(rows().await, 200);
        map.work().await;
        assert_eq!(rows().await, 0);
    }

    async fn five_models_are_prepared_at_once_and_the_one_to_be_activated_first(db: Database) {
        let map = Map::of(&db).await;
        map.person("CH").await;
        let mut models = Vec::new();
        for _ in 0..6 {
            models.push(map.countries(&["ch"]).await.name);
        }
        map.work().await;
        let request = |model: &String| proto::PrepareTerritoryModelRequest { name: model.clone(), ..Default::default() };
        let begun = join_all(models.iter().map(|model| async { map.models().prepare_territory_model(request(model)).await })).await;
        let refused: Vec<_> = (0..6).filter(|index| begun[*index].is_err()).collect();
        assert_eq!(refused.len(), 1, "{begun:?}");
        assert_eq!(metadata(begun[refused[0]].as_ref().unwrap_err(), "state"), "TOO_MANY_PREPARED");
        let (sixth, waiting) = (models.remove(refused[0]), models.pop().unwrap());
        assert_eq!(metadata(&map.try_activate(&sixth).await.unwrap_err(), "state"), "TOO_MANY_PREPARED");
        map.try_activate(&waiting).await.unwrap();
        map.step().await;
        let ready = async |model: &str| map.get(model).await.preparation_state() == Preparation::Ready;
        assert_eq!((ready(&waiting).await, ready(&models[0]).await), (true, false));
        map.work().await;
        assert_eq!(map.get(&waiting).await.state(), State::Active);
        map.models().prepare_territory_model(request(&sixth)).await.unwrap();
    }

    async fn a_rule_that_was_changed_is_not_asked_as_it_was(db: Database) {
        let map = Map::of(&db).await;
        let ada = map.person("DE").await;
        let model = map.countries(&["ch"]).await.name;
        map.prepare(&model).await;
        let ch = map.territory(&model, "ch").await.name;
        let wider = proto::Territory { name: ch, rule: "region_code = DE".to_owned(), ..Default::default() };
        let request = proto::UpdateTerritoryRequest { territory: Some(wider), update_mask: mask(&["rule"]), ..Default::default() };
        map.territories().update_territory(request).await.unwrap();
        map.activate(&model).await;
        assert_eq!(map.of_now(&ada).await, "ch");
    }

    async fn a_round_has_a_turn_for_everybody(db: Database) {
        let map = Map::of(&db).await;
        let desks = (1..=101).map(|number| territory_desk::Model {
            tenant_id: TenantId::new(Uuid::from_u128(number)),
            active_model_id: None,
            filling: true,
            refill: false,
            fill_token: None,
            version: 1,
        });
        let desks = &desks.collect::<Vec<_>>();
        let opened = db.write_txn(|txn| async move { insert_all::<territory_desk::Entity>(&txn, desks.clone()).await });
        opened.await.unwrap();
        round(&db, &Clock::system(), &map.caller().shared.customers).await.unwrap();
        let filling = territory_desk::Entity::find().filter(territory_desk::Column::Filling.eq(true)).count(db.read());
        assert_eq!(filling.await.unwrap(), 0);
    }

    async fn a_pin_beside_the_work_holds(db: Database) {
        let map = Map::of(&db).await;
        let ada = map.person("CH").await;
        let model = map.countries(&["ch", "de"]).await.name;
        for code in ["de", "ch", "de"] {
            let next = map.model(&model).await.name;
            map.try_activate(&next).await.unwrap();
            let (pinned, ()) = tokio::join!(map.pin(&ada, code), map.work());
            pinned.unwrap();
            map.work().await;
            assert_eq!(map.of_now(&ada).await, code);
        }
    }
}
