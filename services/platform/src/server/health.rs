//! `grpc.health.v1`: whether each service can be called now.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::sleep;
use tonic::codec::CompressionEncoding;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};

use super::drain::Drain;
use super::readiness::{ReadinessCheck, failing};
use super::service::Service;

/// Time between two looks at the readiness checks.
const INTERVAL: Duration = Duration::from_secs(5);

/// The whole process, in the protocol's words.
const PROCESS: &str = "";

/// Reports each proto service by the readiness checks of the service it belongs to, and the
/// process as serving while all of them are.
#[derive(Clone, Debug)]
pub struct Health {
    reporter: HealthReporter,
}

/// The proto services that stand or fall together.
struct Group {
    proto_services: Vec<&'static str>,
    checks: Vec<ReadinessCheck>,
}

impl Health {
    /// Looks at the checks once, then again every few seconds until the drain begins: then
    /// nothing is serving, and those who watch are told so and let go. The proto services in
    /// `own` are the process' own and need nothing but it.
    pub async fn start<'a>(
        services: impl IntoIterator<Item = &'a Service>,
        own: &[&'static str],
        drain: Drain,
    ) -> Self {
        let group = |service: &Service| Group {
            proto_services: service.proto_services.clone(),
            checks: service.readiness.clone(),
        };
        let mut groups: Vec<Group> = services.into_iter().map(group).collect();
        groups.push(Group {
            proto_services: own.to_vec(),
            checks: Vec::new(),
        });
        let health = Self {
            reporter: HealthReporter::new(),
        };
        let mut board = Board {
            reporter: health.reporter.clone(),
            shown: HashMap::new(),
        };
        board.look(&groups).await;
        tokio::spawn(board.follow(groups, drain));
        health
    }

    /// `routes` with the health service beside them.
    pub fn add_to(&self, routes: Routes) -> Routes {
        let service = HealthService::from_health_reporter(self.reporter.clone());
        routes.add_service(HealthServer::new(service).accept_compressed(CompressionEncoding::Gzip))
    }
}

/// What is reported; watchers hear of changes only.
struct Board {
    reporter: HealthReporter,
    shown: HashMap<&'static str, ServingStatus>,
}

impl Board {
    async fn follow(mut self, groups: Vec<Group>, drain: Drain) {
        loop {
            tokio::select! {
                () = drain.begun() => break,
                () = sleep(INTERVAL) => {}
            }
            tokio::select! {
                () = drain.begun() => break,
                () = self.look(&groups) => {}
            }
        }
        let names: Vec<&'static str> = self.shown.keys().copied().collect();
        for name in &names {
            self.show(name, ServingStatus::NotServing).await;
        }
        drain.closing().await;
        for name in names {
            self.release(name).await;
        }
    }

    async fn look(&mut self, groups: &[Group]) {
        let mut all_ready = true;
        for group in groups {
            let ready = failing(&group.checks).await.is_empty();
            all_ready &= ready;
            for name in &group.proto_services {
                self.show(name, status(ready)).await;
            }
        }
        self.show(PROCESS, status(all_ready)).await;
    }

    async fn show(&mut self, name: &'static str, status: ServingStatus) {
        if self.shown.insert(name, status) != Some(status) {
            self.reporter.set_service_status(name, status).await;
        }
    }

    /// Ends the streams of those who watch `name`, which would keep their connections open
    /// for the whole drain; those who ask still get an answer.
    async fn release(&mut self, name: &'static str) {
        self.reporter.clear_service_status(name).await;
        self.reporter
            .set_service_status(name, ServingStatus::NotServing)
            .await;
    }
}

fn status(ready: bool) -> ServingStatus {
    if ready {
        ServingStatus::Serving
    } else {
        ServingStatus::NotServing
    }
}
