//! gRPC reflection: `grpcurl` and friends need no proto files.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use futures::future::BoxFuture;
use http::{Request, Response};
use rapport_proto::FILE_DESCRIPTOR_SET;
use tonic::body::Body;
use tonic::codec::CompressionEncoding;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_reflection::server::{Builder, Error, v1, v1alpha};
use tower::{Service, ServiceExt as _};

use crate::problem::Problem;
use crate::telemetry::call_id;

/// `routes` with reflection (v1, and v1alpha for older tools) of every service in the
/// protos beside them.
pub fn add_reflection(routes: Routes) -> Routes {
    routes
        .add_service(OnDemand::new(build_v1))
        .add_service(OnDemand::new(build_v1alpha))
}

fn descriptors<'a>() -> Builder<'a> {
    Builder::configure()
        .register_encoded_file_descriptor_set(FILE_DESCRIPTOR_SET)
        .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
}

fn build_v1() -> Result<v1::ServerReflectionServer<impl v1::ServerReflection>, Error> {
    let server = descriptors().build_v1()?;
    Ok(server.accept_compressed(CompressionEncoding::Gzip))
}

fn build_v1alpha() -> Result<v1alpha::ServerReflectionServer<impl v1alpha::ServerReflection>, Error>
{
    let server = descriptors().build_v1alpha()?;
    Ok(server.accept_compressed(CompressionEncoding::Gzip))
}

/// A service that is built by its first call: the index of all descriptors takes megabytes
/// and most processes never answer from it.
struct OnDemand<S> {
    build: fn() -> Result<S, Error>,
    built: Arc<OnceLock<Result<S, Error>>>,
}

impl<S> OnDemand<S> {
    fn new(build: fn() -> Result<S, Error>) -> Self {
        let built = Arc::default();
        Self { build, built }
    }
}

impl<S> Clone for OnDemand<S> {
    fn clone(&self) -> Self {
        Self {
            build: self.build,
            built: Arc::clone(&self.built),
        }
    }
}

impl<S: NamedService> NamedService for OnDemand<S> {
    const NAME: &'static str = S::NAME;
}

impl<S> Service<Request<Body>> for OnDemand<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>,
    S: Clone + Send + 'static,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.built.get_or_init(self.build) {
            Ok(service) => Box::pin(service.clone().oneshot(request)),
            Err(error) => {
                tracing::error!(?error, "the embedded descriptors cannot be served");
                let status = Problem::internal().into_status(call_id(request.headers()));
                Box::pin(async move { Ok(status.into_http()) })
            }
        }
    }
}
