//! What passes between customers and the company.

mod audience;
mod choice;
mod chosen;
mod effect;
mod leaks;
mod lifecycle;
mod permits;
mod race;
mod repository;
mod retention;
mod tenants;
mod threads;
mod timeline;
mod together;
mod topics;

use std::ops::Deref;
use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::outbox::Event;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_permit_service_client::ContactPermitServiceClient;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::conversation_service_client::ConversationServiceClient;
use rapport_proto::rapport::customer::v1::customer::Profile;
use rapport_proto::rapport::customer::v1::interaction_service_client::InteractionServiceClient;
use rapport_proto::rapport::customer::v1::lifecycle_service_client::LifecycleServiceClient;
use rapport_proto::rapport::customer::v1::preference_service_client::PreferenceServiceClient;
use rapport_proto::rapport::customer::v1::view_service_client::ViewServiceClient;
use sea_orm::{ConnectionTrait as _, QueryResult, Statement};
use tonic::{Response, Status};
use uuid::Uuid;

use self::chosen::{Chosen, refuses, welcomes};
use crate::domain::channel::{Channel, Purpose};
use crate::resource::CUSTOMER;
use crate::testing::{self, Caller, Link, answer, refused};

/// Somebody at work with customers.
#[derive(Clone)]
struct Desk(Caller);

impl Deref for Desk {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.0
    }
}

impl Desk {
    async fn open(db: &Database) -> Self {
        Self(Caller::of(db).await)
    }

    fn in_another_process(&self, db: Database) -> Self {
        Self(Caller {
            shared: self.shared.on(db),
            ..self.0.clone()
        })
    }

    fn of_another_tenant(&self) -> Self {
        Self(self.0.of_another_tenant())
    }

    fn colleague(&self, name: &str) -> Self {
        Self(self.0.colleague(name))
    }

    fn later(&self, by: Duration) -> Self {
        Self(self.0.later(by))
    }

    fn interactions(&self) -> InteractionServiceClient<Link> {
        InteractionServiceClient::new(self.link())
    }

    fn conversations(&self) -> ConversationServiceClient<Link> {
        ConversationServiceClient::new(self.link())
    }

    fn preferences(&self) -> PreferenceServiceClient<Link> {
        PreferenceServiceClient::new(self.link())
    }

    fn lifecycle(&self) -> LifecycleServiceClient<Link> {
        LifecycleServiceClient::new(self.link())
    }

    fn views(&self) -> ViewServiceClient<Link> {
        ViewServiceClient::new(self.link())
    }

    fn permits(&self) -> ContactPermitServiceClient<Link> {
        ContactPermitServiceClient::new(self.link())
    }

    /// Records a person and answers its name.
    async fn person(&self, full_name: &str) -> String {
        let person = proto::Person {
            full_name: full_name.to_owned(),
            ..Default::default()
        };
        self.customer(Profile::Person(person), "").await
    }

    /// Records an organisation and answers its name.
    async fn organisation(&self, legal_name: &str, parent: &str) -> String {
        let legal_name = legal_name.to_owned();
        let organisation = proto::Organisation {
            legal_name,
            ..Default::default()
        };
        self.customer(Profile::Organisation(organisation), parent)
            .await
    }

    async fn customer(&self, profile: Profile, parent: &str) -> String {
        let customer = proto::Customer {
            profile: Some(profile),
            parent: parent.to_owned(),
            ..Default::default()
        };
        let request = proto::CreateCustomerRequest {
            customer: Some(customer),
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

    /// Records an address and answers it.
    async fn address(&self, customer: &str, address: Address) -> proto::ContactPoint {
        let point = proto::ContactPoint {
            address: Some(address),
            ..Default::default()
        };
        let request = proto::CreateContactPointRequest {
            parent: customer.to_owned(),
            contact_point: Some(point),
            ..Default::default()
        };
        answer(self.contact_points().create_contact_point(request).await)
    }

    async fn email(&self, customer: &str, address: &str) -> proto::ContactPoint {
        self.address(customer, Address::Email(address.to_owned()))
            .await
    }

    async fn phone(&self, customer: &str, number: &str) -> proto::ContactPoint {
        self.address(customer, Address::Phone(number.to_owned()))
            .await
    }

    async fn bounced(&self, contact_point: &str) {
        let request = proto::ReportContactPointProblemRequest {
            name: contact_point.to_owned(),
            state: proto::ContactPointState::Bounced.into(),
            ..Default::default()
        };
        let mut service = self.contact_points();
        answer(service.report_contact_point_problem(request).await);
    }

    /// Records what a customer chose.
    async fn choose(&self, customer: &str, choices: &[Chosen]) -> proto::Preferences {
        answer(self.try_choose(customer, choices).await)
    }

    async fn try_choose(
        &self,
        customer: &str,
        choices: &[Chosen],
    ) -> Result<Response<proto::Preferences>, Status> {
        let request = proto::SetPreferencesRequest {
            name: format!("{customer}/preferences"),
            entries: choices.iter().map(|chosen| chosen.entry()).collect(),
            ..Default::default()
        };
        self.preferences().set_preferences(request).await
    }

    async fn check(
        &self,
        customer: &str,
        channel: Channel,
        purpose: Purpose,
    ) -> proto::ContactDecision {
        answer(
            self.permits()
                .check_contact(contact(customer, channel, purpose))
                .await,
        )
    }

    /// Tries to contact a customer.
    async fn send(
        &self,
        customer: &str,
        channel: Channel,
        purpose: Purpose,
    ) -> Result<Response<proto::Interaction>, Status> {
        self.try_send(message(customer, channel, purpose)).await
    }

    async fn try_send(
        &self,
        message: proto::SendMessageRequest,
    ) -> Result<Response<proto::Interaction>, Status> {
        self.interactions().send_message(message).await
    }

    /// Logs a contact.
    async fn log(&self, customer: &str, interaction: proto::Interaction) -> proto::Interaction {
        answer(self.try_log(customer, interaction).await)
    }

    async fn try_log(
        &self,
        customer: &str,
        interaction: proto::Interaction,
    ) -> Result<Response<proto::Interaction>, Status> {
        let request = proto::LogInteractionRequest {
            parent: customer.to_owned(),
            interaction: Some(interaction),
            ..Default::default()
        };
        self.interactions().log_interaction(request).await
    }

    /// The summaries of a customer's timeline, latest first.
    async fn timeline(&self, customer: &str) -> Vec<String> {
        let request = proto::ListInteractionsRequest {
            parent: customer.to_owned(),
            ..Default::default()
        };
        let page = answer(self.interactions().list_interactions(request).await);
        page.interactions.into_iter().map(|it| it.summary).collect()
    }

    async fn converse(&self, customer: &str, subject: &str) -> proto::Conversation {
        let conversation = proto::Conversation {
            subject: subject.to_owned(),
            ..Default::default()
        };
        let request = proto::CreateConversationRequest {
            parent: customer.to_owned(),
            conversation: Some(conversation),
            ..Default::default()
        };
        answer(self.conversations().create_conversation(request).await)
    }

    async fn settle(&self, conversation: &str) -> Result<Response<proto::Conversation>, Status> {
        let request = proto::CloseConversationRequest {
            name: conversation.to_owned(),
            resolution: "settled".to_owned(),
            ..Default::default()
        };
        self.conversations().close_conversation(request).await
    }

    async fn context(&self, customer: &str) -> proto::CustomerContext {
        let request = proto::GetCustomerContextRequest {
            customer: customer.to_owned(),
        };
        answer(self.views().get_customer_context(request).await)
    }

    /// What was published about a resource, in order.
    async fn events_about(&self, aggregate: &str) -> Vec<Event> {
        let events = self.events().await;
        events
            .into_iter()
            .filter(|event| event.aggregate == aggregate)
            .collect()
    }

    /// Everything in the outbox, in the order of recording.
    async fn events(&self) -> Vec<Event> {
        let db = self.shared.db.read();
        let sql = "SELECT payload FROM outbox ORDER BY event_id";
        let rows = Statement::from_string(db.get_database_backend(), sql);
        let rows = db.query_all_raw(rows).await.unwrap();
        let payload = |row: &QueryResult| row.try_get_by_index::<Vec<u8>>(0).unwrap();
        rows.iter()
            .map(|row| Event::decode(&payload(row)).unwrap())
            .collect()
    }

    async fn full_view(&self, customer: &str) -> proto::Customer360 {
        let request = proto::GetCustomer360Request {
            customer: customer.to_owned(),
        };
        answer(self.views().get_customer360(request).await)
    }
}

/// The id in a customer's name.
fn id_of(customer: &str) -> Uuid {
    let [id] = CUSTOMER.ids(customer).unwrap();
    id
}

/// A message to a customer.
fn message(customer: &str, channel: Channel, purpose: Purpose) -> proto::SendMessageRequest {
    proto::SendMessageRequest {
        customer: customer.to_owned(),
        channel: channel.number(),
        purpose: purpose.number(),
        subject: format!("about {purpose}"),
        ..Default::default()
    }
}

/// A contact that the customer started.
fn inbound(channel: Channel, summary: &str) -> proto::Interaction {
    proto::Interaction {
        channel: channel.number(),
        direction: proto::Direction::Inbound.into(),
        summary: summary.to_owned(),
        ..Default::default()
    }
}

/// Why a call was refused.
fn reason<T>(result: Result<Response<T>, Status>) -> String {
    testing::reason(&refused(result))
}

/// The question whether a customer may be contacted.
fn contact(customer: &str, channel: Channel, purpose: Purpose) -> proto::CheckContactRequest {
    proto::CheckContactRequest {
        customer: customer.to_owned(),
        channel: channel.number(),
        purpose: purpose.number(),
        ..Default::default()
    }
}
