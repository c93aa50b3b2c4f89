//! Messages on their way out.

mod crash;
mod dispatch;
mod faults;
mod feedback;
mod hostile;
mod outbound;
mod permits;
mod queue;
mod routes;
mod secure_mail;
mod smtp;
mod templates;
mod topics;
mod webhook;

use std::collections::VecDeque;
use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::outbox::Event;
use rapport_platform::time::{Clock, ManualClock};
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::contact_point::Address;
use rapport_proto::rapport::customer::v1::delivery_feedback_service_client::DeliveryFeedbackServiceClient;
use rapport_proto::rapport::customer::v1::delivery_queue_service_client::DeliveryQueueServiceClient;
use rapport_proto::rapport::customer::v1::delivery_route_service_client::DeliveryRouteServiceClient;
use rapport_proto::rapport::customer::v1::delivery_service_client::DeliveryServiceClient;
use rapport_proto::rapport::customer::v1::interaction_service_client::InteractionServiceClient;
use rapport_proto::rapport::customer::v1::preference_service_client::PreferenceServiceClient;
use rapport_proto::rapport::customer::v1::template_service_client::TemplateServiceClient;
use sea_orm::{ConnectionTrait as _, QueryResult, Statement};
use tokio_util::sync::CancellationToken;
use tonic::{Response, Status};

use crate::delivery::{Connect, DeliveryConfig, DeliveryWorker, Outgoing, Report};
use crate::domain::channel::{Channel, Purpose};
use crate::domain::delivery::{Connector, DeliveryState};
use crate::domain::preferences::ChannelChoice;
use crate::grpc::Shared;
use crate::testing::{self, Caller, Link, answer, delivery_config, refused};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// Somebody who sends messages, with a clock of his own.
#[derive(Clone)]
struct Post {
    caller: Caller,
    hand: ManualClock,
}

impl Deref for Post {
    type Target = Caller;

    fn deref(&self) -> &Caller {
        &self.caller
    }
}

impl Post {
    async fn open(db: &Database) -> Self {
        let mut caller = Caller::of(db).await;
        let (clock, hand) = Clock::manual(caller.ctx.now);
        caller.shared.clock = clock;
        Self { caller, hand }
    }

    /// The same service as another process runs it.
    fn in_another_process(&self, db: Database) -> Self {
        let mut other = self.clone();
        other.caller.shared = other.caller.shared.on(db);
        other
    }

    fn of_another_tenant(&self) -> Self {
        Self {
            caller: self.caller.of_another_tenant(),
            ..self.clone()
        }
    }

    fn deliveries(&self) -> DeliveryServiceClient<Link> {
        DeliveryServiceClient::new(self.link())
    }

    fn routes(&self) -> DeliveryRouteServiceClient<Link> {
        DeliveryRouteServiceClient::new(self.link())
    }

    fn queue(&self) -> DeliveryQueueServiceClient<Link> {
        DeliveryQueueServiceClient::new(self.link())
    }

    fn feedback(&self) -> DeliveryFeedbackServiceClient<Link> {
        DeliveryFeedbackServiceClient::new(self.link())
    }

    fn interactions(&self) -> InteractionServiceClient<Link> {
        InteractionServiceClient::new(self.link())
    }

    fn templates(&self) -> TemplateServiceClient<Link> {
        TemplateServiceClient::new(self.link())
    }

    /// Records a person with an e-mail address and answers both.
    async fn person(&self, email: &str) -> (String, proto::ContactPoint) {
        let person = proto::Person {
            full_name: "Ada Lovelace".to_owned(),
            given_name: "Ada".to_owned(),
            ..Default::default()
        };
        let request = proto::CreateCustomerRequest {
            customer: Some(proto::Customer {
                profile: Some(proto::customer::Profile::Person(person)),
                ..Default::default()
            }),
            ..Default::default()
        };
        let customer = answer(self.customers().create_customer(request).await).name;
        let point = self
            .address(&customer, Address::Email(email.to_owned()))
            .await;
        (customer, point)
    }

    async fn address(&self, customer: &str, address: Address) -> proto::ContactPoint {
        let request = proto::CreateContactPointRequest {
            parent: customer.to_owned(),
            contact_point: Some(proto::ContactPoint {
                address: Some(address),
                ..Default::default()
            }),
            ..Default::default()
        };
        answer(self.contact_points().create_contact_point(request).await)
    }

    async fn contact_point(&self, name: &str) -> proto::ContactPoint {
        let name = name.to_owned();
        let request = proto::GetContactPointRequest { name };
        answer(self.contact_points().get_contact_point(request).await)
    }

    async fn refuses(&self, customer: &str, channel: Channel) {
        let entry = proto::Preference {
            channel: channel.number(),
            choice: ChannelChoice::Refused.number(),
            ..Default::default()
        };
        let request = proto::SetPreferencesRequest {
            name: format!("{customer}/preferences"),
            entries: vec![entry],
            ..Default::default()
        };
        answer(
            PreferenceServiceClient::new(self.link())
                .set_preferences(request)
                .await,
        );
    }

    /// Sends an e-mail and answers its delivery.
    async fn mail(&self, customer: &str, subject: &str) -> proto::Delivery {
        let message = message(customer, Channel::Email, subject);
        answer(self.try_send(message).await);
        self.latest(customer).await
    }

    async fn try_send(
        &self,
        message: proto::SendMessageRequest,
    ) -> Result<Response<proto::Interaction>, Status> {
        self.interactions().send_message(message).await
    }

    async fn timeline(&self, customer: &str) -> Vec<proto::Interaction> {
        let request = proto::ListInteractionsRequest {
            parent: customer.to_owned(),
            ..Default::default()
        };
        answer(self.interactions().list_interactions(request).await).interactions
    }

    /// The deliveries that a filter leaves, latest first.
    async fn filtered(&self, filter: &str) -> Vec<proto::Delivery> {
        let request = proto::ListDeliveriesRequest {
            filter: filter.to_owned(),
            ..Default::default()
        };
        answer(self.deliveries().list_deliveries(request).await).deliveries
    }

    async fn latest(&self, customer: &str) -> proto::Delivery {
        let found = self.filtered(&format!("customer = \"{customer}\"")).await;
        found.into_iter().next().unwrap()
    }

    async fn delivery(&self, name: &str) -> proto::Delivery {
        let name = name.to_owned();
        let request = proto::GetDeliveryRequest { name };
        answer(self.deliveries().get_delivery(request).await)
    }

    async fn state(&self, name: &str) -> DeliveryState {
        DeliveryState::try_from(self.delivery(name).await.state).unwrap()
    }

    async fn attempts(&self, name: &str) -> Vec<proto::DeliveryAttempt> {
        let request = proto::ListDeliveryAttemptsRequest {
            parent: name.to_owned(),
            ..Default::default()
        };
        let page = answer(self.deliveries().list_delivery_attempts(request).await);
        page.delivery_attempts
    }

    /// Routes e-mails to a webhook.
    async fn mail_to_webhook(&self, url: &str) {
        let route = proto::DeliveryRoute {
            name: "deliveryRoutes/email".to_owned(),
            connector: Connector::Webhook.number(),
            url: url.to_owned(),
            secret: SECRET.to_owned(),
            ..Default::default()
        };
        answer(self.try_route(route).await);
    }

    async fn try_route(
        &self,
        route: proto::DeliveryRoute,
    ) -> Result<Response<proto::DeliveryRoute>, Status> {
        let request = proto::UpdateDeliveryRouteRequest {
            delivery_route: Some(route),
            ..Default::default()
        };
        self.routes().update_delivery_route(request).await
    }

    /// A worker with this connector, and settings for tests.
    fn worker<C: Connect>(&self, connector: C) -> DeliveryWorker<C> {
        self.worker_with(connector, &delivery_config())
    }

    fn worker_with<C: Connect>(&self, connector: C, config: &DeliveryConfig) -> DeliveryWorker<C> {
        let Shared {
            db,
            clock,
            outbound,
            ..
        } = &self.shared;
        DeliveryWorker::new(connector, config, outbound, (db, clock))
    }

    /// The kinds of events about a resource, in order.
    async fn events_about(&self, aggregate: &str) -> Vec<String> {
        let db = self.shared.db.read();
        let sql = "SELECT payload FROM outbox ORDER BY event_id";
        let rows = Statement::from_string(db.get_database_backend(), sql);
        let rows = db.query_all_raw(rows).await.unwrap();
        let payload = |row: &QueryResult| row.try_get_by_index::<Vec<u8>>(0).unwrap();
        let events = rows.iter().map(|row| Event::decode(&payload(row)).unwrap());
        let events = events.filter(|event| event.aggregate == aggregate);
        let kind = |event: Event| event.kind.rsplit('.').next().unwrap().to_owned();
        events.map(kind).collect()
    }
}

/// What a connector saw of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    delivery: String,
    possible_duplicate: bool,
}

/// Stands for the other side: remembers what it got, and answers as it was told, or that all went
/// well.
#[derive(Clone, Default)]
struct Recorder {
    seen: Arc<Mutex<Vec<Seen>>>,
    answers: Arc<Mutex<VecDeque<Report>>>,
}

impl Recorder {
    fn answering(answers: impl IntoIterator<Item = Report>) -> Self {
        Self {
            answers: Arc::new(Mutex::new(answers.into_iter().collect())),
            ..Self::default()
        }
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    fn duplicates(&self) -> Vec<bool> {
        self.seen()
            .into_iter()
            .map(|it| it.possible_duplicate)
            .collect()
    }
}

impl Connect for Recorder {
    const CONNECTOR: Connector = Connector::Webhook;

    async fn deliver(&self, outgoing: &Outgoing) -> Report {
        self.seen.lock().unwrap().push(Seen {
            delivery: format!("deliveries/{}", outgoing.delivery.delivery_id),
            possible_duplicate: outgoing.delivery.possible_duplicate,
        });
        let told = self.answers.lock().unwrap().pop_front();
        told.unwrap_or_else(|| Report::sent("provider-1"))
    }
}

/// Lets a worker do what is due now.
async fn work<C: Connect>(worker: &DeliveryWorker<C>) -> usize {
    let stop = CancellationToken::new();
    worker.round(&mut None, &stop).await.unwrap()
}

/// A message to a customer.
fn message(customer: &str, channel: Channel, subject: &str) -> proto::SendMessageRequest {
    proto::SendMessageRequest {
        customer: customer.to_owned(),
        channel: channel.number(),
        purpose: Purpose::Service.number(),
        subject: subject.to_owned(),
        body: "Your order is on its way.".to_owned(),
        ..Default::default()
    }
}

const LEASE: Duration = Duration::from_secs(5 * 60);

/// Why a call was refused.
fn reason<T>(result: Result<Response<T>, Status>) -> String {
    testing::reason(&refused(result))
}
