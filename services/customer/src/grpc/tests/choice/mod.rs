//! What customers permit and forbid, and what the company orders about it.

mod apart;
mod ledger;
mod opt_in;
mod past;
mod policy;
mod state;
mod suppression;
mod tenants;
mod unsubscribe;

use std::ops::Deref;
use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::outbox::Event;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::consent_event::Scope;
use rapport_proto::rapport::customer::v1::consent_service_client::ConsentServiceClient;
use rapport_proto::rapport::customer::v1::contact_permit_service_client::ContactPermitServiceClient;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::contact_policy_service_client::ContactPolicyServiceClient;
use rapport_proto::rapport::customer::v1::customer::Profile;
use rapport_proto::rapport::customer::v1::suppression_service_client::SuppressionServiceClient;
use sea_orm::{ConnectionTrait as _, QueryResult, Statement};
use tonic::{Response, Status};

use crate::domain::channel::{Channel, Purpose};
use crate::domain::contact::consent::{ConsentOutcome, ConsentStatus};
use crate::domain::contact::policy::PurposeMode;
use crate::grpc::Shared;
use crate::grpc::link::Links;
use crate::testing::{self, Caller, Link, answer, refused};

/// Somebody who looks after what customers chose.
#[derive(Clone)]
struct Keeper(Caller);

impl Deref for Keeper {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl Keeper {
    async fn of(db: &Database) -> Self {
        Self(Caller::of(db).await)
    }

    fn in_another_process(&self, db: Database) -> Self {
        self.with(|shared| shared.db = db)
    }

    fn with_links(&self, links: Links) -> Self {
        self.with(|shared| shared.links = links)
    }

    fn with(&self, change: impl FnOnce(&mut Shared)) -> Self {
        let mut other = self.clone();
        change(&mut other.0.shared);
        other
    }

    fn later(&self, by: Duration) -> Self {
        Self(self.0.later(by))
    }

    fn of_another_tenant(&self) -> Self {
        Self(self.0.of_another_tenant())
    }

    fn consents(&self) -> ConsentServiceClient<Link> {
        ConsentServiceClient::new(self.link())
    }

    fn policies(&self) -> ContactPolicyServiceClient<Link> {
        ContactPolicyServiceClient::new(self.link())
    }

    fn suppressions(&self) -> SuppressionServiceClient<Link> {
        SuppressionServiceClient::new(self.link())
    }

    fn permits(&self) -> ContactPermitServiceClient<Link> {
        ContactPermitServiceClient::new(self.link())
    }

    /// Records a person and answers its name.
    async fn person(&self, full_name: &str) -> String {
        let request = proto::CreateCustomerRequest {
            customer: Some(person(full_name)),
            ..Default::default()
        };
        answer(self.customers().create_customer(request).await).name
    }

    async fn delete(&self, customer: &str) {
        let request = proto::DeleteCustomerRequest {
            name: customer.to_owned(),
            ..Default::default()
        };
        answer(self.customers().delete_customer(request).await);
    }

    /// Records an e-mail address and answers its name.
    async fn email(&self, customer: &str, address: &str) -> String {
        self.address(customer, Address::Email(address.to_owned()))
            .await
    }

    async fn address(&self, customer: &str, address: Address) -> String {
        let point = proto::ContactPoint {
            address: Some(address),
            ..Default::default()
        };
        let request = proto::CreateContactPointRequest {
            parent: customer.to_owned(),
            contact_point: Some(point),
            ..Default::default()
        };
        answer(self.contact_points().create_contact_point(request).await).name
    }

    /// Makes a policy with these rules and a newsletter among the topics.
    async fn order(&self, purposes: &[proto::PurposeRule]) -> proto::ContactPolicy {
        let policy = proto::ContactPolicy {
            purposes: purposes.to_vec(),
            topics: vec![topic("product-news"), topic("events")],
            ..policy()
        };
        answer(self.try_order(policy, "*").await)
    }

    async fn try_order(
        &self,
        policy: proto::ContactPolicy,
        mask: &str,
    ) -> Result<Response<proto::ContactPolicy>, Status> {
        let paths = mask.split(',').filter(|path| !path.is_empty());
        let request = proto::UpdateContactPolicyRequest {
            contact_policy: Some(policy),
            update_mask: Some(prost_types::FieldMask {
                paths: paths.map(str::to_owned).collect(),
            }),
            ..Default::default()
        };
        self.policies().update_contact_policy(request).await
    }

    /// Appends an entry.
    async fn record(&self, customer: &str, entry: proto::ConsentEvent) -> proto::ConsentEvent {
        answer(self.try_record(customer, entry).await)
    }

    async fn try_record(
        &self,
        customer: &str,
        entry: proto::ConsentEvent,
    ) -> Result<Response<proto::ConsentEvent>, Status> {
        let request = proto::RecordConsentRequest {
            parent: customer.to_owned(),
            consent_event: Some(entry),
            ..Default::default()
        };
        self.consents().record_consent(request).await
    }

    /// The customer's ledger, latest first.
    async fn ledger(&self, customer: &str) -> Vec<proto::ConsentEvent> {
        let request = proto::ListConsentEventsRequest {
            parent: customer.to_owned(),
            ..Default::default()
        };
        answer(self.consents().list_consent_events(request).await).consent_events
    }

    /// What the ledger says about e-mails for the purpose.
    async fn outcome(&self, customer: &str, purpose: Purpose) -> ConsentOutcome {
        let request = proto::GetConsentStateRequest {
            customer: customer.to_owned(),
            ..Default::default()
        };
        let state = answer(self.consents().get_consent_state(request).await);
        outcome(&state, purpose, Channel::Email, "")
    }

    /// Whether an e-mail for the purpose is granted, as somebody who is about to write it asks.
    async fn may_write(&self, customer: &str, purpose: Purpose) -> bool {
        let contact = proto::CheckContactRequest {
            customer: customer.to_owned(),
            channel: Channel::Email.number(),
            purpose: purpose.number(),
            ..Default::default()
        };
        let request = proto::ReserveContactRequest {
            contact: Some(contact),
            ..Default::default()
        };
        self.permits().reserve_contact(request).await.is_ok()
    }

    /// What was published about a kind of fact, in order.
    async fn events(&self, kind: &str) -> Vec<Event> {
        let db = self.shared.db.read();
        let sql = "SELECT payload FROM outbox ORDER BY event_id";
        let rows = Statement::from_string(db.get_database_backend(), sql);
        let rows = db.query_all_raw(rows).await.unwrap();
        let payload = |row: &QueryResult| row.try_get_by_index::<Vec<u8>>(0).unwrap();
        let events = rows.iter().map(|row| Event::decode(&payload(row)).unwrap());
        let kind = format!("rapport.customer.v1.{kind}");
        events.filter(|event| event.kind == kind).collect()
    }
}

fn person(full_name: &str) -> proto::Customer {
    let person = proto::Person {
        full_name: full_name.to_owned(),
        ..Default::default()
    };
    proto::Customer {
        profile: Some(Profile::Person(person)),
        ..Default::default()
    }
}

/// A call for marketing.
fn call(customer: &str) -> proto::CheckContactRequest {
    proto::CheckContactRequest {
        customer: customer.to_owned(),
        channel: Channel::Phone.number(),
        purpose: Purpose::Marketing.number(),
        ..Default::default()
    }
}

fn policy() -> proto::ContactPolicy {
    proto::ContactPolicy {
        name: "contactPolicy".to_owned(),
        ..Default::default()
    }
}

/// A topic of marketing.
fn topic(id: &str) -> proto::Topic {
    proto::Topic {
        id: id.to_owned(),
        purpose: Purpose::Marketing.number(),
        display_name: format!("All <about> {id}"),
        restrictive: false,
    }
}

fn rule(purpose: Purpose, mode: PurposeMode, double_opt_in: bool) -> proto::PurposeRule {
    proto::PurposeRule {
        purpose: purpose.number(),
        mode: mode.number(),
        double_opt_in,
    }
}

fn opt_in(purpose: Purpose) -> proto::ConsentEvent {
    entry(ConsentStatus::OptIn, purpose)
}

fn opt_out(purpose: Purpose) -> proto::ConsentEvent {
    entry(ConsentStatus::OptOut, purpose)
}

fn entry(status: ConsentStatus, purpose: Purpose) -> proto::ConsentEvent {
    proto::ConsentEvent {
        purpose: purpose.number(),
        status: status.number(),
        source: "web/checkout".to_owned(),
        ..Default::default()
    }
}

fn on(channel: Channel) -> Option<Scope> {
    Some(Scope::Channel(channel.number()))
}

fn outcome(
    state: &proto::ConsentState,
    purpose: Purpose,
    channel: Channel,
    topic: &str,
) -> ConsentOutcome {
    let verdict = state.verdicts.iter().find(|it| {
        (it.purpose, it.channel, it.topic.as_str()) == (purpose.number(), channel.number(), topic)
    });
    let number = verdict.expect("there is a verdict").outcome;
    let mut all = ConsentOutcome::ALL.iter().copied();
    all.find(|it| it.number() == number).unwrap()
}

/// Why a call was refused.
fn reason<T>(result: Result<Response<T>, Status>) -> String {
    testing::reason(&refused(result))
}

/// The fields at fault in a call that was refused.
fn fields<T>(result: Result<Response<T>, Status>) -> Vec<String> {
    testing::fields(&refused(result))
}
