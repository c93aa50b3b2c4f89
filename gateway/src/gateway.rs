//! Puts the gateway together.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use prost_reflect::DescriptorPool;
use rapport_platform::identity::{Actor, InternalSigner, TenantId};
use rapport_platform::paging::PageTokens;
use rapport_platform::server::{Admission, ServiceLink, Worker};
use rapport_platform::time::Clock;

use crate::admin::AccessAdmin;
use crate::config::GatewayConfig;
use crate::enforce::{Enforcer, Validation};
use crate::error::GatewayError;
use crate::identity::{Authenticator, Identity, LocalToken, Provider, Roles};
use crate::outreach::{CUSTOMER_PACKAGE, Outreach};
use crate::pages::Pages;
use crate::proxy::{Buffers, GatewayService, Passage, PassageParts};
use crate::table::Table;

/// The gateway's own package; it links itself.
const GATEWAY_PACKAGE: &str = "rapport.gateway.v1";
/// The role that the local token has.
const ADMINISTRATOR: &str = "admin";
/// Who the holder of the local token is.
const LOCAL_ACTOR: &str = "users/local";

/// What the gateway needs of the process it runs in.
pub struct GatewayParts<'a> {
    /// The protos with their rules; usually `rapport_proto::descriptor_pool()`.
    pub pool: &'a DescriptorPool,
    /// The services behind, by the full name of a proto service or the beginning of one,
    /// such as `rapport.customer.v1`; the longest that fits is called. Health and reflection
    /// of the process go under `grpc`.
    pub links: HashMap<&'static str, ServiceLink>,
    /// Makes the identities that the services believe.
    pub signer: InternalSigner,
    /// Seals the page tokens of the gateway's own lists.
    pub page_tokens: PageTokens,
    /// Bounds the calls at once. The gateway applies it itself, so that a call it refuses has
    /// an id and is logged like every other.
    pub admission: Admission,
    /// What time it is.
    pub clock: Clock,
}

/// The gateway, ready to be served.
#[derive(Debug)]
pub struct Gateway {
    listen: SocketAddr,
    service: GatewayService,
    pages: Option<Pages>,
    workers: Vec<Worker>,
}

impl Gateway {
    /// Reads the rules from the protos and the tokens and keys from their files.
    ///
    /// # Errors
    /// When one RPC lacks a rule or a service, when other machines could reach the gateway,
    /// or when a file cannot be used. Nothing is served then.
    pub fn build(config: &GatewayConfig, parts: GatewayParts<'_>) -> Result<Self, GatewayError> {
        let listen = config.listen_address()?;
        let table = Arc::new(Table::build(parts.pool)?);
        let roles = Roles::compile(&config.roles, &config.everybody, table.permissions())?;
        let provider = match &config.provider {
            Some(provider) => Some(Arc::new(Provider::load(provider.clone(), roles.clone())?)),
            None => None,
        };
        let local = match config.local_token.enabled {
            true => Some(LocalToken::load(
                &config.local_token.file,
                administrator(config, &roles)?,
            )?),
            false => None,
        };
        let workers = provider.iter().map(Provider::worker).collect();
        let authenticator = Authenticator::new(local, provider)?;
        let validation = Validation::build(&table, config.limits.message_fields)?;

        let admin = AccessAdmin::new(Arc::clone(&table), parts.page_tokens, parts.clock.clone());
        let mut links = parts.links;
        links.insert(GATEWAY_PACKAGE, admin.link());
        let pages = pages(config, &links, &parts.signer, &parts.clock)?;
        let passage = Passage::new(PassageParts {
            enforcer: Enforcer::new(Arc::clone(&table), authenticator, validation),
            outreach: outreach(&table, &links, &parts.signer, &parts.clock)?,
            links: links_by_service(&table, &links)?,
            signer: parts.signer,
            buffers: Buffers::new(config.limits.message_bytes, config.limits.buffered_bytes),
            clock: parts.clock,
        });
        Ok(Self {
            listen,
            service: GatewayService::new(passage, table, parts.admission, &config.limits),
            pages,
            workers,
        })
    }

    /// Where to listen: a loopback address.
    pub fn listen_address(&self) -> SocketAddr {
        self.listen
    }

    /// What a listener hands calls to.
    pub fn service(&self) -> GatewayService {
        self.service.clone()
    }

    /// What a listener for browsers hands requests to; none when no pages are shown.
    pub fn pages(&self) -> Option<Pages> {
        self.pages.clone()
    }

    /// What the gateway does when nobody calls.
    pub fn workers(&self) -> Vec<Worker> {
        self.workers.clone()
    }
}

/// Whom the local token speaks for.
fn administrator(config: &GatewayConfig, roles: &Roles) -> Result<Identity, GatewayError> {
    let actor = Actor::parse(LOCAL_ACTOR).map_err(|_| GatewayError::NoAdministrator)?;
    if !config.roles.contains_key(ADMINISTRATOR) {
        return Err(GatewayError::NoAdministrator);
    }
    let held = vec![ADMINISTRATOR.to_owned()];
    Ok(Identity {
        tenant: TenantId::EMBEDDED,
        actor,
        permissions: roles.permissions(&held),
        roles: held,
        expires: None,
    })
}

/// Who is asked before an outreach; needed as soon as one RPC reaches out.
fn outreach(
    table: &Table,
    links: &HashMap<&'static str, ServiceLink>,
    signer: &InternalSigner,
    clock: &Clock,
) -> Result<Option<Outreach>, GatewayError> {
    if table
        .methods()
        .iter()
        .all(|method| method.outreach.is_none())
    {
        return Ok(None);
    }
    match links.get(CUSTOMER_PACKAGE) {
        Some(link) => Ok(Some(Outreach::new(
            link.clone(),
            signer.clone(),
            clock.clone(),
        ))),
        None => Err(GatewayError::NoLink(CUSTOMER_PACKAGE.to_owned())),
    }
}

/// Where calendars are.
const SALES_PACKAGE: &str = "rapport.sales.v1";

/// The pages, where somebody could open them.
fn pages(
    config: &GatewayConfig,
    links: &HashMap<&'static str, ServiceLink>,
    signer: &InternalSigner,
    clock: &Clock,
) -> Result<Option<Pages>, GatewayError> {
    if config.public_url()?.is_none() {
        return Ok(None);
    }
    let link = links.get(CUSTOMER_PACKAGE);
    let link = link.ok_or_else(|| GatewayError::NoLink(CUSTOMER_PACKAGE.to_owned()))?;
    let links = (link.clone(), links.get(SALES_PACKAGE).cloned());
    Pages::new(links, signer.clone(), clock.clone()).map(Some)
}

/// The link of every proto service in the table.
fn links_by_service(
    table: &Table,
    links: &HashMap<&'static str, ServiceLink>,
) -> Result<HashMap<String, ServiceLink>, GatewayError> {
    let mut by_service = HashMap::new();
    for method in table.methods() {
        let service = &method.service;
        match link_of(service, links) {
            Some(link) => {
                by_service.insert(service.clone(), link.clone());
            }
            // Health and reflection are offered by the process, or not.
            None if method.request.is_none() => {}
            None => return Err(GatewayError::NoLink(service.clone())),
        }
    }
    Ok(by_service)
}

/// The link whose name is the longest beginning of the service's name.
fn link_of<'a>(
    service: &str,
    links: &'a HashMap<&'static str, ServiceLink>,
) -> Option<&'a ServiceLink> {
    let fits = |name: &str| {
        let rest = service.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    };
    let best = links
        .iter()
        .filter(|(name, _)| fits(name))
        .max_by_key(|(name, _)| name.len());
    best.map(|(_, link)| link)
}
