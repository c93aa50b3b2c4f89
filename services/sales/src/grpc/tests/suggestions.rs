//! What customers are offered next.

mod counts;
mod customers;
mod decisions;
mod hostile;
mod plans;
mod presenting;

use rapport_platform::db::Database;
use rapport_platform::testing::answer;
use rapport_platform::time::Clock;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::suggestion_service_client::SuggestionServiceClient;
use tonic::{Response, Status};

use super::quotes::Company;
use super::{Desk, to, usd};
use crate::grpc::suggestion::count_all;
use crate::testing::{Caller, Link};
use proto::SuggestionState as State;

/// A company that sells pens, ink and caps, without series, and has sold some.
pub(super) struct Market {
    pub(super) company: Company,
    pub(super) desk: Desk,
    pub(super) pen: proto::Product,
    pub(super) ink: proto::Product,
    pub(super) cap: proto::Product,
}

impl Market {
    async fn open(db: &Database) -> Self {
        let company = Company::open(db).await;
        let desk = Desk::of(company.sven.clone()).await;
        let sell = async |code: &str| desk.caller.sell(code, "", 10).await;
        let (pen, ink, cap) = (sell("Pen").await, sell("Ink").await, sell("Cap").await);
        Self {
            company,
            desk,
            pen,
            ink,
            cap,
        }
    }

    /// Of nine others four own pen and ink, five a cap; the customer owns a pen.
    pub(super) async fn stocked(db: &Database) -> Self {
        let market = Self::open(db).await;
        for _ in 0..4 {
            market.another(&[&market.pen, &market.ink]).await;
        }
        for _ in 0..5 {
            market.another(&[&market.cap]).await;
        }
        market.wins(market.her(), &[&market.pen]).await;
        market.count().await;
        market
    }

    pub(super) fn her(&self) -> &str {
        &self.company.customer
    }

    pub(super) fn sven(&self) -> &Caller {
        &self.company.sven
    }

    /// Another customer who owns these products.
    pub(super) async fn another(&self, products: &[&proto::Product]) -> String {
        let customer = self.company.another_customer().await;
        self.wins(&customer, products).await;
        customer
    }

    /// An opportunity with these products that the customer made good.
    pub(super) async fn wins(
        &self,
        customer: &str,
        products: &[&proto::Product],
    ) -> proto::Opportunity {
        let lines = products.iter().map(|product| proto::OpportunityLine {
            product: product.name.clone(),
            quantity: 1,
            amount: Some(usd(10)),
        });
        let opportunity = proto::Opportunity {
            customer: customer.to_owned(),
            amount: None,
            lines: lines.collect(),
            ..self.desk.opportunity()
        };
        let opened = self.desk.record(opportunity).await.unwrap();
        self.desk.step(to(&opened, "won")).await.unwrap()
    }

    async fn count(&self) -> u64 {
        let db = &self.sven().shared.db;
        count_all(db, &Clock::system()).await.unwrap()
    }

    async fn decide(&self, situation: &str) -> proto::SuggestionDecision {
        self.sven().decide(self.her(), situation).await.unwrap()
    }

    /// What is suggested in a situation, by code, with its state.
    async fn suggested(&self, situation: &str) -> Vec<(String, State)> {
        self.named(&self.decide(situation).await)
    }

    fn named(&self, decision: &proto::SuggestionDecision) -> Vec<(String, State)> {
        let all = [&self.pen, &self.ink, &self.cap];
        let named = decision.suggestions.iter().map(|it| {
            let product = all.iter().find(|product| product.name == it.product);
            let code = product.map_or(&it.product, |product| &product.code);
            (code.clone(), it.state())
        });
        named.collect()
    }

    fn ink_is(&self, state: State) -> Vec<(String, State)> {
        vec![("Ink".to_owned(), state)]
    }
}

fn inner<T>(answer: Result<Response<T>, Status>) -> Result<T, Status> {
    answer.map(Response::into_inner)
}

impl Caller {
    fn suggestions(&self) -> SuggestionServiceClient<Link> {
        SuggestionServiceClient::new(self.link())
    }

    async fn sell(&self, code: &str, series: &str, price: i64) -> proto::Product {
        let request = proto::CreateProductRequest {
            product: Some(proto::Product {
                code: code.to_owned(),
                display_name: code.to_owned(),
                series: series.to_owned(),
                list_price: Some(usd(price)),
                ..Default::default()
            }),
            ..Default::default()
        };
        answer(self.products().create_product(request).await)
    }

    async fn retire(&self, product: &proto::Product) {
        let retired = proto::Product {
            name: product.name.clone(),
            retired: true,
            ..Default::default()
        };
        let request = proto::UpdateProductRequest {
            product: Some(retired),
            ..Default::default()
        };
        answer(self.products().update_product(request).await);
    }

    async fn decide(
        &self,
        customer: &str,
        situation: &str,
    ) -> Result<proto::SuggestionDecision, Status> {
        let request = proto::DecideSuggestionsRequest {
            customer: customer.to_owned(),
            situation: situation.to_owned(),
            ..Default::default()
        };
        inner(self.suggestions().decide_suggestions(request).await)
    }

    async fn decision(&self, name: &str) -> Result<proto::SuggestionDecision, Status> {
        let request = proto::GetSuggestionDecisionRequest {
            name: name.to_owned(),
        };
        inner(self.suggestions().get_suggestion_decision(request).await)
    }

    async fn respond(
        &self,
        decision: &proto::SuggestionDecision,
        product: &proto::Product,
        outcome: proto::SuggestionOutcome,
    ) -> Result<proto::SuggestionResponse, Status> {
        let request = proto::RespondToSuggestionRequest {
            name: decision.name.clone(),
            product: product.name.clone(),
            outcome: outcome.into(),
            reason: "Has enough of it".to_owned(),
            ..Default::default()
        };
        inner(self.suggestions().respond_to_suggestion(request).await)
    }

    async fn responses(&self, customer: &str) -> Vec<proto::SuggestionResponse> {
        let request = proto::ListSuggestionResponsesRequest {
            parent: customer.to_owned(),
            ..Default::default()
        };
        let listed = self.suggestions().list_suggestion_responses(request).await;
        answer(listed).suggestion_responses
    }
}
