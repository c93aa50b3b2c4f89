//! What becomes of territories when customers change.

use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as customer;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::sales::v1 as proto;
use sea_orm::{ColumnTrait as _, EntityTrait as _, PaginatorTrait as _, QueryFilter as _};

use super::{Map, answer, now};
use crate::store::entity::{customer_fact as fact, customer_territory as territory};
use crate::store::rows::insert_all;

/// Moves a customer to another country.
async fn relocate(map: &Map, customer: &str, region: &str) {
    let request = customer::UpdateCustomerRequest {
        customer: Some(customer::Customer {
            name: customer.to_owned(),
            region_code: region.to_owned(),
            ..Default::default()
        }),
        update_mask: super::super::mask(&["region_code"]),
        ..Default::default()
    };
    let request = map.both.customers.signed(&map.caller().ctx, request);
    let mut client = CustomerServiceClient::new(map.both.customers.service.link());
    client.update_customer(request).await.unwrap();
}

fn imported(created_count: i64) -> customer::ImportRunEnded {
    customer::ImportRunEnded {
        created_count,
        ..Default::default()
    }
}

on_each_engine! {
    async fn a_customer_follows_what_changes_of_it_and_a_pinned_one_stays(db: Database) {
        let map = Map::of(&db).await;
        let (ada, bob) = (map.person("CH").await, map.person("CH").await);
        let model = map.countries(&["ch", "de"]).await.name;
        map.activate(&model).await;
        map.pin(&bob, "ch").await.unwrap();
        let before = now();
        relocate(&map, &bob, "DE").await;
        relocate(&map, &ada, "DE").await;
        map.becomes(&ada, "de").await;
        let new = map.person("DE").await;
        map.becomes(&new, "de").await;
        assert_eq!(map.of_now(&bob).await, "ch");
        assert_eq!(map.at(&ada, Some(before)).await, "ch");
        assert_eq!(map.at(&new, Some(before)).await, "");
        let de = map.territory(&model, "de").await;
        let request = proto::ListTerritoryCustomersRequest { parent: de.name, ..Default::default() };
        let there = answer(map.covers().list_territory_customers(request).await).customer_territories;
        assert_eq!(there.iter().map(|it| it.customer.as_str()).collect::<Vec<_>>(), [ada.as_str(), new.as_str()]);
    }

    async fn imports_that_follow_each_other_hold_up_nothing_else(db: Database) {
        let map = Map::of(&db).await;
        let ada = map.person("CH").await;
        let model = map.countries(&["ch", "de"]).await.name;
        map.activate(&model).await;
        relocate(&map, &ada, "DE").await;
        for run in 1.. {
            map.caller().hear("importRuns/1", run, &imported(1)).await;
            map.step().await;
            if map.of_now(&ada).await == "de" {
                break;
            }
            assert!(run < 200, "nobody moves");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn customers_that_are_being_read_are_read_to_the_end_and_once_more_after_an_import(db: Database) {
        let map = Map::of(&db).await;
        map.model("").await;
        let caller = map.caller();
        let desk = async || {
            let desk = crate::store::territory::desk(&caller.ctx, db.read()).await.unwrap().unwrap();
            (desk.filling, desk.refill)
        };
        assert_eq!(desk().await, (true, false));
        for run in 1..4 {
            caller.hear("importRuns/1", run, &imported(1)).await;
        }
        for expected in [(true, true), (true, false), (false, false)] {
            assert_eq!(desk().await, expected);
            map.step().await;
        }
        caller.hear("importRuns/1", 4, &imported(0)).await;
        assert_eq!(desk().await, (false, false), "nobody changed");
    }

    async fn a_plan_that_is_prepared_follows_too(db: Database) {
        let map = Map::of(&db).await;
        let ada = map.person("CH").await;
        let first = map.countries(&["ch", "de"]).await.name;
        map.activate(&first).await;
        let second = map.countries(&["de"]).await.name;
        map.prepare(&second).await;
        assert_eq!(super::counts(&map.summary(&second).await), [("ch", "", 1)]);
        relocate(&map, &ada, "DE").await;
        map.becomes(&ada, "de").await;
        assert_eq!(super::counts(&map.summary(&second).await), [], "it would stay where it is");
    }

    async fn a_merge_takes_a_pin_along_and_its_undoing_gives_it_back(db: Database) {
        let map = Map::of(&db).await;
        let (ada, double) = (map.person("CH").await, map.person("DE").await);
        let model = map.countries(&["ch", "de", "fr"]).await.name;
        map.activate(&model).await;
        map.pin(&double, "fr").await.unwrap();
        let before = now();
        let merge = map.both.merge(&ada, &double).await;
        map.becomes(&ada, "fr").await;
        map.becomes(&double, "").await;
        assert_eq!((map.at(&ada, Some(before)).await, map.at(&double, Some(before)).await), ("ch".to_owned(), "fr".to_owned()));
        let pins = answer(map.covers().list_territory_pins(proto::ListTerritoryPinsRequest::default()).await).territory_pins;
        assert_eq!(pins.iter().map(|it| it.customer.as_str()).collect::<Vec<_>>(), [ada.as_str()]);
        map.both.undo(merge).await;
        map.becomes(&ada, "ch").await;
        map.becomes(&double, "fr").await;
    }

    async fn a_pin_goes_by_every_name_of_its_customer(db: Database) {
        let map = Map::of(&db).await;
        let (ada, double) = (map.person("CH").await, map.person("CH").await);
        let model = map.countries(&["ch", "de"]).await.name;
        map.activate(&model).await;
        map.both.merge(&ada, &double).await;
        map.pin(&double, "de").await.unwrap();
        assert_eq!(map.of_now(&ada).await, "de");
        map.covers().unpin_customer(proto::UnpinCustomerRequest { customer: double, ..Default::default() }).await.unwrap();
        assert_eq!(map.of_now(&ada).await, "ch");
    }

    async fn an_erased_customer_is_in_no_territory_and_in_no_list(db: Database) {
        let map = Map::of(&db).await;
        let ada = map.person("CH").await;
        let model = map.countries(&["ch", "de"]).await.name;
        map.activate(&model).await;
        map.pin(&ada, "de").await.unwrap();
        let before = now();
        map.both.erase(&ada).await;
        map.becomes(&ada, "").await;
        assert_eq!(map.at(&ada, Some(before)).await, "", "nobody can tell any more where it was");
        let pins = answer(map.covers().list_territory_pins(proto::ListTerritoryPinsRequest::default()).await).territory_pins;
        assert_eq!(pins, []);
        let request = proto::ListCustomerTerritoriesRequest { customer: ada, ..Default::default() };
        assert_eq!(answer(map.covers().list_customer_territories(request).await).customer_territories, []);
    }

    async fn what_was_worked_out_beside_an_erasure_does_not_stay(db: Database) {
        let map = Map::of(&db).await;
        let ada = map.person("CH").await;
        let model = map.countries(&["ch"]).await.name;
        map.prepare(&model).await;
        let planned = &territory::Entity::find().one(db.read()).await.unwrap().unwrap();
        map.caller().hear(&ada, 9, &customer::CustomerErased { customer: ada.clone(), ..Default::default() }).await;
        // As a preparation leaves it that began before.
        let left = db.write_txn(|txn| async move { insert_all::<territory::Entity>(&txn, vec![planned.clone()]).await });
        left.await.unwrap();
        map.work().await;
        let hers = territory::Entity::find().filter(territory::Column::CustomerId.eq(planned.customer_id));
        assert_eq!(hers.count(db.read()).await.unwrap(), 0);
    }

    async fn a_pin_holds_at_once_also_when_nothing_is_known_of_its_customer_yet(db: Database) {
        let map = Map::of(&db).await;
        let ada = map.person("CH").await;
        let model = map.countries(&["ch", "de"]).await.name;
        map.activate(&model).await;
        map.becomes(&ada, "ch").await;
        let forget = db.write_txn(|txn| async move {
            fact::Entity::delete_many().exec(&*txn).await?;
            Ok::<_, crate::Error>(())
        });
        forget.await.unwrap();
        map.pin(&ada, "de").await.unwrap();
        assert_eq!(map.of_now(&ada).await, "de");
        map.caller().hear(&ada, 9, &customer::CustomerErased { customer: ada.clone(), ..Default::default() }).await;
        assert_eq!(map.pin(&ada, "de").await.unwrap_err().code(), tonic::Code::NotFound);
        map.work().await;
        assert_eq!(map.of_now(&ada).await, "");
    }

    async fn one_look_tells_whose_customers_are_and_who_works_there(db: Database) {
        let map = Map::of(&db).await;
        let (ada, bob, eve) = (map.person("CH").await, map.person("DE").await, map.person("FR").await);
        let model = map.countries(&["ch", "de"]).await.name;
        let ch = map.territory(&model, "ch").await;
        let anna = map.both.desk.anna.name.clone();
        let seat = |start, end| proto::AssignTerritorySellerRequest {
            parent: ch.name.clone(),
            territory_seller: Some(proto::TerritorySeller { seller: anna.clone(), role: "owner".to_owned(), start_date: Some(start), end_date: end, ..Default::default() }),
            ..Default::default()
        };
        use super::super::day;
        map.territories().assign_territory_seller(seat(day(2020, 1, 1), None)).await.unwrap();
        let over = proto::AssignTerritorySellerRequest {
            territory_seller: Some(proto::TerritorySeller { role: "helper".to_owned(), ..seat(day(2020, 1, 1), Some(day(2020, 2, 1))).territory_seller.unwrap() }),
            ..seat(day(2020, 1, 1), None)
        };
        map.territories().assign_territory_seller(over).await.unwrap();
        map.activate(&model).await;
        let found = map.look_up(&[&ada, &bob, &eve], None).await;
        let codes: Vec<_> = found.customer_territories.iter().map(|it| (it.customer.as_str(), it.territory_code.as_str())).collect();
        assert_eq!(codes, [(ada.as_str(), "ch"), (bob.as_str(), "de")]);
        let covers: Vec<_> = found.covers.iter().map(|it| (it.territory.as_ref().unwrap().code.as_str(), it.sellers.len())).collect();
        assert_eq!(covers, [("ch", 1), ("de", 0)]);
        assert_eq!(found.covers[0].sellers[0].role, "owner");
        let future = proto::LookUpTerritoriesRequest { customers: vec![ada], as_of_time: Some(now().saturating_add(std::time::Duration::from_secs(60)).into()) };
        assert_eq!(crate::testing::fields(&map.covers().look_up_territories(future).await.unwrap_err()), ["as_of_time"]);
    }

    async fn another_company_sees_nothing_of_it(db: Database) {
        let map = Map::of(&db).await;
        let ada = map.person("CH").await;
        let model = map.countries(&["ch"]).await.name;
        map.activate(&model).await;
        let other = map.caller().of_another_tenant();
        let mut models = super::TerritoryModelServiceClient::new(other.link());
        let get = proto::GetTerritoryModelRequest { name: model };
        assert_eq!(models.get_territory_model(get).await.unwrap_err().code(), tonic::Code::NotFound);
        let mut covers = super::CustomerTerritoryServiceClient::new(other.link());
        let look = proto::LookUpTerritoriesRequest { customers: vec![ada], ..Default::default() };
        assert_eq!(answer(covers.look_up_territories(look).await), proto::LookUpTerritoriesResponse::default());
    }
}
