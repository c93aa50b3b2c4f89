//! Whatever a caller sends gets an answer with a reason, and never a fault of ours.

use rapport_platform::on_each_engine;
use rapport_proto::rapport::sales::v1 as proto;

use super::super::day;
use super::Map;

on_each_engine! {
    async fn no_string_of_any_request_is_a_fault_of_ours(db: Database) {
        let map = Map::of(&db).await;
        let ada = map.person("CH").await;
        let model = map.countries(&["ch"]).await.name;
        map.activate(&model).await;
        map.pin(&ada, "ch").await.unwrap();
        let plan = map.model(&model).await.name;
        let territory = map.territory(&plan, "ch").await;
        let name = territory.name.clone();
        let seat = proto::TerritorySeller { seller: map.both.desk.anna.name.clone(), role: "owner".into(), start_date: Some(day(2026, 1, 1)), ..Default::default() };
        let request = proto::AssignTerritorySellerRequest { parent: name.clone(), territory_seller: Some(seat.clone()), ..Default::default() };
        let seated = map.territories().assign_territory_seller(request).await.unwrap().into_inner().name;
        let mut calls = 0;
        let described = proto::TerritoryModel { name: plan.clone(), display_name: "a".into(), description: "b".into(), ..Default::default() };
        calls += spoil!(map.models(), create_territory_model, CreateTerritoryModelRequest { territory_model: Some(described.clone()), source_model: model.clone() });
        calls += spoil!(map.models(), get_territory_model, GetTerritoryModelRequest { name: plan.clone() });
        calls += spoil!(map.models(), list_territory_models, ListTerritoryModelsRequest { filter: "state = ACTIVE".into(), page_token: "a".into() });
        calls += spoil!(map.models(), update_territory_model, UpdateTerritoryModelRequest { territory_model: Some(described) });
        calls += spoil!(map.models(), prepare_territory_model, PrepareTerritoryModelRequest { name: plan.clone(), etag: "a".into() });
        calls += spoil!(map.models(), activate_territory_model, ActivateTerritoryModelRequest { name: plan.clone(), etag: "a".into() });
        calls += spoil!(map.models(), cancel_territory_model, CancelTerritoryModelRequest { name: plan.clone() });
        calls += spoil!(map.models(), archive_territory_model, ArchiveTerritoryModelRequest { name: plan.clone(), etag: "a".into() });
        calls += spoil!(map.models(), summarize_territory_moves, SummarizeTerritoryMovesRequest { name: model.clone() });
        calls += spoil!(map.models(), list_territory_moves, ListTerritoryMovesRequest { parent: model.clone(), page_token: "a".into() });
        let rule = "attributes.a = b OR region_code = \"C*\"";
        let new = proto::Territory { code: "x".into(), parent_territory: name.clone(), rule: rule.into(), ..territory };
        calls += spoil!(map.territories(), create_territory, CreateTerritoryRequest { parent: plan.clone(), territory: Some(new.clone()) });
        calls += spoil!(map.territories(), get_territory, GetTerritoryRequest { name: name.clone() });
        calls += spoil!(map.territories(), list_territories, ListTerritoriesRequest { parent: plan.clone(), page_token: "a".into() });
        calls += spoil!(map.territories(), update_territory, UpdateTerritoryRequest { territory: Some(proto::Territory { code: "ch".into(), ..new }) });
        calls += spoil!(map.territories(), assign_territory_seller, AssignTerritorySellerRequest { parent: name.clone(), territory_seller: Some(seat) });
        calls += spoil!(map.territories(), end_territory_seller, EndTerritorySellerRequest { name: seated, end_date: Some(day(2026, 2, 1)) });
        calls += spoil!(map.territories(), list_territory_sellers, ListTerritorySellersRequest { parent: name.clone(), page_token: "a".into() });
        let pin = proto::TerritoryPin { customer: ada.clone(), territory_code: "ch".into(), reason: "a".into(), ..Default::default() };
        calls += spoil!(map.covers(), pin_customer, PinCustomerRequest { territory_pin: Some(pin) });
        calls += spoil!(map.covers(), list_territory_pins, ListTerritoryPinsRequest { lost_in_model: model.clone(), filter: "territory_code = \"a\"".into(), page_token: "a".into() });
        calls += spoil!(map.covers(), look_up_territories, LookUpTerritoriesRequest { customers: vec![ada.clone()] });
        calls += spoil!(map.covers(), list_customer_territories, ListCustomerTerritoriesRequest { customer: ada.clone(), page_token: "a".into() });
        calls += spoil!(map.covers(), list_territory_customers, ListTerritoryCustomersRequest { parent: name.clone(), page_token: "a".into() });
        calls += spoil!(map.covers(), unpin_customer, UnpinCustomerRequest { customer: ada });
        calls += spoil!(map.territories(), delete_territory, DeleteTerritoryRequest { name: name });
        let (start_date, end_date) = (Some(day(2026, 1, 1)), Some(day(2026, 2, 1)));
        calls += spoil!(map.caller().forecasts(), query_territory_forecast, QueryTerritoryForecastRequest { start_date: start_date, end_date: end_date, currency_code: "USD".into() });
        assert!(calls > 250, "{calls}");
    }
}
