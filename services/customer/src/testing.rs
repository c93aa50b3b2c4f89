//! What this crate's tests stand on: callers of the service in the same process.

use std::time::Duration;

use rapport_platform::db::Database;
use rapport_platform::identity::{Actor, Context, TenantId};
use rapport_platform::key::SecretKey;
use rapport_platform::paging::PageTokens;
use rapport_platform::public_url::PublicUrl;
use rapport_platform::testing;
pub(crate) use rapport_platform::testing::{Link, answer, fields, metadata, reason, refused};
use rapport_platform::time::Clock;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::attribute_service_client::AttributeServiceClient;
use rapport_proto::rapport::customer::v1::consent_service_client::ConsentServiceClient;
use rapport_proto::rapport::customer::v1::contact_point_service_client::ContactPointServiceClient;
use rapport_proto::rapport::customer::v1::contact_policy_service_client::ContactPolicyServiceClient;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::customer::v1::role_service_client::RoleServiceClient;
use tonic::{Response, Status};
use uuid::Uuid;

use crate::delivery::{DeliveryConfig, Outbound, SmtpConfig};
use crate::domain::channel::Purpose;
use crate::domain::contact::consent::ConsentStatus;
use crate::grpc::link::Links;
use crate::grpc::permit::Policies;
use crate::grpc::{Shared, rpcs};
use crate::store::contact::spend::Spending;
use crate::store::contact_point::AddressKey;
use crate::store::migration::migrations;

/// Somebody who calls the service by generated clients, as the gateway would on his behalf.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) shared: Shared,
    pub(crate) ctx: Context,
}

impl Shared {
    /// As another process has it that is connected through `db`.
    pub(crate) fn on(&self, db: Database) -> Self {
        Self {
            spending: Spending::of(&db),
            db,
            ..self.clone()
        }
    }
}

impl Caller {
    /// An employee of the embedded tenant, once the tables are there.
    pub(crate) async fn of(db: &Database) -> Self {
        db.migrate(migrations()).await.unwrap();
        let policies = Policies::default();
        let links = Links::new(&SecretKey::generate(), Some(public_url()));
        let shared = Shared {
            db: db.clone(),
            page_tokens: PageTokens::new(&SecretKey::generate()),
            clock: Clock::system(),
            default_region: "CH".parse().unwrap(),
            outbound: Outbound::new(
                &delivery_config(),
                &SmtpConfig::default(),
                (&policies, &links),
            ),
            address_key: AddressKey::new(SecretKey::generate()),
            links,
            policies,
            spending: Spending::of(db),
        };
        Self {
            shared,
            ctx: testing::context(),
        }
    }

    /// Somebody of another company.
    pub(crate) fn of_another_tenant(&self) -> Self {
        let tenant = TenantId::new(Uuid::from_u128(2));
        self.with(|ctx| ctx.tenant = tenant)
    }

    /// A colleague.
    pub(crate) fn colleague(&self, name: &str) -> Self {
        self.with(|ctx| ctx.actor = Actor::parse(name).unwrap())
    }

    /// The same caller somewhat later.
    pub(crate) fn later(&self, by: Duration) -> Self {
        self.with(|ctx| ctx.now = ctx.now.saturating_add(by))
    }

    /// Makes these the company's rules about contacts.
    pub(crate) async fn order(&self, policy: proto::ContactPolicy) {
        answer(self.try_order(policy).await);
    }

    pub(crate) async fn try_order(
        &self,
        policy: proto::ContactPolicy,
    ) -> Result<Response<proto::ContactPolicy>, Status> {
        let request = proto::UpdateContactPolicyRequest {
            contact_policy: Some(proto::ContactPolicy {
                name: "contactPolicy".to_owned(),
                ..policy
            }),
            update_mask: Some(prost_types::FieldMask {
                paths: vec!["*".to_owned()],
            }),
            ..Default::default()
        };
        let mut service = ContactPolicyServiceClient::new(self.link());
        service.update_contact_policy(request).await
    }

    /// Records what the customer said about marketing: about a topic of it, or all.
    pub(crate) async fn says(&self, customer: &str, status: ConsentStatus, topic: &str) {
        let request = proto::RecordConsentRequest {
            parent: customer.to_owned(),
            consent_event: Some(proto::ConsentEvent {
                purpose: Purpose::Marketing.number(),
                topic: topic.to_owned(),
                status: status.number(),
                source: "phone".to_owned(),
                ..Default::default()
            }),
            ..Default::default()
        };
        let mut service = ConsentServiceClient::new(self.link());
        answer(service.record_consent(request).await);
    }

    fn with(&self, change: impl FnOnce(&mut Context)) -> Self {
        let mut other = self.clone();
        change(&mut other.ctx);
        other
    }

    pub(crate) fn customers(&self) -> CustomerServiceClient<Link> {
        CustomerServiceClient::new(self.link())
    }

    pub(crate) fn contact_points(&self) -> ContactPointServiceClient<Link> {
        ContactPointServiceClient::new(self.link())
    }

    pub(crate) fn roles(&self) -> RoleServiceClient<Link> {
        RoleServiceClient::new(self.link())
    }

    pub(crate) fn attributes(&self) -> AttributeServiceClient<Link> {
        AttributeServiceClient::new(self.link())
    }

    pub(crate) fn link(&self) -> Link {
        testing::link(rpcs(&self.shared), &self.ctx)
    }
}

/// Delivery that looks often and rests little, to webhooks on this machine.
pub(crate) fn delivery_config() -> DeliveryConfig {
    DeliveryConfig {
        poll_interval: Duration::from_millis(20),
        private_webhook_hosts: vec!["127.0.0.1".to_owned()],
        ..DeliveryConfig::default()
    }
}

/// Where customers find the gateway's pages.
fn public_url() -> PublicUrl {
    PublicUrl::parse("https://contact.example.com").unwrap()
}
