//! What asking the customer costs an RPC that reaches out: `SendMessage` with and without its rule.
//!
//! The gateway and the customer service run in this process on PostgreSQL, once with the protos as
//! they are and once with protos in which `SendMessage` is exempt: then the gateway reserves no
//! contact and settles none. The service decides by itself whether a message may be queued in
//! either case, from what was reserved or from everything that has a say.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement that can't go on has to stop"
)]

use std::collections::HashMap;

use hyper_util::service::TowerToHyperService;
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, Value};
use rapport::client::Connection;
use rapport_gateway::config::LocalTokenConfig;
use rapport_gateway::{Gateway, GatewayConfig, GatewayParts};
use rapport_platform::config::Secret;
use rapport_platform::db::DatabaseConfig;
use rapport_platform::identity::{InternalSigner, InternalVerifier};
use rapport_platform::key::SecretKey;
use rapport_platform::outbox::LocalBus;
use rapport_platform::paging::PageTokens;
use rapport_platform::server::{
    Admission, DeadlineConfig, Drain, ServerConfig, Service, Supervisor, serve,
};
use rapport_platform::telemetry::{self, TelemetryConfig};
use rapport_platform::testing::Storage;
use rapport_platform::time::Clock;
use rapport_proto::rapport::customer::v1::SendMessageRequest;
use rapport_proto::rapport::customer::v1::interaction_service_client::InteractionServiceClient;
use rapport_proto::rapport::r#type::v1::{Channel, Purpose};
use rapport_tests::population::Population;
use rapport_tests::rates::{Callers, compare};
use tempfile::TempDir;
use tokio::net::TcpListener;

const CUSTOMERS: u32 = 10_000;
const CALLERS: usize = 8;
const RULE: &str = "rapport.options.v1.rule";

#[tokio::main]
async fn main() {
    let _telemetry = telemetry::init(&TelemetryConfig::default()).unwrap();
    let asked = Sender::start(rapport_proto::descriptor_pool()).await;
    let exempt = Sender::start(&exempted()).await;
    let compared = compare(async || asked.rate().await, async || exempt.rate().await).await;
    let (asked, exempt, ratio) = (compared.first, compared.second, compared.ratio);
    println!("SendMessage, exempt at the gateway  {exempt:>8.0} /s");
    println!("SendMessage, as an outreach         {asked:>8.0} /s");
    println!("ratio                               {ratio:>8.2}");
}

/// A suite, and who sends messages through it.
struct Sender {
    callers: Callers,
    population: Population,
    drain: Drain,
    _token: TempDir,
    /// Removes the database when it is dropped.
    _storage: Storage,
}

impl Sender {
    /// By the rules in these protos.
    async fn start(protos: &DescriptorPool) -> Self {
        let (_, storage) = rapport_platform::testing::postgres().await;
        let url = storage.config().url.expose();
        let folder = tempfile::tempdir().unwrap();
        let drain = Drain::new(ServerConfig::default().drain);
        let connection = start(protos, url, &folder, &drain).await;
        let population = Population::load(url, CUSTOMERS);
        population
            .become_known(&connection.open().await.unwrap())
            .await;
        Self {
            callers: Callers::open(&connection, CALLERS).await,
            population,
            drain,
            _token: folder,
            _storage: storage,
        }
    }

    /// Messages in a second.
    async fn rate(&self) -> f64 {
        let population = self.population;
        let send = move |caller| async move {
            let request = SendMessageRequest {
                customer: population.anyone(),
                channel: Channel::Email.into(),
                purpose: Purpose::Service.into(),
                subject: "Your repair".to_owned(),
                body: "It is ready: come by whenever you like.".to_owned(),
                request_id: uuid::Uuid::now_v7().to_string(),
                ..SendMessageRequest::default()
            };
            let mut interactions = InteractionServiceClient::new(caller);
            interactions.send_message(request).await.unwrap();
        };
        self.callers.rate(send).await
    }
}

impl Drop for Sender {
    fn drop(&mut self) {
        self.drain.begin();
    }
}

/// The customer service behind a gateway, as `rapport serve` puts them together.
async fn start(protos: &DescriptorPool, url: &str, folder: &TempDir, drain: &Drain) -> Connection {
    let (key, clock) = (SecretKey::generate(), Clock::system());
    let service = customer(url, &key, &clock).await;
    let token_file = folder.path().join("local.token");
    let config = GatewayConfig {
        local_token: LocalTokenConfig {
            enabled: true,
            file: token_file.clone(),
        },
        ..GatewayConfig::default()
    };
    let server = ServerConfig::default();
    let parts = GatewayParts {
        pool: protos,
        // Nobody here calls sales; a gateway does not start without it.
        links: HashMap::from([
            ("rapport.customer.v1", service.link()),
            ("rapport.sales.v1", service.link()),
        ]),
        signer: InternalSigner::new(&key),
        page_tokens: PageTokens::new(&SecretKey::generate()),
        admission: Admission::new(server.max_calls),
        clock,
    };
    let gateway = Gateway::build(&config, parts).unwrap();
    let supervisor = Supervisor::new(drain.clone());
    for worker in service.workers {
        supervisor.start(worker);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (front, drain) = (TowerToHyperService::new(gateway.service()), drain.clone());
    tokio::spawn(async move { serve(listener, front, &server.connections, drain).await });
    Connection {
        address,
        token_file,
    }
}

async fn customer(url: &str, key: &SecretKey, clock: &Clock) -> Service {
    let secret = || Secret::new(SecretKey::generate().to_base64());
    let config = rapport_customer::Config {
        database: DatabaseConfig::at(url),
        address_key: secret(),
        link_key: secret(),
        ..rapport_customer::Config::default()
    };
    let surroundings = rapport_customer::Surroundings {
        db: rapport_customer::open(&config).await.unwrap(),
        verifier: InternalVerifier::new(key),
        clock: clock.clone(),
        bus: LocalBus::new(clock.clone()),
        public_url: None,
        deadlines: DeadlineConfig::default(),
    };
    rapport_customer::build(&config, surroundings)
        .await
        .unwrap()
}

/// The protos, with `SendMessage` exempt.
fn exempted() -> DescriptorPool {
    let pool = rapport_proto::descriptor_pool();
    let files = pool.get_message_by_name("google.protobuf.FileDescriptorSet");
    let mut files =
        DynamicMessage::decode(files.unwrap(), rapport_proto::FILE_DESCRIPTOR_SET).unwrap();
    let rule = pool.get_extension_by_name(RULE).unwrap();
    let methods = each(&mut files, "file")
        .flat_map(|file| each(file, "service"))
        .flat_map(|service| each(service, "method"));
    for method in methods.filter(|method| is_called(method, "SendMessage")) {
        let options = method.get_field_by_name_mut("options").unwrap();
        let options = options.as_message_mut().unwrap();
        let rule = options.get_extension_mut(&rule).as_message_mut().unwrap();
        // Of the three that say whom a call reaches, only the last one set counts.
        let why = Value::String("measured without".to_owned());
        rule.set_field_by_name("exempt", why);
    }
    DescriptorPool::decode(files.encode_to_vec().as_slice()).unwrap()
}

fn each<'a>(
    message: &'a mut DynamicMessage,
    field: &str,
) -> impl Iterator<Item = &'a mut DynamicMessage> + use<'a> {
    let list = message.get_field_by_name_mut(field).unwrap();
    let list = list.as_list_mut().unwrap().iter_mut();
    list.map(|value| value.as_message_mut().unwrap())
}

fn is_called(method: &DynamicMessage, name: &str) -> bool {
    let found = method.get_field_by_name("name").unwrap();
    found.as_str() == Some(name)
}
