//! The service as the binary gets it.

use rapport_platform::identity::{InternalSigner, InternalVerifier};
use rapport_platform::key::SecretKey;
use rapport_platform::on_each_engine;
use rapport_platform::outbox::LocalBus;
use rapport_platform::server::{DeadlineConfig, ServiceLink};
use rapport_platform::time::Clock;
use rapport_proto::rapport::sales::v1 as proto;
use rapport_proto::rapport::sales::v1::seller_service_client::SellerServiceClient;

use crate::testing::reason;
use crate::{Config, Surroundings, build, open};

on_each_engine! {
    async fn it_is_ready_and_answers_nobody_without_the_gateways_signature(db: Database, storage: &Storage) {
        drop(db);
        let (key, clock) = (SecretKey::generate(), Clock::system());
        let config = Config {
            database: storage.config().clone(),
            ..Config::default()
        };
        let surroundings = Surroundings {
            db: open(&config).await.unwrap(),
            verifier: InternalVerifier::new(&key),
            signer: InternalSigner::new(&key),
            customers: ServiceLink::from(tonic::service::Routes::default()),
            bus: LocalBus::new(clock.clone()),
            clock,
            public_url: None,
            deadlines: DeadlineConfig::default(),
        };
        let service = build(&config, surroundings).await.unwrap();
        for check in &service.readiness {
            assert!(check.holds().await, "{}", check.name());
        }
        let list = proto::ListSellersRequest::default();
        let refused = SellerServiceClient::new(service.link()).list_sellers(list).await;
        assert_eq!(reason(&refused.unwrap_err()), "TOKEN_MISSING");
    }
}
