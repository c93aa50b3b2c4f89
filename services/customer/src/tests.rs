//! The service as the binary gets it.

use std::error::Error as _;
use std::time::Duration;

use rapport_platform::config::Secret;
use rapport_platform::error::PlatformError;
use rapport_platform::identity::{
    Actor, IDENTITY_HEADER, InternalSigner, InternalVerifier, TenantId,
};
use rapport_platform::key::SecretKey;
use rapport_platform::on_each_engine;
use rapport_platform::outbox::LocalBus;
use rapport_platform::server::{DeadlineConfig, Drain, DrainConfig, Service, Supervisor};
use rapport_platform::testing::Storage;
use rapport_platform::time::Clock;
use rapport_proto::rapport::customer::v1 as proto;
use rapport_proto::rapport::customer::v1::customer_service_client::CustomerServiceClient;
use rapport_proto::rapport::customer::v1::lifecycle_service_client::LifecycleServiceClient;
use tonic::{Code, Request};

use crate::testing::reason;
use crate::{Config, Surroundings, build, open};

fn config(storage: &Storage) -> Config {
    Config {
        address_key: a_key(),
        link_key: a_key(),
        database: storage.config().clone(),
        ..Config::default()
    }
}

fn a_key() -> Secret<String> {
    Secret::new(SecretKey::generate().to_base64())
}

/// The service with these settings, whose callers the key vouches for.
async fn built(config: &Config, key: &SecretKey) -> Result<Service, PlatformError> {
    let clock = Clock::system();
    let surroundings = Surroundings {
        db: open(config).await?,
        verifier: InternalVerifier::new(key),
        bus: LocalBus::new(clock.clone()),
        clock,
        public_url: None,
        deadlines: DeadlineConfig::default(),
    };
    build(config, surroundings).await
}

/// A call of Ada's, as the gateway passes it on.
fn signed<T>(key: &SecretKey, message: T) -> Request<T> {
    let actor = Actor::parse("employees/ada").unwrap();
    let signer = InternalSigner::new(key);
    let identity = signer
        .sign(TenantId::EMBEDDED, &actor, Clock::system().now())
        .unwrap();
    let mut request = Request::new(message);
    request
        .metadata_mut()
        .insert(IDENTITY_HEADER, identity.to_str().unwrap().parse().unwrap());
    request
}

fn ada() -> proto::CreateCustomerRequest {
    let ada = proto::Person {
        full_name: "Ada Lovelace".to_owned(),
        ..Default::default()
    };
    proto::CreateCustomerRequest {
        customer: Some(proto::Customer {
            profile: Some(proto::customer::Profile::Person(ada)),
            ..Default::default()
        }),
        ..Default::default()
    }
}

async fn stage(service: &Service, key: &SecretKey, name: &str) -> proto::LifecycleStage {
    let request = proto::GetCustomerRequest {
        name: name.to_owned(),
    };
    let answer = CustomerServiceClient::new(service.link())
        .get_customer(signed(key, request))
        .await;
    answer.unwrap().into_inner().lifecycle_stage()
}

on_each_engine! {
    async fn it_answers_those_whom_the_gateway_vouches_for(db: Database, storage: &Storage) {
        drop(db);
        let key = SecretKey::generate();
        let service = built(&config(storage), &key).await.unwrap();
        for check in &service.readiness {
            assert!(check.holds().await, "{}", check.name());
        }
        let mut customers = CustomerServiceClient::new(service.link());
        let created = customers
            .create_customer(signed(&key, ada()))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(created.display_name, "Ada Lovelace");

        let nobody = customers.create_customer(ada()).await.unwrap_err();
        assert_eq!(
            (nobody.code(), reason(&nobody).as_str()),
            (Code::Unauthenticated, "TOKEN_MISSING")
        );
        let forged = customers
            .create_customer(signed(&SecretKey::generate(), ada()))
            .await
            .unwrap_err();
        assert_eq!(reason(&forged), "TOKEN_INVALID");
    }

    async fn what_is_announced_is_acted_on_by_its_workers(db: Database, storage: &Storage) {
        drop(db);
        let key = SecretKey::generate();
        let service = built(&config(storage), &key).await.unwrap();
        let drain = Drain::new(DrainConfig::default());
        let supervisor = Supervisor::new(drain.clone());
        for worker in service.workers.clone() {
            supervisor.start(worker);
        }
        let ada = CustomerServiceClient::new(service.link())
            .create_customer(signed(&key, ada()))
            .await
            .unwrap()
            .into_inner();
        let inquiry = proto::RecordBehaviourRequest {
            parent: ada.name.clone(),
            behaviour_event: Some(proto::BehaviourEvent {
                kind: proto::BehaviourKind::Inquiry.into(),
                ..Default::default()
            }),
            ..Default::default()
        };
        LifecycleServiceClient::new(service.link())
            .record_behaviour(signed(&key, inquiry))
            .await
            .unwrap();

        let moved = async {
            while stage(&service, &key, &ada.name).await != proto::LifecycleStage::Acquisition {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), moved)
            .await
            .unwrap();
        drain.begin();
        supervisor.stopped().await;
    }

    async fn settings_that_cannot_be_used_are_named(db: Database, storage: &Storage) {
        drop(db);
        let nowhere = Config {
            default_region: "Atlantis".to_owned(),
            ..config(storage)
        };
        let keyless = Config {
            page_token_key: Secret::new("short".to_owned()),
            ..config(storage)
        };
        let unaddressed = Config {
            address_key: Secret::new("short".to_owned()),
            ..config(storage)
        };
        let unlinked = Config {
            link_key: Secret::new("short".to_owned()),
            ..config(storage)
        };
        for (config, setting) in [
            (nowhere, "customer.default_region"),
            (keyless, "customer.page_token_key"),
            (unaddressed, "customer.address_key"),
            (unlinked, "customer.link_key"),
        ] {
            // Before the tables are touched.
            let refused = open(&config).await.err().unwrap();
            assert!(refused.to_string().contains(setting), "{refused}");
        }
    }

    async fn another_key_of_addresses_is_refused(db: Database, storage: &Storage) {
        drop(db);
        let first = config(storage);
        open(&first).await.unwrap();
        open(&first).await.unwrap();
        let refused = open(&config(storage)).await.err().unwrap();
        assert!(refused.to_string().contains("customer.address_key"), "{refused}");
        let why = refused.source().unwrap().to_string();
        assert!(why.contains("set the key that was there before"), "{why}");
    }

    async fn keys_that_nobody_set_are_kept_beside_a_file_and_asked_for_otherwise(
        db: Database,
        storage: &Storage
    ) {
        drop(db);
        let keyless = Config {
            address_key: Secret::default(),
            link_key: Secret::default(),
            ..config(storage)
        };
        let first = built(&keyless, &SecretKey::generate()).await;
        let Some(file) = keyless.database.file().unwrap() else {
            let refused = first.unwrap_err();
            let why = refused.source().unwrap().to_string();
            assert!(refused.to_string().contains("customer.address_key"), "{refused}");
            assert!(why.contains("openssl rand -base64 32"), "{why}");
            return;
        };
        first.unwrap();
        let read = |extension| std::fs::read_to_string(file.with_extension(extension)).unwrap();
        let keys = [read("address.key"), read("link.key")];
        assert_ne!(keys[0], keys[1]);
        built(&keyless, &SecretKey::generate()).await.unwrap();
        assert_eq!([read("address.key"), read("link.key")], keys);
    }
}
