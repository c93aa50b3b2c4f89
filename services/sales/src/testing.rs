//! What this crate's tests stand on: callers of the service in the same process, and the real
//! customer service beside it.

use std::time::Duration;

use rapport_platform::config::Secret;
use rapport_platform::db::Database;
use rapport_platform::identity::{
    Actor, Context, IDENTITY_HEADER, InternalSigner, InternalVerifier, TenantId,
};
use rapport_platform::key::SecretKey;
use rapport_platform::outbox::LocalBus;
use rapport_platform::paging::PageTokens;
use rapport_platform::public_url::PublicUrl;
use rapport_platform::server::{DeadlineConfig, Service, ServiceLink};
use rapport_platform::testing::{self, Storage};
use rapport_platform::time::Clock;
use rapport_proto::rapport::customer::v1 as customer;
use rapport_proto::rapport::customer::v1::merge_service_client::MergeServiceClient;
use rapport_proto::rapport::sales::v1::forecast_service_client::ForecastServiceClient;
use rapport_proto::rapport::sales::v1::opportunity_service_client::OpportunityServiceClient;
use rapport_proto::rapport::sales::v1::pipeline_service_client::PipelineServiceClient;
use rapport_proto::rapport::sales::v1::product_service_client::ProductServiceClient;
use rapport_proto::rapport::sales::v1::sales_report_service_client::SalesReportServiceClient;
use rapport_proto::rapport::sales::v1::seller_service_client::SellerServiceClient;
use tonic::Request;
use uuid::Uuid;

use crate::customers::Customers;
use crate::domain::proposal::pdf::Fonts;
use crate::grpc::{Shared, rpcs};
use crate::store::migration::migrations;

pub(crate) use rapport_platform::testing::{Link, fields, metadata, reason};

/// Somebody who calls the service by generated clients, as the gateway would on his behalf.
#[derive(Clone)]
pub(crate) struct Caller {
    pub(crate) shared: Shared,
    pub(crate) ctx: Context,
}

impl Caller {
    /// An employee of the embedded tenant, once the tables are there. There are no customers.
    pub(crate) async fn of(db: &Database) -> Self {
        let nobody = ServiceLink::from(tonic::service::Routes::default());
        Self::beside(db, nobody, InternalSigner::new(&SecretKey::generate())).await
    }

    /// As [`Caller::of`], beside a service that knows customers.
    pub(crate) async fn beside(db: &Database, link: ServiceLink, signer: InternalSigner) -> Self {
        db.migrate(migrations()).await.unwrap();
        Self {
            shared: Shared {
                db: db.clone(),
                page_tokens: PageTokens::new(&SecretKey::generate()),
                feed_key: SecretKey::generate(),
                customers: Customers::new(link, signer),
                fonts: Fonts::with(Vec::new()).unwrap(),
                public_url: PublicUrl::parse("https://contact.example.com").ok(),
            },
            ctx: testing::context(),
        }
    }

    /// Somebody of another company.
    pub(crate) fn of_another_tenant(&self) -> Self {
        let tenant = TenantId::new(Uuid::from_u128(2));
        self.with(|ctx| ctx.tenant = tenant)
    }

    /// Somebody else.
    pub(crate) fn acting_as(&self, actor: &str) -> Self {
        self.with(|ctx| ctx.actor = Actor::parse(actor).unwrap())
    }

    /// The same caller somewhat later.
    pub(crate) fn later(&self, by: Duration) -> Self {
        self.with(|ctx| ctx.now = ctx.now.saturating_add(by))
    }

    pub(crate) fn with(&self, change: impl FnOnce(&mut Context)) -> Self {
        let mut other = self.clone();
        change(&mut other.ctx);
        other
    }

    pub(crate) fn sellers(&self) -> SellerServiceClient<Link> {
        SellerServiceClient::new(self.link())
    }

    pub(crate) fn opportunities(&self) -> OpportunityServiceClient<Link> {
        OpportunityServiceClient::new(self.link())
    }

    pub(crate) fn pipelines(&self) -> PipelineServiceClient<Link> {
        PipelineServiceClient::new(self.link())
    }

    pub(crate) fn products(&self) -> ProductServiceClient<Link> {
        ProductServiceClient::new(self.link())
    }

    pub(crate) fn forecasts(&self) -> ForecastServiceClient<Link> {
        ForecastServiceClient::new(self.link())
    }

    pub(crate) fn reports(&self) -> SalesReportServiceClient<Link> {
        SalesReportServiceClient::new(self.link())
    }

    pub(crate) fn link(&self) -> Link {
        testing::link(rpcs(&self.shared), &self.ctx)
    }
}

/// The customer service on a database of its own, which goes with the value.
pub(crate) struct CustomerService {
    pub(crate) service: Service,
    pub(crate) key: SecretKey,
    pub(crate) bus: LocalBus,
    _storage: Storage,
}

impl CustomerService {
    pub(crate) async fn start() -> Self {
        let (db, storage) = testing::sqlite().await;
        drop(db);
        let (key, clock) = (SecretKey::generate(), Clock::system());
        let a_key = || Secret::new(SecretKey::generate().to_base64());
        let config = rapport_customer::Config {
            database: storage.config().clone(),
            address_key: a_key(),
            link_key: a_key(),
            ..rapport_customer::Config::default()
        };
        let bus = LocalBus::new(clock.clone());
        let surroundings = rapport_customer::Surroundings {
            db: rapport_customer::open(&config).await.unwrap(),
            verifier: InternalVerifier::new(&key),
            clock,
            bus: bus.clone(),
            public_url: None,
            deadlines: DeadlineConfig::default(),
        };
        let service = rapport_customer::build(&config, surroundings)
            .await
            .unwrap();
        Self {
            service,
            key,
            bus,
            _storage: storage,
        }
    }

    pub(crate) fn signer(&self) -> InternalSigner {
        InternalSigner::new(&self.key)
    }

    /// A call of the caller's, as the gateway passes it on.
    pub(crate) fn signed<T>(&self, ctx: &Context, message: T) -> Request<T> {
        let identity = self.signer().sign(ctx.tenant, &ctx.actor, ctx.now).unwrap();
        let mut request = Request::new(message);
        request
            .metadata_mut()
            .as_mut()
            .insert(IDENTITY_HEADER, identity);
        request
    }

    /// Makes one customer a part of another.
    pub(crate) async fn merge(
        &self,
        ctx: &Context,
        survivor: &str,
        merged: &str,
    ) -> customer::CustomerMerge {
        let request = customer::MergeCustomersRequest {
            name: survivor.to_owned(),
            merged: merged.to_owned(),
            ..Default::default()
        };
        let mut client = MergeServiceClient::new(self.service.link());
        let merge = client.merge_customers(self.signed(ctx, request)).await;
        testing::answer(merge)
    }
}

impl Caller {
    /// The kinds of the events that wait to be published, oldest first, without their package.
    pub(crate) async fn announced(&self) -> Vec<String> {
        use sea_orm::{ConnectionTrait as _, Statement};
        let db = &self.shared.db;
        let query = "SELECT kind FROM outbox ORDER BY event_id";
        let query = Statement::from_string(db.backend(), query);
        let rows = db.read().query_all_raw(query).await.unwrap();
        let kinds = rows.iter().map(|row| row.try_get_by_index(0).unwrap());
        kinds
            .map(|kind: String| kind.rsplit('.').next().unwrap().to_owned())
            .collect()
    }
}
