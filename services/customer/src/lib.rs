//! The customer service: who the customers are, how they want to be met, and everything that
//! passed between them and the company.
//!
//! A call enters in `grpc`, is parsed into the types of [`domain`], which hold the rules, and
//! is answered from one transaction over the repositories in `store`.

mod config;
mod delivery;
pub mod domain;
mod error;
mod events;
mod grpc;
mod keys;
mod resource;
mod retention;
mod store;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use futures::future::BoxFuture;
use rapport_platform::db::Database;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::{IdentityLayer, InternalVerifier};
use rapport_platform::key::SecretKey;
use rapport_platform::outbox::{self, LocalBus};
use rapport_platform::paging::PageTokens;
use rapport_platform::public_url::PublicUrl;
use rapport_platform::server::{DeadlineConfig, Service, Worker, standard_layers};
use rapport_platform::time::Clock;

pub use config::Config;
pub use delivery::{DeliveryConfig, DkimConfig, SmtpConfig, SmtpTls};
pub use error::Error;
pub use retention::PermitsConfig;

use delivery::Outbound;
use domain::region::Region;
use events::lifecycle::LifecycleConsumer;
use events::outbound::OutboundConsumer;
use grpc::Shared;
use grpc::duplicate::DuplicateScanner;
use grpc::link::Links;
use grpc::permit::Policies;
use retention::Retention;
use store::contact::spend::Spending;
use store::contact_point::AddressKey;

/// The service's name: of its schema, its logs and its part of the configuration.
pub const NAME: &str = "customer";

/// What the service takes from the process in which it runs.
pub struct Surroundings {
    /// The service's database, as [`open`] gives it.
    pub db: Database,
    /// Knows the gateway's signature under who calls.
    pub verifier: InternalVerifier,
    /// Tells the time.
    pub clock: Clock,
    /// Carries events to those who react to them, this service among them.
    pub bus: LocalBus,
    /// Where customers find the gateway's pages; without it no links are made.
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
        let settings = settings(config)?;
        let db = Database::connect(NAME, &config.database).await?;
        if config.migrate {
            db.migrate(store::migration::migrations()).await?;
        }
        keys::confirm_address_key(&db, &settings.address_key).await?;
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
        clock,
        bus,
        public_url,
        deadlines,
    } = surroundings;
    let Settings {
        default_region,
        page_tokens,
        address_key,
        link_key,
    } = settings(config)?;
    bus.subscribe(&db, LifecycleConsumer)?;
    let (policies, links) = (Policies::default(), Links::new(&link_key, public_url));
    let outbound = Outbound::new(&config.delivery, &config.smtp, (&policies, &links));
    bus.subscribe(&db, OutboundConsumer(outbound.clone()))?;
    let sending = delivery::workers(&config.delivery, &config.smtp, &outbound, (&db, &clock))?;
    let kept = Retention::new(&config.permits)?;
    let publishing = (config.relay.clone(), config.housekeeping.clone());
    let mut workers = outbox::workers(&db, &clock, &bus, publishing);
    workers.push(retention::worker(&db, &clock, kept));
    workers.extend(sending);
    let shared = Shared {
        spending: Spending::of(&db),
        db: db.clone(),
        clock: clock.clone(),
        page_tokens,
        default_region,
        outbound,
        address_key: AddressKey::new(address_key),
        links,
        policies,
    };
    let workers = [workers, vec![duplicates(&shared)]].concat();
    let rpcs = grpc::rpcs(&shared);
    let proto_services = rpcs.services().to_vec();
    Ok(Service {
        name: NAME,
        routes: standard_layers(rpcs.into(), deadlines, IdentityLayer::new(verifier, clock)),
        workers,
        proto_services,
        readiness: vec![db.readiness()],
    })
}

/// What the service reads from its configuration before it opens its database.
struct Settings {
    default_region: Region,
    page_tokens: PageTokens,
    address_key: SecretKey,
    link_key: SecretKey,
}

fn settings(config: &Config) -> Result<Settings, PlatformError> {
    let default_region = config.default_region.parse().map_err(|fault| {
        PlatformError::internal("reading the setting customer.default_region", fault)
    })?;
    Ok(Settings {
        default_region,
        page_tokens: PageTokens::configured(
            "reading the setting customer.page_token_key",
            &config.page_token_key,
        )?,
        address_key: keys::kept(&keys::ADDRESS, &config.address_key, &config.database)?,
        link_key: keys::kept(&keys::LINK, &config.link_key, &config.database)?,
    })
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

/// Searches for duplicates where somebody asked for it.
fn duplicates(shared: &Shared) -> Worker {
    let shared = shared.clone();
    Worker::new("customer.duplicates", move |stop| {
        DuplicateScanner::new(&shared).run(stop)
    })
}
