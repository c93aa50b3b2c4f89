//! How customers are divided among territories.

mod activation;
mod customers;
mod hostile;
mod planning;
mod reports;

use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::time::{Clock, Timestamp};
use rapport_proto::rapport::customer::v1 as customer;
use rapport_proto::rapport::customer::v1::customer::Profile;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::customer_territory_service_client::CustomerTerritoryServiceClient;
use rapport_proto::rapport::sales::v1::territory_model_service_client::TerritoryModelServiceClient;
use rapport_proto::rapport::sales::v1::territory_service_client::TerritoryServiceClient;
use tonic::{Response, Status};

use super::customers::Both;
use crate::grpc::territory::step;
use crate::testing::{Caller, Link};

/// A company that divides its customers, with the service that knows them.
struct Map {
    both: Both,
    db: Database,
}

impl Map {
    async fn of(db: &Database) -> Self {
        Self {
            both: Both::on(db).await,
            db: db.clone(),
        }
    }

    fn caller(&self) -> Caller {
        self.both.desk.caller.with(|ctx| ctx.now = now())
    }

    fn models(&self) -> TerritoryModelServiceClient<Link> {
        TerritoryModelServiceClient::new(self.caller().link())
    }

    fn territories(&self) -> TerritoryServiceClient<Link> {
        TerritoryServiceClient::new(self.caller().link())
    }

    fn covers(&self) -> CustomerTerritoryServiceClient<Link> {
        CustomerTerritoryServiceClient::new(self.caller().link())
    }

    /// Somebody in a country, and of an age that nobody asks for.
    async fn person(&self, region: &str) -> String {
        let person = customer::Person {
            full_name: "Ada".to_owned(),
            ..Default::default()
        };
        let customer = customer::Customer {
            profile: Some(Profile::Person(person)),
            region_code: region.to_owned(),
            ..Default::default()
        };
        self.both.recorded(customer).await
    }

    /// A company in a country.
    async fn company(&self, region: &str, industry: &str, employees: i32) -> String {
        let organisation = customer::Organisation {
            legal_name: "Works".to_owned(),
            industry: industry.to_owned(),
            employee_count: employees,
            ..Default::default()
        };
        let customer = customer::Customer {
            profile: Some(Profile::Organisation(organisation)),
            region_code: region.to_owned(),
            ..Default::default()
        };
        self.both.recorded(customer).await
    }

    async fn model(&self, source: &str) -> proto::TerritoryModel {
        let request = proto::CreateTerritoryModelRequest {
            territory_model: Some(proto::TerritoryModel {
                display_name: "2027".to_owned(),
                ..Default::default()
            }),
            source_model: source.to_owned(),
            ..Default::default()
        };
        answer(self.models().create_territory_model(request).await)
    }

    async fn add(
        &self,
        model: &str,
        (code, rule): (&str, &str),
        parent: &str,
    ) -> Result<proto::Territory, Status> {
        let request = proto::CreateTerritoryRequest {
            parent: model.to_owned(),
            territory: Some(proto::Territory {
                code: code.to_owned(),
                display_name: code.to_owned(),
                parent_territory: parent.to_owned(),
                rule: rule.to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let answer = self.territories().create_territory(request).await;
        answer.map(Response::into_inner)
    }

    /// A model of countries, each its own territory below `world`.
    async fn countries(&self, countries: &[&str]) -> proto::TerritoryModel {
        let model = self.model("").await;
        let world = self.add(&model.name, ("world", ""), "").await.unwrap();
        for country in countries {
            let rule = format!("region_code = \"{}\"", country.to_uppercase());
            let part = (*country, rule.as_str());
            self.add(&model.name, part, &world.name).await.unwrap();
        }
        self.get(&model.name).await
    }

    async fn get(&self, name: &str) -> proto::TerritoryModel {
        let request = proto::GetTerritoryModelRequest {
            name: name.to_owned(),
        };
        answer(self.models().get_territory_model(request).await)
    }

    async fn territory(&self, model: &str, code: &str) -> proto::Territory {
        let request = proto::ListTerritoriesRequest {
            parent: model.to_owned(),
            ..Default::default()
        };
        let all = answer(self.territories().list_territories(request).await).territories;
        all.into_iter().find(|it| it.code == code).unwrap()
    }

    async fn prepare(&self, model: &str) -> proto::TerritoryModel {
        let request = proto::PrepareTerritoryModelRequest {
            name: model.to_owned(),
            ..Default::default()
        };
        self.models()
            .prepare_territory_model(request)
            .await
            .unwrap();
        self.work().await;
        self.get(model).await
    }

    async fn try_activate(&self, model: &str) -> Result<proto::TerritoryModel, Status> {
        let request = proto::ActivateTerritoryModelRequest {
            name: model.to_owned(),
            ..Default::default()
        };
        let answer = self.models().activate_territory_model(request).await;
        answer.map(Response::into_inner)
    }

    async fn activate(&self, model: &str) -> proto::TerritoryModel {
        self.try_activate(model).await.unwrap();
        self.work().await;
        self.get(model).await
    }

    /// One step of what goes on in the background.
    async fn step(&self) -> bool {
        let caller = self.caller();
        let customers = &caller.shared.customers;
        step(&self.db, &Clock::system(), customers, caller.ctx.tenant)
            .await
            .unwrap()
    }

    /// All of it.
    async fn work(&self) {
        while self.step().await {}
    }

    async fn pin(&self, customer: &str, code: &str) -> Result<proto::TerritoryPin, Status> {
        let request = proto::PinCustomerRequest {
            territory_pin: Some(proto::TerritoryPin {
                customer: customer.to_owned(),
                territory_code: code.to_owned(),
                reason: "They asked".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let answer = self.covers().pin_customer(request).await;
        answer.map(Response::into_inner)
    }

    async fn look_up(
        &self,
        customers: &[&str],
        time: Option<Timestamp>,
    ) -> proto::LookUpTerritoriesResponse {
        let request = proto::LookUpTerritoriesRequest {
            customers: customers.iter().map(|it| (*it).to_owned()).collect(),
            as_of_time: time.map(Into::into),
        };
        answer(self.covers().look_up_territories(request).await)
    }

    /// The code of the territory to which a customer belonged; empty: to none.
    async fn at(&self, customer: &str, time: Option<Timestamp>) -> String {
        let found = self.look_up(&[customer], time).await.customer_territories;
        found.into_iter().next().unwrap_or_default().territory_code
    }

    async fn of_now(&self, customer: &str) -> String {
        self.at(customer, None).await
    }

    /// Waits until events brought a customer where it belongs.
    async fn becomes(&self, customer: &str, code: &str) {
        for attempt in 0.. {
            self.work().await;
            let found = self.of_now(customer).await;
            if found == code {
                return;
            }
            assert!(attempt < 200, "{customer} is in {found:?}, not in {code:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn moves(&self, model: &str) -> Vec<proto::TerritoryMove> {
        let request = proto::ListTerritoryMovesRequest {
            parent: model.to_owned(),
            ..Default::default()
        };
        answer(self.models().list_territory_moves(request).await).moves
    }

    async fn summary(&self, model: &str) -> proto::SummarizeTerritoryMovesResponse {
        let request = proto::SummarizeTerritoryMovesRequest {
            name: model.to_owned(),
        };
        answer(self.models().summarize_territory_moves(request).await)
    }
}

fn now() -> Timestamp {
    Clock::system().now()
}

fn answer<T>(result: Result<Response<T>, Status>) -> T {
    result.unwrap().into_inner()
}

/// From where, to where and how many.
fn counts(summary: &proto::SummarizeTerritoryMovesResponse) -> Vec<(&str, &str, i64)> {
    let counts = summary.counts.iter();
    counts
        .map(|it| {
            let (from, to) = (&it.from_territory_code, &it.to_territory_code);
            (from.as_str(), to.as_str(), it.customer_count)
        })
        .collect()
}
