//! The sales service: who sells what to whom, how far along it is, and what will come of it.
//!
//! A call enters in `grpc`, is parsed into the types of [`domain`], which hold the rules, and
//! is answered from one transaction over the repositories in `store`.

mod config;
mod customers;
pub mod domain;
mod error;
mod events;
mod grpc;
mod resource;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use futures::future::BoxFuture;
use rapport_platform::db::Database;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::{IdentityLayer, InternalSigner, InternalVerifier};
use rapport_platform::key::SecretKey;
use rapport_platform::outbox::{self, LocalBus};
use rapport_platform::paging::PageTokens;
use rapport_platform::public_url::PublicUrl;
use rapport_platform::server::{DeadlineConfig, Service, ServiceLink, standard_layers};
use rapport_platform::time::Clock;

pub use config::Config;
pub use error::Error;

use customers::Customers;
use events::customers::CustomerConsumer;
use grpc::Shared;

/// The service's name: of its schema, its logs and its part of the configuration.
pub const NAME: &str = "sales";

/// What the service takes from the process in which it runs.
pub struct Surroundings {
    /// The service's database, as [`open`] gives it.
    pub db: Database,
    /// Knows the gateway's signature under who calls.
    pub verifier: InternalVerifier,
    /// Signs calls of the customer service on a caller's behalf.
    pub signer: InternalSigner,
    /// The customer service, which knows who the customers are.
    pub customers: ServiceLink,
    /// Tells the time.
    pub clock: Clock,
    /// Carries events to those who react to them, this service among them.
    pub bus: LocalBus,
    /// What addresses of calendar feeds begin with; without it they have none.
    pub public_url: Option<PublicUrl>,
    /// How long calls may take.
    pub deadlines: DeadlineConfig,
}

/// Opens the service's database, and brings its tables to this version where the configuration says
/// so.
///
/// # Errors
/// When a setting can't be used, the database can't be opened or a step fails; then none took place.
#[inline(never)]
pub fn open(config: &Config) -> BoxFuture<'_, Result<Database, PlatformError>> {
    Box::pin(async {
        // A version that can't start must not have changed the tables.
        key(config)?;
        let db = Database::connect(NAME, &config.database).await?;
        if config.migrate {
            db.migrate(store::migration::migrations()).await?;
        }
        Ok(db)
    })
}

/// Builds the service: subscribes what reacts to events, and puts the RPCs together. Nothing runs
/// until the workers are started and the routes are called.
///
/// # Errors
/// When a setting can't be used.
#[inline(never)]
pub fn build(
    config: &Config,
    surroundings: Surroundings,
) -> BoxFuture<'_, Result<Service, PlatformError>> {
    Box::pin(built(config, surroundings))
}

async fn built(config: &Config, surroundings: Surroundings) -> Result<Service, PlatformError> {
    let Surroundings {
        db,
        verifier,
        signer,
        customers,
        clock,
        bus,
        public_url,
        deadlines,
    } = surroundings;
    let key = key(config)?;
    bus.subscribe(&db, CustomerConsumer)?;
    let publishing = (config.relay.clone(), config.housekeeping.clone());
    let mut workers = outbox::workers(&db, &clock, &bus, publishing);
    workers.push(grpc::quote::worker(&db, &clock));
    let customers = Customers::new(customers, signer);
    workers.push(grpc::territory::worker(&db, &clock, &customers));
    workers.push(grpc::calendar::clock::worker(&db, &clock));
    workers.push(grpc::suggestion::worker(&db, &clock));
    let shared = Shared {
        db: db.clone(),
        page_tokens: PageTokens::new(&key),
        feed_key: key.derived(b"calendar feeds"),
        customers,
        fonts: config.fonts()?,
        public_url,
    };
    let rpcs = grpc::rpcs(&shared);
    let proto_services = rpcs.services().to_vec();
    Ok(Service {
        name: NAME,
        routes: standard_layers(
            rpcs.into(),
            deadlines,
            IdentityLayer::new(verifier, clock.clone()),
        ),
        workers,
        proto_services,
        readiness: vec![db.readiness()],
    })
}

fn key(config: &Config) -> Result<SecretKey, PlatformError> {
    SecretKey::configured(
        "reading the setting sales.page_token_key",
        &config.page_token_key,
    )
}

/// Brings the tables to this version, as a step of a deployment.
///
/// # Errors
/// When the database can't be opened or a step fails; then none took place.
#[inline(never)]
pub fn migrate(config: &Config) -> BoxFuture<'_, Result<(), PlatformError>> {
    Box::pin(async {
        let db = Database::connect(NAME, &config.database).await?;
        db.migrate(store::migration::migrations()).await?;
        db.close().await
    })
}
