//! Plans of territories, and what would move by them.

use std::slice::from_ref;

use rapport_platform::id::new_id;
use rapport_platform::on_each_engine;
use rapport_proto::rapport::customer::v1 as customer;
use rapport_proto::rapport::sales::v1 as proto;
use tonic::Code;

use super::super::{day, mask, sellers::seller};
use super::{Map, answer, counts};
use crate::testing::{fields, metadata, reason};
use proto::{
    TerritoryCause as Cause, TerritoryModelState as State, TerritoryPreparationState as Preparation,
};

on_each_engine! {
    async fn a_preview_tells_who_would_move_and_moves_nobody(db: Database) {
        let map = Map::of(&db).await;
        let (swiss, german, french) = (map.person("CH").await, map.person("DE").await, map.person("FR").await);
        let model = map.countries(&["ch", "de"]).await;
        let refused = map.models().summarize_territory_moves(proto::SummarizeTerritoryMovesRequest { name: model.name.clone() }).await.unwrap_err();
        assert_eq!(metadata(&refused, "state"), "UNPREPARED");
        let prepared = map.prepare(&model.name).await;
        assert_eq!((prepared.state(), prepared.preparation_state()), (State::Planning, Preparation::Ready));
        assert_eq!(prepared.processed_count, 3);
        let summary = map.summary(&model.name).await;
        assert_eq!(counts(&summary), [("", "ch", 1), ("", "de", 1)]);
        let moves = map.moves(&model.name).await;
        let seen: Vec<_> = moves.iter().map(|it| (it.customer.as_str(), it.to_territory_code.as_str(), it.cause(), it.rule.as_str())).collect();
        assert_eq!(seen, [
            (swiss.as_str(), "ch", Cause::Rule, "region_code = \"CH\""),
            (german.as_str(), "de", Cause::Rule, "region_code = \"DE\""),
        ]);
        assert_eq!(moves[0].change_time, None);
        for customer in [&swiss, &german, &french] {
            assert_eq!(map.of_now(customer).await, "");
        }
    }

    async fn a_page_of_moves_goes_on_where_the_last_one_ended(db: Database) {
        let map = Map::of(&db).await;
        let mut people = Vec::new();
        for _ in 0..5 {
            people.push(map.person("CH").await);
        }
        let model = map.countries(&["ch"]).await;
        map.prepare(&model.name).await;
        let (mut seen, mut token) = (Vec::new(), String::new());
        loop {
            let request = proto::ListTerritoryMovesRequest { parent: model.name.clone(), page_size: 2, page_token: token };
            let page = answer(map.models().list_territory_moves(request).await);
            seen.extend(page.moves.into_iter().map(|it| it.customer));
            token = page.next_page_token;
            if token.is_empty() {
                break;
            }
        }
        assert_eq!(seen, people);
    }

    async fn the_deepest_territory_whose_rule_fits_gets_a_customer(db: Database) {
        let map = Map::of(&db).await;
        let (small, large, person) = (map.company("DE", "medical", 10).await, map.company("DE", "steel", 5_000).await, map.person("DE").await);
        let model = map.model("").await.name;
        let de = map.add(&model, ("de", "region_code = DE"), "").await.unwrap();
        map.add(&model, ("z-large", "employee_count >= 1000"), &de.name).await.unwrap();
        map.add(&model, ("a-any", "kind = ORGANISATION AND NOT industry = medical"), &de.name).await.unwrap();
        map.prepare(&model).await;
        let placed = |moves: Vec<proto::TerritoryMove>| moves.into_iter().map(|it| it.to_territory_code).collect::<Vec<_>>();
        assert_eq!(map.moves(&model).await.iter().map(|it| it.customer.clone()).collect::<Vec<_>>(), [small, large, person]);
        assert_eq!(placed(map.moves(&model).await), ["de", "a-any", "de"], "equally deep: by code");
        let first = proto::Territory { name: map.territory(&model, "a-any").await.name, priority: 1, ..Default::default() };
        let request = proto::UpdateTerritoryRequest { territory: Some(first), update_mask: mask(&["priority"]), ..Default::default() };
        map.territories().update_territory(request).await.unwrap();
        assert_eq!(map.get(&model).await.preparation_state(), Preparation::Unspecified, "what was prepared is out of date");
        map.prepare(&model).await;
        assert_eq!(placed(map.moves(&model).await), ["de", "z-large", "de"], "the least priority first");
    }

    async fn rules_ask_for_the_companys_own_attributes(db: Database) {
        use customer::attribute_service_client::AttributeServiceClient;
        let map = Map::of(&db).await;
        let definition = customer::AttributeDefinition {
            display_name: "Postcode".to_owned(),
            r#type: customer::AttributeType::Text.into(),
            category: customer::AttributeCategory::Trait.into(),
            ..Default::default()
        };
        let request = customer::CreateAttributeDefinitionRequest { attribute_definition: Some(definition), attribute_definition_id: "postcode".to_owned(), ..Default::default() };
        let request = map.both.customers.signed(&map.caller().ctx, request);
        AttributeServiceClient::new(map.both.customers.service.link()).create_attribute_definition(request).await.unwrap();
        let text = |text: &str| customer::AttributeValue { value: Some(customer::attribute_value::Value::Text(text.to_owned())), ..Default::default() };
        let mut people = Vec::new();
        for code in ["8001", "3000", ""] {
            let person = customer::Person { full_name: "Ada".to_owned(), ..Default::default() };
            let attributes = (!code.is_empty()).then(|| ("postcode".to_owned(), text(code)));
            people.push(map.both.recorded(customer::Customer {
                profile: Some(customer::customer::Profile::Person(person)),
                attributes: attributes.into_iter().collect(),
                ..Default::default()
            }).await);
        }
        let model = map.model("").await.name;
        map.add(&model, ("bern", "attributes.postcode = 3000"), "").await.unwrap();
        map.add(&model, ("nowhere", "NOT attributes.postcode:*"), "").await.unwrap();
        map.add(&model, ("zurich", "attributes.postcode = \"80*\""), "").await.unwrap();
        map.activate(&model).await;
        for (person, code) in people.iter().zip(["zurich", "bern", "nowhere"]) {
            assert_eq!(map.of_now(person).await, code);
        }
    }

    async fn a_rule_is_checked_when_it_is_written(db: Database) {
        let map = Map::of(&db).await;
        let model = map.model("").await.name;
        for rule in ["shoe_size = 42", "region_code >", "employee_count = many", "region_code = \"CH\" AND ("] {
            let refused = map.add(&model, ("t", rule), "").await.unwrap_err();
            assert_eq!((refused.code(), fields(&refused)), (Code::InvalidArgument, vec!["territory.rule".to_owned()]), "{rule}");
            assert!(refused.message().contains("character") || format!("{refused:?}").contains("character"), "{rule}");
        }
    }

    async fn a_tree_has_unique_codes_and_no_circles(db: Database) {
        let map = Map::of(&db).await;
        let (model, other) = (map.model("").await.name, map.model("").await.name);
        let top = map.add(&model, ("top", ""), "").await.unwrap();
        let part = map.add(&model, ("part", ""), &top.name).await.unwrap();
        let taken = map.add(&model, ("top", ""), "").await.unwrap_err();
        assert_eq!((taken.code(), metadata(&taken, "resource")), (Code::AlreadyExists, top.name.clone()));
        let elsewhere = map.add(&other, ("part", ""), &top.name).await.unwrap_err();
        assert_eq!(fields(&elsewhere), ["territory.parent_territory"]);
        let circle = proto::Territory { name: top.name.clone(), parent_territory: part.name.clone(), ..Default::default() };
        let request = proto::UpdateTerritoryRequest { territory: Some(circle), update_mask: mask(&["parent_territory"]), ..Default::default() };
        assert_eq!(fields(&map.territories().update_territory(request).await.unwrap_err()), ["territory.parent_territory"]);
        let request = |it: &proto::Territory| proto::DeleteTerritoryRequest { name: it.name.clone(), ..Default::default() };
        assert_eq!(reason(&map.territories().delete_territory(request(&top)).await.unwrap_err()), "RESOURCE_IN_USE");
        map.territories().delete_territory(request(&part)).await.unwrap();
        map.territories().delete_territory(request(&top)).await.unwrap();
        let recoded = proto::Territory { name: map.add(&model, ("top", ""), "").await.unwrap().name, code: "pot".to_owned(), ..Default::default() };
        let request = proto::UpdateTerritoryRequest { territory: Some(recoded), update_mask: mask(&["code"]), ..Default::default() };
        assert_eq!(fields(&map.territories().update_territory(request).await.unwrap_err()), ["territory.code"]);
    }

    async fn the_model_that_holds_is_copied_and_not_changed(db: Database) {
        let map = Map::of(&db).await;
        let model = map.countries(&["ch"]).await;
        let anna = seller(&map.caller(), "bea", "").await;
        let ch = map.territory(&model.name, "ch").await;
        let request = proto::AssignTerritorySellerRequest {
            parent: ch.name.clone(),
            territory_seller: Some(proto::TerritorySeller { seller: anna.name.clone(), role: "owner".to_owned(), start_date: Some(day(2026, 1, 1)), ..Default::default() }),
            ..Default::default()
        };
        map.territories().assign_territory_seller(request).await.unwrap();
        map.activate(&model.name).await;
        let refused = map.add(&model.name, ("de", ""), "").await.unwrap_err();
        assert_eq!((reason(&refused), metadata(&refused, "state")), ("INVALID_STATE".to_owned(), "ACTIVE".to_owned()));
        let copy = map.model(&model.name).await;
        assert_eq!(copy.state(), State::Planning);
        let copied = map.territory(&copy.name, "ch").await;
        assert_eq!((copied.rule, copied.parent_territory.is_empty()), (ch.rule, false));
        let request = proto::ListTerritorySellersRequest { parent: copied.name.clone(), ..Default::default() };
        let sellers = answer(map.territories().list_territory_sellers(request).await).territory_sellers;
        assert_eq!(sellers.iter().map(|it| it.seller.as_str()).collect::<Vec<_>>(), [anna.name.as_str()]);
        map.add(&copy.name, ("de", ""), "").await.unwrap();
        let archived = proto::ArchiveTerritoryModelRequest { name: copy.name.clone(), ..Default::default() };
        assert_eq!(answer(map.models().archive_territory_model(archived.clone()).await).state(), State::Archived);
        assert_eq!(metadata(&map.models().archive_territory_model(archived).await.unwrap_err(), "state"), "ARCHIVED");
    }

    async fn somebody_works_a_territory_from_day_to_day(db: Database) {
        let map = Map::of(&db).await;
        let model = map.countries(&["ch"]).await;
        let ch = map.territory(&model.name, "ch").await.name;
        let anna = map.both.desk.anna.name.clone();
        let assign = |seller: &str, start, end| {
            let request = proto::AssignTerritorySellerRequest {
                parent: ch.clone(),
                territory_seller: Some(proto::TerritorySeller { seller: seller.to_owned(), role: "owner".to_owned(), start_date: Some(start), end_date: end, ..Default::default() }),
                ..Default::default()
            };
            let mut territories = map.territories();
            async move { territories.assign_territory_seller(request).await.map(|it| it.into_inner()) }
        };
        let first = assign(&anna, day(2026, 1, 1), Some(day(2026, 3, 1))).await.unwrap();
        let overlapping = assign(&anna, day(2026, 2, 1), None).await.unwrap_err();
        assert_eq!(metadata(&overlapping, "resource"), first.name);
        let second = assign(&anna, day(2026, 3, 1), None).await.unwrap();
        assert_eq!(fields(&assign(&anna, day(2027, 1, 2), Some(day(2027, 1, 1))).await.unwrap_err()), ["territory_seller.end_date"]);
        let nobody = format!("sellers/{}", new_id());
        assert_eq!(fields(&assign(&nobody, day(2026, 1, 1), None).await.unwrap_err()), ["territory_seller.seller"]);
        let end = |end| proto::EndTerritorySellerRequest { name: second.name.clone(), end_date: Some(end), ..Default::default() };
        assert_eq!(fields(&map.territories().end_territory_seller(end(day(2026, 2, 1))).await.unwrap_err()), ["end_date"]);
        let ended = answer(map.territories().end_territory_seller(end(day(2026, 4, 1))).await);
        assert_eq!(ended.end_date, Some(day(2026, 4, 1)));
        assert_eq!(answer(map.territories().end_territory_seller(end(day(2026, 4, 1))).await), ended);
        assign(&anna, day(2026, 4, 1), None).await.unwrap();
        let later = map.territories().end_territory_seller(end(day(2026, 5, 1))).await.unwrap_err();
        assert_eq!(fields(&later), ["end_date"], "he would work there twice");
    }

    async fn who_works_where_is_told_and_ended_only_in_its_own_model(db: Database) {
        let map = Map::of(&db).await;
        let model = map.countries(&["ch"]).await.name;
        let ch = map.territory(&model, "ch").await.name;
        let request = proto::AssignTerritorySellerRequest {
            parent: ch.clone(),
            territory_seller: Some(proto::TerritorySeller {
                seller: map.both.desk.anna.name.clone(), role: "owner".to_owned(), start_date: Some(day(2026, 1, 1)), ..Default::default()
            }),
            ..Default::default()
        };
        let seat = answer(map.territories().assign_territory_seller(request).await).name;
        let archive = proto::ArchiveTerritoryModelRequest { name: model.clone(), ..Default::default() };
        map.models().archive_territory_model(archive).await.unwrap();
        let end = |name: &str| proto::EndTerritorySellerRequest { name: name.to_owned(), end_date: Some(day(2026, 2, 1)), ..Default::default() };
        assert_eq!(metadata(&map.territories().end_territory_seller(end(&seat)).await.unwrap_err(), "state"), "ARCHIVED");
        let other = map.model("").await.name;
        let disguised = seat.replace(&model, &other);
        assert_eq!(map.territories().end_territory_seller(end(&disguised)).await.unwrap_err().code(), Code::NotFound);
        let request = proto::ListTerritorySellersRequest { parent: ch.replace(&model, &other), ..Default::default() };
        assert_eq!(map.territories().list_territory_sellers(request).await.unwrap_err().code(), Code::NotFound);
    }

    async fn the_same_request_makes_one_model(db: Database) {
        let map = Map::of(&db).await;
        let request = proto::CreateTerritoryModelRequest {
            territory_model: Some(proto::TerritoryModel { display_name: "2027".to_owned(), ..Default::default() }),
            request_id: new_id().to_string(),
            ..Default::default()
        };
        let first = answer(map.models().create_territory_model(request.clone()).await);
        assert_eq!(answer(map.models().create_territory_model(request).await), first);
        let all = answer(map.models().list_territory_models(proto::ListTerritoryModelsRequest::default()).await);
        assert_eq!(all.territory_models, from_ref(&first));
        let renamed = proto::TerritoryModel { display_name: "2028".to_owned(), etag: "\"stale\"".to_owned(), ..first };
        let request = proto::UpdateTerritoryModelRequest { territory_model: Some(renamed.clone()), ..Default::default() };
        assert_eq!(map.models().update_territory_model(request).await.unwrap_err().code(), Code::Aborted);
        let request = proto::UpdateTerritoryModelRequest { territory_model: Some(proto::TerritoryModel { etag: String::new(), ..renamed }), ..Default::default() };
        assert_eq!(answer(map.models().update_territory_model(request).await).display_name, "2028");
    }
}
