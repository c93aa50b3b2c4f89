//! A running gateway, its callers, and what is behind it.

mod caller;
mod customers;
mod log;
mod notes;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use hyper_util::service::TowerToHyperService;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use rapport_gateway::config::{GatewayConfig, ProviderConfig};
use rapport_gateway::{Gateway, GatewayError, GatewayParts, GatewayService};
use rapport_platform::identity::{IdentityLayer, InternalSigner, InternalVerifier};
use rapport_platform::key::SecretKey;
use rapport_platform::paging::PageTokens;
use rapport_platform::server::{
    Admission, ConnectionLimits, Drain, DrainConfig, ServiceLink, serve, standard_layers,
};
use rapport_platform::time::{Clock, Timestamp};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tonic::service::Routes;

pub use caller::{Caller, Raw, framed, reason};
pub use customers::{CUSTOMER, Customers, PERMIT};
pub use log::{keep_log, log};
pub use notes::{Note, Notes};

use crate::testing::compile;

/// Tests wait no longer than this for what must happen.
pub const SOON: Duration = Duration::from_secs(10);

const PROTO: &str = r#"
message Note {
  string customer = 1;
  rapport.type.v1.Channel channel = 2;
  rapport.type.v1.Purpose purpose = 3;
  bytes text = 4;
  // Not who the caller is.
  string tenant = 5;
  int32 number = 6 [(buf.validate.field).int32.gte = 0];
}
service Notes {
  rpc Echo(Note) returns (Note) { option (rapport.options.v1.rule) =
    {permission: "test.notes.echo" exempt: "ours" module: "test" retry: RETRY_SAFE}; }
  rpc Hidden(Note) returns (Note) { option (rapport.options.v1.rule) =
    {permission: "test.notes.hide" exempt: "ours" module: "test" retry: RETRY_SAFE}; }
  rpc Send(Note) returns (Note) { option (rapport.options.v1.rule) =
    {permission: "test.notes.send" module: "test" retry: RETRY_NEVER
     outreach: {customer_field: "customer" channel_field: "channel" purpose_field: "purpose"}}; }
  rpc Wait(Note) returns (Note) { option (rapport.options.v1.rule) =
    {permission: "test.notes.echo" exempt: "ours" module: "test" retry: RETRY_SAFE}; }
  rpc Count(Note) returns (stream Note) { option (rapport.options.v1.rule) =
    {permission: "test.notes.echo" exempt: "ours" module: "test" retry: RETRY_SAFE}; }
  rpc Sum(stream Note) returns (Note) { option (rapport.options.v1.rule) =
    {permission: "test.notes.echo" exempt: "ours" module: "test" retry: RETRY_SAFE}; }
  rpc Chat(stream Note) returns (stream Note) { option (rapport.options.v1.rule) =
    {permission: "test.notes.echo" exempt: "ours" module: "test" retry: RETRY_SAFE}; }
  rpc Lose(Note) returns (stream Note) { option (rapport.options.v1.rule) =
    {permission: "test.notes.echo" exempt: "ours" module: "test" retry: RETRY_SAFE}; }
}
"#;

/// A tenant that is not the embedded one.
pub const TENANT: &str = "0199a3c8-0000-7000-8000-000000000042";

/// A gateway that was built, and what it needs to live.
pub struct Running {
    pub address: SocketAddr,
    pub notes: Notes,
    pub customers: Customers,
    /// What its listener hands calls to.
    pub service: GatewayService,
    folder: TempDir,
    drain: Drain,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.drain.begin();
    }
}

/// Settings of a gateway for tests; the protos above unless told otherwise.
pub struct Setting {
    pub config: GatewayConfig,
    pub proto: String,
    pub max_calls: u32,
    pub links: HashMap<&'static str, ServiceLink>,
    folder: TempDir,
    key: SecretKey,
}

impl Setting {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = GatewayConfig::default();
        config.listen.set_port(0);
        config.local_token.file = folder.path().join("local.token");
        config
            .roles
            .insert("reader".to_owned(), vec!["test.notes.echo".to_owned()]);
        let jwks = json!({"keys": [public_key()]});
        std::fs::write(folder.path().join("jwks.json"), jwks.to_string()).unwrap();
        config.provider = Some(ProviderConfig {
            jwks_file: folder.path().join("jwks.json"),
            issuer: "https://id.example".to_owned(),
            audience: "rapport".to_owned(),
            leeway: Duration::ZERO,
            reload: Duration::from_secs(5),
        });
        Self {
            config,
            proto: PROTO.to_owned(),
            max_calls: 1_000,
            links: HashMap::new(),
            folder,
            key: SecretKey::generate(),
        }
    }

    /// Puts routes behind the gateway, with the layers that services have.
    pub fn link(&mut self, name: &'static str, routes: Routes) {
        let verifier = InternalVerifier::new(&self.key);
        let identity = IdentityLayer::new(verifier, Clock::system());
        let routes = standard_layers(routes, self.config.limits.deadlines(), identity);
        self.links.insert(name, routes.into());
    }

    pub fn build(&self) -> Result<Gateway, GatewayError> {
        let parts = GatewayParts {
            pool: &compile(&self.proto),
            links: self.links.clone(),
            signer: InternalSigner::new(&self.key),
            page_tokens: PageTokens::new(&SecretKey::generate()),
            admission: Admission::new(self.max_calls),
            clock: Clock::system(),
        };
        Gateway::build(&self.config, parts)
    }

    pub async fn start(mut self) -> Running {
        let (notes, customers) = (Notes::default(), Customers::default());
        self.link("test.v1", Routes::new(notes.clone()));
        self.link("rapport.customer.v1", Routes::new(customers.service()));
        let (reporter, health) = tonic_health::server::health_reporter();
        reporter
            .set_service_status("", tonic_health::ServingStatus::Serving)
            .await;
        self.links
            .entry("grpc")
            .or_insert_with(|| Routes::new(health).into());

        let gateway = self.build().unwrap();
        let listener = TcpListener::bind(gateway.listen_address()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let drain = Drain::new(DrainConfig::default());
        let service = TowerToHyperService::new(gateway.service());
        let limits = ConnectionLimits::default();
        let ending = drain.clone();
        tokio::spawn(async move { serve(listener, service, &limits, ending).await });
        Running {
            address,
            notes,
            customers,
            service: gateway.service(),
            folder: self.folder,
            drain,
        }
    }
}

impl Running {
    pub async fn start() -> Self {
        Setting::new().start().await
    }

    pub fn local_token(&self) -> String {
        let file = self.folder.path().join("local.token");
        std::fs::read_to_string(file).unwrap().trim().to_owned()
    }

    /// Somebody with the local token: he may do everything.
    pub async fn administrator(&self) -> Caller {
        self.caller(Some(&self.local_token())).await
    }

    /// Somebody with a token of the identity provider.
    pub async fn somebody(&self, roles: &[&str], lives: i64) -> Caller {
        self.caller(Some(&provider_token(roles, lives))).await
    }

    pub async fn caller(&self, token: Option<&str>) -> Caller {
        Caller::connect(self.address, token).await
    }

    /// Somebody with the local token who writes his frames by hand.
    pub async fn raw(&self) -> Raw {
        Raw::connect(self.address, &self.local_token()).await
    }
}

fn private_key() -> EncodingKey {
    // PKCS #8 (RFC 8410) around a seed.
    let mut der = vec![
        0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
    ];
    der.extend([42; 32]);
    EncodingKey::from_ed_der(&der)
}

fn public_key() -> Value {
    let key = Jwk::from_encoding_key(&private_key(), Algorithm::EdDSA).unwrap();
    serde_json::to_value(key).unwrap()
}

/// A token of `TENANT`'s employee 7 that lives so many seconds.
pub fn provider_token(roles: &[&str], lives: i64) -> String {
    let now = Clock::system().now().since(Timestamp::EPOCH).as_secs() as i64;
    let claims = json!({
        "iss": "https://id.example", "aud": "rapport", "sub": "employees/7",
        "tenant": TENANT, "roles": roles, "exp": now + lives,
    });
    encode(&Header::new(Algorithm::EdDSA), &claims, &private_key()).unwrap()
}
