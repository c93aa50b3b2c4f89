//! Sales through the gateway.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use rapport_tests::{Dynamic, Tenant, on_each_engine};
use serde_json::{Value, json};

async fn call(caller: &Dynamic, method: &str, request: Value) -> Value {
    let answer = caller
        .call(&format!("rapport.sales.v1.{method}"), request)
        .await;
    answer.unwrap_or_else(|status| panic!("{method}: {status}"))
}

async fn record(caller: &Dynamic, method: &str, request: Value) -> String {
    let created = call(caller, method, request).await;
    created["name"].as_str().unwrap().to_owned()
}

fn pipeline() -> Value {
    let stage = |key: &str, state: &str, probability: i32, category: &str| {
        json!({
            "key": key, "displayName": key, "state": format!("OPPORTUNITY_STATE_{state}"),
            "probability": probability, "forecastCategory": format!("FORECAST_CATEGORY_{category}"),
        })
    };
    json!({"displayName": "Deals", "stages": [
        stage("talking", "OPEN", 50, "PIPELINE"),
        stage("won", "WON", 100, "CLOSED"),
        stage("lost", "LOST", 0, "OMITTED"),
    ]})
}

on_each_engine! {
    async fn one_bad_row_of_an_import_holds_up_no_other(suite: &mut Suite) {
        let owner = suite.dynamic(&suite.provider().administrator(Tenant::new())).await;
        let seller = json!({"seller": {"displayName": "Sven", "principal": "employees/sven"}});
        let seller = record(&owner, "SellerService/CreateSeller", seller).await;
        let pipeline = json!({"pipeline": pipeline()});
        let pipeline = record(&owner, "PipelineService/CreatePipeline", pipeline).await;
        let sale = |name: &str, id: &str| json!({"opportunity": {
            "displayName": name, "owner": seller, "pipeline": pipeline, "externalId": id,
        }});

        let rows = json!({"rows": [sale("", "1"), sale("Good", "2"), json!({})]});
        let answer = call(&owner, "OpportunityService/ImportOpportunities", rows).await;

        let results = answer["results"].as_array().unwrap();
        let outcomes: Vec<_> = results.iter().map(|it| &it["outcome"]).collect();
        let [refused, created] = ["IMPORT_OUTCOME_REFUSED", "IMPORT_OUTCOME_CREATED"];
        assert_eq!(outcomes, [refused, created, refused]);
        assert_eq!(results[0]["faults"][0]["field"], "opportunity.display_name");
    }
}
