//! Sales through the gateway: no tenant sees or changes what belongs to another.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a story that can't go on has to stop"
)]

use std::collections::BTreeSet;

use rapport_tests::{Dynamic, Tenant, on_each_engine};
use serde_json::{Value, json};
use tonic::Code;

const PACKAGE: &str = "rapport.sales.v1";
/// The proto services whose every RPC is tried.
const SERVICES: [&str; 6] = [
    "ForecastService",
    "OpportunityService",
    "PipelineService",
    "ProductService",
    "SalesReportService",
    "SellerService",
];
/// Stands in everything that tenant A records, so that a leak can be seen.
const MARK: &str = "Zauberwort";

/// One of each resource of a tenant, by name.
struct Belongings {
    seller: String,
    product: String,
    pipeline: String,
    opportunity: String,
}

async fn call(caller: &Dynamic, method: &str, request: Value) -> Value {
    let answer = caller.call(&format!("{PACKAGE}.{method}"), request).await;
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
    json!({"displayName": MARK, "stages": [
        stage("talking", "OPEN", 50, "PIPELINE"), stage("agreeing", "OPEN", 90, "COMMIT"),
        stage("won", "WON", 100, "CLOSED"), stage("lost", "LOST", 0, "OMITTED"),
    ]})
}

fn year() -> (Value, Value) {
    let day = |year: i32| json!({"year": year, "month": 1, "day": 1});
    (day(2026), day(2027))
}

fn dollars(units: i64) -> Value {
    json!({"currencyCode": "USD", "units": units.to_string()})
}

impl Belongings {
    async fn of(owner: &Dynamic) -> Self {
        let seller = json!({"seller": {"displayName": MARK, "principal": "employees/zauberwort", "team": MARK}});
        let seller = record(owner, "SellerService/CreateSeller", seller).await;
        let product =
            json!({"product": {"code": MARK, "displayName": MARK, "listPrice": dollars(1)}});
        let product = record(owner, "ProductService/CreateProduct", product).await;
        let pipeline = json!({"pipeline": pipeline()});
        let pipeline = record(owner, "PipelineService/CreatePipeline", pipeline).await;
        let opportunity = json!({"opportunity": {
            "displayName": MARK, "owner": seller, "pipeline": pipeline, "externalId": MARK,
            "lines": [{"product": product}], "closeDate": {"year": 2026, "month": 6, "day": 1},
        }});
        let opportunity = record(owner, "OpportunityService/CreateOpportunity", opportunity).await;
        let (start, end) = year();
        let period = json!({"seller": seller, "startDate": start, "endDate": end, "amount": dollars(7), "note": MARK});
        let adjustment = json!({"forecastAdjustment": period});
        call(owner, "ForecastService/AdjustForecast", adjustment).await;
        let rate = json!({"exchangeRate": {"fromCurrency": "EUR", "toCurrency": "USD", "effectiveDate": start, "rate": "1.1"}});
        call(owner, "ForecastService/SetExchangeRate", rate).await;
        Self {
            seller,
            product,
            pipeline,
            opportunity,
        }
    }

    /// Every RPC of the services, aimed at these resources.
    fn attempts(&self) -> Vec<(&'static str, Value)> {
        let Self {
            seller,
            product,
            pipeline: theirs,
            opportunity,
        } = self;
        let (start, end) = year();
        let period =
            json!({"seller": seller, "startDate": start, "endDate": end, "amount": dollars(1)});
        let noted = json!({"seller": seller, "startDate": start, "endDate": end, "amount": dollars(1), "note": "B"});
        let sale = json!({"displayName": "B", "owner": seller, "pipeline": theirs, "externalId": "b", "lines": [{"product": product}]});
        vec![
            (
                "SellerService/CreateSeller",
                json!({"seller": {"displayName": "B", "principal": "employees/b", "manager": seller}}),
            ),
            ("SellerService/GetSeller", json!({"name": seller})),
            ("SellerService/ListSellers", json!({})),
            (
                "SellerService/UpdateSeller",
                json!({"seller": {"name": seller, "displayName": "Stolen"}, "updateMask": "displayName"}),
            ),
            ("SellerService/DeactivateSeller", json!({"name": seller})),
            ("SellerService/ReactivateSeller", json!({"name": seller})),
            (
                "ProductService/CreateProduct",
                json!({"product": {"code": "B", "displayName": "B"}}),
            ),
            ("ProductService/GetProduct", json!({"name": product})),
            (
                "ProductService/ListProducts",
                json!({"filter": format!("code = \"{MARK}\"")}),
            ),
            (
                "ProductService/UpdateProduct",
                json!({"product": {"name": product, "displayName": "Stolen"}, "updateMask": "displayName"}),
            ),
            ("ProductService/LookUpProducts", json!({"codes": [MARK]})),
            (
                "PipelineService/CreatePipeline",
                json!({"pipeline": {"displayName": "B", "stages": pipeline()["stages"]}}),
            ),
            ("PipelineService/GetPipeline", json!({"name": theirs})),
            ("PipelineService/ListPipelines", json!({})),
            (
                "PipelineService/UpdatePipeline",
                json!({"pipeline": {"name": theirs, "displayName": "Stolen"}, "updateMask": "displayName"}),
            ),
            (
                "OpportunityService/CreateOpportunity",
                json!({"opportunity": sale}),
            ),
            (
                "OpportunityService/GetOpportunity",
                json!({"name": opportunity}),
            ),
            (
                "OpportunityService/ListOpportunities",
                json!({"filter": format!("owner = \"{seller}\"")}),
            ),
            (
                "OpportunityService/UpdateOpportunity",
                json!({"opportunity": {"name": opportunity, "nextStep": "Stolen"}, "updateMask": "nextStep"}),
            ),
            (
                "OpportunityService/MoveOpportunity",
                json!({"name": opportunity, "stage": "won"}),
            ),
            (
                "OpportunityService/ReopenOpportunity",
                json!({"name": opportunity, "stage": "talking"}),
            ),
            (
                "OpportunityService/ListStageChanges",
                json!({"parent": opportunity}),
            ),
            (
                "OpportunityService/ImportOpportunities",
                json!({"rows": [{"opportunity": sale}]}),
            ),
            (
                "SalesReportService/QuerySales",
                json!({"startDate": start, "endDate": end, "dimensions": ["SALES_DIMENSION_TEAM"]}),
            ),
            (
                "SalesReportService/QueryStageFlow",
                json!({"pipeline": theirs, "startDate": start, "endDate": end}),
            ),
            (
                "ForecastService/QueryForecast",
                json!({"seller": seller, "startDate": start, "endDate": end, "currencyCode": "USD"}),
            ),
            ("ForecastService/SetQuota", json!({"quota": period})),
            ("ForecastService/ListQuotas", json!({"parent": seller})),
            (
                "ForecastService/AdjustForecast",
                json!({"forecastAdjustment": noted}),
            ),
            (
                "ForecastService/ListForecastAdjustments",
                json!({"parent": seller}),
            ),
            (
                "ForecastService/SetExchangeRate",
                json!({"exchangeRate": {"fromCurrency": "EUR", "toCurrency": "USD", "effectiveDate": start, "rate": "9"}}),
            ),
            ("ForecastService/ListExchangeRates", json!({})),
        ]
    }

    /// All that the owner can read of them.
    async fn seen_by(&self, owner: &Dynamic) -> Vec<Value> {
        let (start, end) = year();
        let forecast = json!({"startDate": start, "endDate": end, "currencyCode": "USD"});
        vec![
            call(owner, "SellerService/ListSellers", json!({})).await,
            call(owner, "ProductService/ListProducts", json!({})).await,
            call(owner, "PipelineService/ListPipelines", json!({})).await,
            call(owner, "OpportunityService/ListOpportunities", json!({})).await,
            call(owner, "ForecastService/ListExchangeRates", json!({})).await,
            call(owner, "ForecastService/QueryForecast", forecast).await,
        ]
    }
}

/// Full names of the services' RPCs, without the package.
fn rpcs() -> BTreeSet<String> {
    let pool = rapport_proto::descriptor_pool();
    let services = SERVICES.map(|it| {
        pool.get_service_by_name(&format!("{PACKAGE}.{it}"))
            .unwrap()
    });
    let name = |one: prost_reflect::MethodDescriptor| {
        format!("{}/{}", one.parent_service().name(), one.name())
    };
    services
        .iter()
        .flat_map(|it| it.methods().map(name).collect::<Vec<_>>())
        .collect()
}

on_each_engine! {
    async fn another_tenant_finds_nothing_and_changes_nothing(suite: &mut Suite) {
        let provider = suite.provider();
        let owner = suite.dynamic(&provider.administrator(Tenant::new())).await;
        let stranger = suite.dynamic(&provider.administrator(Tenant::new())).await;
        let belongings = Belongings::of(&owner).await;
        let before = belongings.seen_by(&owner).await;
        assert!(before.iter().take(4).all(|it| it.to_string().contains(MARK)));

        let attempts = belongings.attempts();
        let tried: BTreeSet<_> = attempts.iter().map(|(method, _)| (*method).to_owned()).collect();
        assert_eq!(tried, rpcs(), "every RPC is tried");
        for (method, request) in attempts {
            match stranger.call(&format!("{PACKAGE}.{method}"), request).await {
                Ok(answer) => {
                    let answer = answer.to_string();
                    assert!(!answer.contains(MARK), "{method} shows {answer}");
                    assert!(!answer.contains(&belongings.seller), "{method} shows {answer}");
                }
                Err(status) => {
                    let expected = [Code::NotFound, Code::InvalidArgument];
                    assert!(expected.contains(&status.code()), "{method}: {status}");
                    assert!(!status.message().contains(MARK), "{method}: {status}");
                }
            }
        }
        assert_eq!(belongings.seen_by(&owner).await, before);
    }

    async fn one_bad_row_of_an_import_holds_up_no_other(suite: &mut Suite) {
        let owner = suite.dynamic(&suite.provider().administrator(Tenant::new())).await;
        let Belongings { seller, pipeline, .. } = Belongings::of(&owner).await;
        let sale = |name: &str, id: &str| json!({"opportunity": {
            "displayName": name, "owner": seller, "pipeline": pipeline, "externalId": id,
        }});
        let rows = json!({"rows": [sale("", "1"), sale("Good", "2"), json!({})]});
        let answer = call(&owner, "OpportunityService/ImportOpportunities", rows).await;
        let outcomes: Vec<_> = answer["results"].as_array().unwrap().iter().map(|it| &it["outcome"]).collect();
        assert_eq!(outcomes, ["IMPORT_OUTCOME_REFUSED", "IMPORT_OUTCOME_CREATED", "IMPORT_OUTCOME_REFUSED"]);
        assert_eq!(answer["results"][0]["faults"][0]["field"], "opportunity.display_name");
    }

    async fn whoever_lacks_the_permission_is_refused_by_name(suite: &mut Suite) {
        let token = suite.provider().token(Tenant::new(), "employees/7", &["nobody"]);
        let caller = suite.dynamic(&token).await;
        for method in rpcs() {
            let refused = caller.send(&format!("{PACKAGE}.{method}"), Vec::new().into()).await.unwrap_err();
            assert_eq!(refused.code(), Code::PermissionDenied, "{method}");
            assert!(rapport_tests::metadata(&refused, "permission").starts_with("sales."), "{method}");
        }
    }
}
