//! Opportunities and the customers they are about.

use std::sync::Arc;
use std::time::Duration;

use rapport_platform::on_each_engine;
use rapport_platform::server::{Drain, DrainConfig, Supervisor};
use rapport_proto::rapport::customer::v1 as customer;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::customer::v1::merge_service_client::MergeServiceClient;
use rapport_proto::rapport::customer::v1::privacy_service_client::PrivacyServiceClient;
use rapport_proto::rapport::sales::v1 as proto;

use super::Desk;
use super::announcements::told_of;
use crate::events::customers::CustomerConsumer;
use crate::testing::{Caller, CustomerService, fields};

/// Both services, with events between them.
pub(super) struct Both {
    pub(super) desk: Desk,
    pub(super) customers: CustomerService,
    // Held: what relays ends with it.
    _supervisor: Arc<Supervisor>,
}

impl Both {
    pub(super) async fn on(db: &rapport_platform::db::Database) -> Self {
        let customers = CustomerService::start().await;
        let caller = Caller::beside(db, customers.service.link(), customers.signer()).await;
        customers.bus.subscribe(db, CustomerConsumer).unwrap();
        let supervisor = Arc::new(Supervisor::new(Drain::new(DrainConfig::default())));
        for worker in customers.service.workers.clone() {
            supervisor.start(worker);
        }
        Self {
            desk: Desk::of(caller).await,
            customers,
            _supervisor: supervisor,
        }
    }

    pub(super) async fn customer(&self, name: &str) -> String {
        let person = customer::Person {
            full_name: name.to_owned(),
            ..Default::default()
        };
        let customer = customer::Customer {
            profile: Some(customer::customer::Profile::Person(person)),
            ..Default::default()
        };
        self.recorded(customer).await
    }

    pub(super) async fn recorded(&self, customer: customer::Customer) -> String {
        let request = customer::CreateCustomerRequest {
            customer: Some(customer),
            ..Default::default()
        };
        let request = self.customers.signed(&self.desk.caller.ctx, request);
        let mut client = CustomerServiceClient::new(self.customers.service.link());
        client
            .create_customer(request)
            .await
            .unwrap()
            .into_inner()
            .name
    }

    pub(super) async fn merge(&self, survivor: &str, merged: &str) -> String {
        let ctx = &self.desk.caller.ctx;
        self.customers.merge(ctx, survivor, merged).await.name
    }

    pub(super) async fn undo(&self, merge: String) {
        let undo = customer::UndoCustomerMergeRequest {
            name: merge,
            ..Default::default()
        };
        let undo = self.customers.signed(&self.desk.caller.ctx, undo);
        let mut client = MergeServiceClient::new(self.customers.service.link());
        client.undo_customer_merge(undo).await.unwrap();
    }

    pub(super) async fn erase(&self, customer: &str) {
        let request = customer::EraseCustomerRequest {
            name: customer.to_owned(),
            ..Default::default()
        };
        let request = self.customers.signed(&self.desk.caller.ctx, request);
        let mut client = PrivacyServiceClient::new(self.customers.service.link());
        client.erase_customer(request).await.unwrap();
    }

    pub(super) async fn about(&self, customer: &str) -> proto::Opportunity {
        let opportunity = proto::Opportunity {
            customer: customer.to_owned(),
            ..self.desk.opportunity()
        };
        self.desk.record(opportunity).await.unwrap()
    }

    /// Waits until the opportunities are about these customers.
    pub(super) async fn become_about(&self, expected: &[(&proto::Opportunity, &str)]) {
        for attempt in 0.. {
            let mut holds = true;
            for (opportunity, customer) in expected {
                let request = proto::GetOpportunityRequest {
                    name: opportunity.name.clone(),
                };
                let read = self
                    .desk
                    .caller
                    .opportunities()
                    .get_opportunity(request)
                    .await
                    .unwrap()
                    .into_inner();
                holds &= read.customer == *customer;
            }
            if holds {
                return;
            }
            assert!(
                attempt < 200,
                "the opportunities did not follow their customers"
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

on_each_engine! {
    async fn a_customer_must_be_known(db: Database) {
        let both = Both::on(&db).await;
        let ada = both.customer("Ada").await;
        assert_eq!(both.about(&ada).await.customer, ada);
        let nobody = proto::Opportunity {
            customer: "customers/018f0000-0000-7000-8000-000000000000".to_owned(),
            ..both.desk.opportunity()
        };
        let refused = both.desk.record(nobody).await.unwrap_err();
        assert_eq!(fields(&refused), ["opportunity.customer"]);
    }

    async fn opportunities_follow_a_merge_and_find_back(db: Database) {
        let both = Both::on(&db).await;
        let (ada, double) = (both.customer("Ada").await, both.customer("A. Lovelace").await);
        let (hers, doubles) = (both.about(&ada).await, both.about(&double).await);
        let merge = both.merge(&ada, &double).await;
        both.become_about(&[(&hers, &ada), (&doubles, &ada)]).await;
        assert_eq!(told_of(&db, &merge).await[0].0, "OpportunitiesReassigned");
        let since = both.about(&double).await;
        assert_eq!(since.customer, ada, "the old name leads to the survivor");
        let filter = format!("customer = \"{ada}\"");
        assert_eq!(both.desk.list(&filter).await.len(), 3);

        both.undo(merge).await;
        both.become_about(&[(&hers, &ada), (&doubles, &double), (&since, &ada)]).await;
    }

    async fn an_erased_customer_is_forgotten(db: Database) {
        let both = Both::on(&db).await;
        let ada = both.customer("Ada").await;
        let hers = both.about(&ada).await;
        both.erase(&ada).await;
        both.become_about(&[(&hers, "")]).await;
    }
}
