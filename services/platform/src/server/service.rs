//! What a service crate hands to the binary.

use std::fmt;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use super::link::ServiceLink;
use super::readiness::ReadinessCheck;

/// A built service: ready to be called, in this process or by others.
#[derive(Debug)]
pub struct Service {
    /// Its name in logs and readiness, such as `customer`.
    pub name: &'static str,
    /// Its RPCs, with [`standard_layers`](super::standard_layers) on them.
    pub routes: Routes,
    /// What it does when nobody calls.
    pub workers: Vec<Worker>,
    /// Full names of its proto services, for health reports.
    pub proto_services: Vec<&'static str>,
    /// What must hold for it to take calls.
    pub readiness: Vec<ReadinessCheck>,
}

impl Service {
    /// A link to this service for callers in the same process.
    pub fn link(&self) -> ServiceLink {
        self.routes.clone().into()
    }
}

/// Work that goes on beside the calls, such as relaying events.
#[derive(Clone)]
pub struct Worker {
    name: Arc<str>,
    run: Arc<dyn Fn(CancellationToken) -> BoxFuture<'static, ()> + Send + Sync>,
}

impl Worker {
    /// Work that `run` does until its token is cancelled. It is called again when the work
    /// panics or returns early.
    pub fn new<F, Fut>(name: impl Into<Arc<str>>, run: F) -> Self
    where
        F: Fn(CancellationToken) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self {
            name: name.into(),
            run: Arc::new(move |stop| Box::pin(run(stop))),
        }
    }

    /// Its name in logs.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Begins the work.
    pub fn run(&self, stop: CancellationToken) -> BoxFuture<'static, ()> {
        (self.run)(stop)
    }
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Worker").field(&self.name).finish()
    }
}
