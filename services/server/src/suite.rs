//! The whole suite in one process: services, linked without sockets, behind the gateway.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::Context as _;
use hyper_util::service::TowerToHyperService;
use prometheus::Registry;
use rapport_gateway::{Gateway, GatewayParts};
use rapport_platform::identity::{InternalSigner, InternalVerifier};
use rapport_platform::key::SecretKey;
use rapport_platform::outbox::LocalBus;
use rapport_platform::paging::PageTokens;
use rapport_platform::public_url::PublicUrl;
use rapport_platform::server::{
    Admission, Drain, Health, Ops, Service, ServiceLink, Supervisor, Worker, add_reflection, serve,
    serve_pages,
};
use rapport_platform::time::Clock;
use tokio::net::TcpListener;
use tonic::service::Routes;

use crate::settings::Settings;

/// The suite, ready to run: its ports are bound and its databases open, but nobody is
/// answered yet.
pub struct Suite {
    listener: TcpListener,
    ops_listener: TcpListener,
    pages_listener: Option<TcpListener>,
    ops: Ops,
    gateway: Gateway,
    workers: Vec<Worker>,
    settings: Settings,
    drain: Drain,
}

impl Suite {
    /// Builds every service and links the gateway to them.
    ///
    /// # Errors
    /// When a setting can't be used, a port is taken or a database can't be opened. The
    /// message says which and what to do.
    pub async fn build(
        settings: Settings,
        metrics: Registry,
        drain: Drain,
    ) -> anyhow::Result<Self> {
        public_url_for_mail(&settings)?;
        // Bound first: a second suite on the same ports must not touch the databases.
        let address = settings.gateway.listen_address()?;
        let listener = bind(address, "gateway.listen").await?;
        let ops_listener = bind(settings.ops.listen, "ops.listen").await?;
        let pages_listener = match settings.gateway.pages_address()? {
            Some(address) => Some(bind(address, "gateway.pages.listen").await?),
            None => None,
        };

        // At once: most of a first start is making tables.
        let (customer_db, sales_db) = tokio::join!(
            rapport_customer::open(&settings.customer),
            rapport_sales::open(&settings.sales),
        );

        // Gateway and services share one process, and with it a key that never leaves it.
        let identity_key = SecretKey::generate();
        let clock = Clock::system();
        let bus = LocalBus::new(clock.clone());
        let surroundings = rapport_customer::Surroundings {
            db: customer_db.context("the customer service can't start")?,
            verifier: InternalVerifier::new(&identity_key),
            clock: clock.clone(),
            bus: bus.clone(),
            public_url: public_url(&settings)?,
            deadlines: settings.gateway.limits.deadlines(),
        };
        let customer = rapport_customer::build(&settings.customer, surroundings)
            .await
            .context("the customer service can't start")?;
        let surroundings = rapport_sales::Surroundings {
            db: sales_db.context("the sales service can't start")?,
            verifier: InternalVerifier::new(&identity_key),
            signer: InternalSigner::new(&identity_key),
            customers: customer.link(),
            clock: clock.clone(),
            bus,
            public_url: public_url(&settings)?,
            deadlines: settings.gateway.limits.deadlines(),
        };
        let sales = rapport_sales::build(&settings.sales, surroundings)
            .await
            .context("the sales service can't start")?;
        let services = [customer, sales];

        let infrastructure = infrastructure(&services, &drain).await?;
        let mut links = HashMap::from([("grpc", infrastructure)]);
        links.extend(
            services
                .iter()
                .map(|service| (package(service), service.link())),
        );
        let parts = GatewayParts {
            pool: rapport_proto::descriptor_pool(),
            links,
            signer: InternalSigner::new(&identity_key),
            page_tokens: PageTokens::new(&SecretKey::generate()),
            admission: Admission::new(settings.server.max_calls),
            clock,
        };
        let gateway = Gateway::build(&settings.gateway, parts)?;

        let checks = services
            .iter()
            .flat_map(|service| service.readiness.clone())
            .collect();
        let mut workers = gateway.workers();
        workers.extend(services.into_iter().flat_map(|service| service.workers));
        Ok(Self {
            listener,
            ops_listener,
            pages_listener,
            ops: Ops::new(metrics, checks, drain.clone()),
            gateway,
            workers,
            settings,
            drain,
        })
    }

    /// Where callers reach the gateway.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Where operators find metrics and probes.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn ops_address(&self) -> std::io::Result<SocketAddr> {
        self.ops_listener.local_addr()
    }

    /// Where the pages for customers are; none when none are shown.
    ///
    /// # Errors
    /// When the operating system does not tell.
    pub fn pages_address(&self) -> std::io::Result<Option<SocketAddr>> {
        let listener = self.pages_listener.as_ref();
        listener.map(TcpListener::local_addr).transpose()
    }

    /// Answers calls until the drain is over and every worker has stopped.
    pub async fn run(self) {
        let supervisor = Supervisor::new(self.drain.clone());
        for worker in self.workers {
            supervisor.start(worker);
        }
        let server = self.settings.server;
        let front = TowerToHyperService::new(self.gateway.service());
        let ops = tokio::spawn(self.ops.serve(self.ops_listener));
        let pages = self.pages_listener.zip(self.gateway.pages());
        let pages = pages.map(|(listener, pages)| {
            let drain = self.drain.clone();
            tokio::spawn(serve_pages(listener, pages, drain))
        });
        serve(self.listener, front, &server.connections, self.drain).await;
        if let Some(pages) = pages {
            // It ends by the same drain; should it have failed, it is over, too.
            let _ = pages.await;
        }
        supervisor.stopped().await;
        ops.abort();
    }
}

/// What links to the gateway's pages begin with; the services make them.
fn public_url(settings: &Settings) -> anyhow::Result<Option<PublicUrl>> {
    let url = settings.gateway.public_url();
    url.context("the setting gateway.public_url cannot be used")
}

/// Every marketing e-mail carries the link by which its reader unsubscribes (RFC 8058): without a
/// place for it to lead to, none is sent.
fn public_url_for_mail(settings: &Settings) -> anyhow::Result<()> {
    let mails = !settings.customer.smtp.host.is_empty();
    anyhow::ensure!(
        !mails || settings.gateway.public_url.is_some(),
        "the setting customer.smtp.host needs gateway.public_url: marketing e-mails carry a link by \
         which their readers unsubscribe"
    );
    Ok(())
}

/// Health and reflection of the process, which need no identity.
async fn infrastructure(services: &[Service], drain: &Drain) -> anyhow::Result<ServiceLink> {
    let health = Health::start(services, rapport_gateway::PROTO_SERVICES, drain.clone()).await;
    Ok(add_reflection(health.add_to(Routes::default())).into())
}

/// The proto package that a service answers for.
fn package(service: &Service) -> &'static str {
    match service.name {
        rapport_customer::NAME => "rapport.customer.v1",
        rapport_sales::NAME => "rapport.sales.v1",
        // A name that fits no RPC: the gateway then refuses to start and names what is missing.
        other => other,
    }
}

async fn bind(address: SocketAddr, setting: &str) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address)
        .await
        .with_context(|| format!("can't listen on {address}; change `{setting}`"))
}
