//! Whole servers on real sockets.

mod connections;
mod health_and_ops;
mod links;
mod rpcs;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tonic::body::Body;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic::{Code, Status};
use tower::ServiceExt as _;

use super::*;

const SOON: Duration = Duration::from_secs(5);
const CALL: &str = "/test.Work/Do";

type Handler = Arc<dyn Fn(Request<Body>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;

/// A gRPC service that does what the test says.
#[derive(Clone)]
struct Work(Handler);

impl NamedService for Work {
    const NAME: &'static str = "test.Work";
}

impl tower::Service<Request<Body>> for Work {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let answer = (self.0)(request);
        Box::pin(async move { Ok(answer.await) })
    }
}

/// Routes to a service that answers every call with `handler`.
fn work<F, Fut>(handler: F) -> Routes
where
    F: Fn(Request<Body>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Response<Body>> + Send + 'static,
{
    Routes::new(Work(Arc::new(move |request| Box::pin(handler(request)))))
}

fn ok() -> Response<Body> {
    Status::ok("").into_http()
}

/// A server, its drain and the way to it.
struct Running {
    address: SocketAddr,
    drain: Drain,
    serving: JoinHandle<()>,
}

impl Running {
    async fn start(routes: Routes) -> Self {
        Self::start_with(routes, ConnectionLimits::default(), DrainConfig::default()).await
    }

    async fn start_with(routes: Routes, limits: ConnectionLimits, drain: DrainConfig) -> Self {
        Self::launch(routes, &Admission::new(1024), limits, drain).await
    }

    /// One that works on at most this many calls at once.
    async fn start_admitting(routes: Routes, max_calls: u32) -> Self {
        let (limits, drain) = Default::default();
        Self::launch(routes, &Admission::new(max_calls), limits, drain).await
    }

    async fn launch(
        routes: Routes,
        admission: &Admission,
        limits: ConnectionLimits,
        drain: DrainConfig,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let drain = Drain::new(drain);
        let service = front_end(routes, admission);
        let ends = drain.clone();
        let serving = tokio::spawn(async move { serve(listener, service, &limits, ends).await });
        Self {
            address,
            drain,
            serving,
        }
    }

    /// A link with a connection of its own.
    fn link(&self) -> ServiceLink {
        ServiceLink::remote(&RemoteConfig::new(format!("http://{}", self.address))).unwrap()
    }

    async fn ended(self) {
        timeout(SOON, self.serving).await.unwrap().unwrap();
    }
}

fn request(path: &str) -> Request<Body> {
    let request =
        Request::post(format!("http://test{path}")).header("content-type", "application/grpc");
    request.body(Body::empty()).unwrap()
}

/// Calls and returns the status, from the headers or the trailers.
async fn call(link: &ServiceLink, request: Request<Body>) -> Result<Code, String> {
    let answer = link
        .clone()
        .oneshot(request)
        .await
        .map_err(|error| error.to_string())?;
    if let Some(status) = Status::from_header_map(answer.headers()) {
        return Ok(status.code());
    }
    let collected = answer
        .into_body()
        .collect()
        .await
        .map_err(|error| error.to_string())?;
    let trailers = collected.trailers().ok_or("no trailers")?;
    Ok(Status::from_header_map(trailers).unwrap().code())
}
