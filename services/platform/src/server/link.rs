//! How one part of the suite calls another, in the same process or over the network.

use std::convert::Infallible;
use std::fmt;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::{Request, Response};
use serde::{Deserialize, Serialize};
use tonic::body::Body;
use tonic::codegen::StdError;
use tonic::service::Routes;
use tonic::transport::{Channel, Endpoint};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt};

use super::deadline::Deadline;
use crate::telemetry::inject;

/// A service that can be called, wherever it runs; generated clients take one. Clones
/// share the connection.
///
/// Calls carry the trace and what is left of the deadline of the call being answered.
#[derive(Clone)]
pub struct ServiceLink(BoxCloneSyncService<Request<Body>, Response<Body>, StdError>);

impl fmt::Debug for ServiceLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceLink")
    }
}

/// A service in the same process, called without a socket.
impl From<Routes> for ServiceLink {
    fn from(routes: Routes) -> Self {
        let impossible = |never: Infallible| -> StdError { match never {} };
        let routes = ServiceExt::<Request<Body>>::map_err(routes.prepare(), impossible);
        Self(BoxCloneSyncService::new(routes))
    }
}

/// A service behind a connection.
impl From<Channel> for ServiceLink {
    fn from(channel: Channel) -> Self {
        Self(BoxCloneSyncService::new(channel.map_err(StdError::from)))
    }
}

/// Where a service runs that is not in this process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteConfig {
    /// Such as `http://rapport-customer:50051`.
    pub url: String,
    /// Time for a connection to open.
    #[serde(with = "crate::config::duration")]
    pub connect_timeout: Duration,
    /// Idle time after which the peer is asked whether it is still there.
    #[serde(with = "crate::config::duration")]
    pub keep_alive_interval: Duration,
    /// Time it has to answer before the connection is opened anew.
    #[serde(with = "crate::config::duration")]
    pub keep_alive_timeout: Duration,
}

impl RemoteConfig {
    /// The service at `url`, with the default times.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            connect_timeout: Duration::from_secs(5),
            keep_alive_interval: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(10),
        }
    }
}

/// The URL of a remote service cannot be called.
#[derive(Debug, thiserror::Error)]
#[error("`{url}` is not the URL of a service, such as http://rapport-customer:50051")]
pub struct InvalidUrl {
    url: String,
    source: tonic::transport::Error,
}

impl ServiceLink {
    /// A link to a service elsewhere. Connects with the first call, and again whenever the
    /// connection is lost. Must run inside the Tokio runtime.
    ///
    /// # Errors
    /// When the URL is not one.
    pub fn remote(config: &RemoteConfig) -> Result<Self, InvalidUrl> {
        let endpoint = Endpoint::from_shared(config.url.clone()).map_err(|source| InvalidUrl {
            url: config.url.clone(),
            source,
        })?;
        let channel = endpoint
            .tcp_nodelay(true)
            .connect_timeout(config.connect_timeout)
            .http2_keep_alive_interval(config.keep_alive_interval)
            .keep_alive_timeout(config.keep_alive_timeout)
            .keep_alive_while_idle(true)
            .connect_lazy();
        Ok(channel.into())
    }
}

impl Service<Request<Body>> for ServiceLink {
    type Response = Response<Body>;
    type Error = StdError;
    type Future = BoxFuture<'static, Result<Response<Body>, StdError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StdError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        inject(request.headers_mut());
        if let Some(deadline) = Deadline::current() {
            deadline.shrink(request.headers_mut());
        }
        self.0.call(request)
    }
}

/// A generated client over a link, with the suite's limits on message sizes:
/// `grpc_client!(CustomerServiceClient, link)`.
#[macro_export]
macro_rules! grpc_client {
    ($client:ident, $link:expr) => {
        $client::<$crate::server::ServiceLink>::new($link)
            .max_encoding_message_size($crate::server::MAX_REQUEST_BYTES)
            .max_decoding_message_size($crate::server::MAX_RESPONSE_BYTES)
    };
}
